"""How a watch ended, as it travels from the triggerer to the worker: checked where it arrives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

from airflow_spark_guard.core.codec import Stored
from airflow_spark_guard.core.errors import ApplicationError, SparkGuardError
from airflow_spark_guard.core.failure.exceptions import error_of_finding
from airflow_spark_guard.core.remote.course import EndedWell
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.watch.finding import Finding

if TYPE_CHECKING:
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.remote.remote_watch import Memory


@dataclass(frozen=True)
class Outcome(Stored):
    """The end of a watch.

    Attributes:
        kind: ``ended`` (well), ``finding``, ``refused`` (it cannot be watched), ``timeout`` (the sensor's).
        application_id: empty where none was found.
        restarts: executors that were lost, as far as they were counted.
        witness: of a good end: who says so.
        finding: of a finding.
        refusal: what, got, expected, advice of what could not be watched.
        target: what was watched, and who was asked.
    """

    kind: Literal["ended", "finding", "refused", "timeout"]
    application_id: str
    restarts: int
    witness: str
    finding: Finding | None
    refusal: tuple[str, str, str, str] | None
    target: Target

    def __post_init__(self) -> None:
        # One that says «finding» and holds none would pass for a good end.
        holds = (self.finding is not None, self.refusal is not None)
        if holds != (self.kind == "finding", self.kind == "refused"):
            msg = f"it is {self.kind} and holds something else"
            raise ValueError(msg)

    @classmethod
    def of(
        cls, told: EndedWell | Finding | SparkGuardError | None, memory: Memory, target: Target | None = None
    ) -> Self:
        """The outcome of a watch; None for a sensor whose time is over."""
        ended = told if isinstance(told, EndedWell) else None
        finding = told if isinstance(told, Finding) else None
        refused = told if isinstance(told, SparkGuardError) else None
        return cls(
            kind="ended" if ended else "finding" if finding else "refused" if refused else "timeout",
            application_id=memory.application_id,
            restarts=len(memory.ledger.losses) + memory.ledger.forgotten,
            witness="" if ended is None else ended.witness,
            finding=finding,
            refusal=None
            if refused is None
            else (refused.what, refused.got, refused.expected, refused.advice),
            target=target or Target(),
        )

    def failure(self) -> SparkGuardError | None:
        """The exception to raise; None for a good end, and for a time-out, which is the sensor's own."""
        if self.finding is not None:
            return found_in(self.application_id, self.finding)
        if self.refusal is not None:
            what, got, expected, advice = self.refusal
            return ApplicationError(what, got=got, expected=expected, advice=advice)
        return None


def found_in(application_id: str, finding: Finding) -> AttemptError:
    """The exception for what was found of this application; an empty id is not known yet."""
    what = f"Application {application_id}: {finding.what}" if application_id else finding.what
    return error_of_finding(replace(finding, what=what))


def _parts(error: SparkGuardError) -> tuple[str, str, str, str]:
    return error.what, error.got, error.expected, error.advice
