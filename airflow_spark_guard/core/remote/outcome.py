"""How a watch ended, as the triggerer sends it to the worker, which checks it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

from airflow_spark_guard.core.codec import Stored
from airflow_spark_guard.core.errors import ApplicationError, SparkGuardError
from airflow_spark_guard.core.failure.exceptions import error_of_finding
from airflow_spark_guard.core.remote.lifecycle import EndedWell
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.watch.finding import Finding

if TYPE_CHECKING:
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.remote.remote_watch import Memory


@dataclass(frozen=True)
class Outcome(Stored):
    """The end of a watch.

    Attributes:
        kind: ``ended`` (success), ``finding``, ``refused`` (cannot be watched), ``timeout`` (the sensor's).
        application_id: empty if no application was found.
        restarts: how many executors were lost, as far as they were counted.
        witness: if kind is ``ended``: one sentence on what confirms it.
        finding: if kind is ``finding``.
        refusal: if kind is ``refused``: what, got, expected, advice.
        target: the application, and the servers that were asked.
    """

    kind: Literal["ended", "finding", "refused", "timeout"]
    application_id: str
    restarts: int
    witness: str
    finding: Finding | None
    refusal: tuple[str, str, str, str] | None
    target: Target

    def __post_init__(self) -> None:
        # The kind "finding" without a finding would pass for success.
        present = (self.finding is not None, self.refusal is not None)
        if present != (self.kind == "finding", self.kind == "refused"):
            msg = f"it is of kind {self.kind}, but has the fields of another kind"
            raise ValueError(msg)

    @classmethod
    def of(
        cls, end: EndedWell | Finding | SparkGuardError | None, memory: Memory, target: Target | None = None
    ) -> Self:
        """The outcome of a watch; ``end`` is None if the sensor's timeout has passed."""
        ended = end if isinstance(end, EndedWell) else None
        finding = end if isinstance(end, Finding) else None
        refused = end if isinstance(end, SparkGuardError) else None
        return cls(
            kind="ended" if ended else "finding" if finding else "refused" if refused else "timeout",
            application_id=memory.application_id,
            restarts=len(memory.ledger.losses) + memory.ledger.forgotten,
            witness="" if ended is None else ended.witness,
            finding=finding,
            refusal=None if refused is None else _parts(refused),
            target=target or Target(),
        )

    def failure(self) -> SparkGuardError | None:
        """The exception to raise; None for success, and for the sensor's own timeout."""
        if self.finding is not None:
            return found_in(self.application_id, self.finding)
        if self.refusal is not None:
            what, got, expected, advice = self.refusal
            return ApplicationError(what, got=got, expected=expected, advice=advice)
        return None


def found_in(application_id: str, finding: Finding) -> AttemptError:
    """The exception for a finding about this application, whose id is empty while it is not known."""
    what = f"Application {application_id}: {finding.what}" if application_id else finding.what
    return error_of_finding(replace(finding, what=what))


def _parts(error: SparkGuardError) -> tuple[str, str, str, str]:
    return error.what, error.got, error.expected, error.advice
