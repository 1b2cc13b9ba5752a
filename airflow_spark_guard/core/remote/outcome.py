"""How a watch ended, as it travels from the triggerer to the worker: checked where it arrives."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

from airflow_spark_guard.core.errors import ApplicationError, SparkGuardError, TriggerEventError
from airflow_spark_guard.core.failure.exceptions import error_of_finding
from airflow_spark_guard.core.remote.course import EndedWell
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.remote.remote_watch import Memory

VERSION = 1
_KINDS = frozenset({"ended", "finding", "refused", "timeout"})


@dataclass(frozen=True)
class Outcome:
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

    kind: str
    application_id: str = ""
    restarts: int = 0
    witness: str = ""
    finding: Finding | None = None
    refusal: tuple[str, str, str, str] | None = None
    target: Target = field(default_factory=Target)

    @classmethod
    def of(
        cls, told: EndedWell | Finding | SparkGuardError | None, memory: Memory, target: Target | None = None
    ) -> Self:
        """The outcome of a watch; None for a sensor whose time is over."""
        count = len(memory.ledger.losses) + memory.ledger.forgotten
        given: dict[str, Any] = {"kind": "timeout"}
        if isinstance(told, EndedWell):
            given = {"kind": "ended", "witness": told.witness}
        elif isinstance(told, Finding):
            given = {"kind": "finding", "finding": told}
        elif told is not None:
            given = {"kind": "refused", "refusal": _parts(told)}
        return cls(**given, application_id=memory.application_id, restarts=count, target=target or Target())

    def failure(self) -> SparkGuardError | None:
        """The exception to raise; None for a good end, and for a time-out, which is the sensor's own."""
        if self.finding is not None:
            return found_in(self.application_id, self.finding)
        if self.refusal is not None:
            what, got, expected, advice = self.refusal
            return ApplicationError(what, got=got, expected=expected, advice=advice)
        return None

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        # Airflow's own encoders need not know our enumeration.
        finding = (
            None if self.finding is None else {**asdict(self.finding), "verdict": self.finding.verdict.value}
        )
        return {**asdict(self), "v": VERSION, "finding": finding, "target": self.target.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Self:
        """The inverse of :meth:`to_json`.

        Raises:
            TriggerEventError: it cannot be used.
        """
        try:
            return cls._read(value)
        except (TypeError, ValueError, KeyError, ApplicationError) as error:
            raise TriggerEventError(
                "The trigger's event cannot be understood.",
                got=repr(value)[:300],
                expected=f"version {VERSION}: {', '.join(part.name for part in fields(cls))}",
                advice="Triggerer and workers run different versions of this package: restart them with one, "
                "then clear the task.",
            ) from error

    @classmethod
    def _read(cls, value: Mapping[str, Any] | None) -> Self:
        _require(isinstance(value, dict) and value.get("v") == VERSION and value.get("kind") in _KINDS)
        given: dict[str, Any] = {name: item for name, item in (value or {}).items() if name != "v"}
        finding, refusal = given["finding"], given["refusal"]
        read = cls(
            **{
                **given,
                "finding": None if finding is None else _finding(finding),
                "refusal": None if refusal is None else _four(refusal),
                "target": Target.from_json(given["target"]),
            }
        )
        # One that says «finding» and holds none would pass for a good end.
        _require((read.kind == "finding") is (finding is not None))
        _require((read.kind == "refused") is (refusal is not None))
        _require(isinstance(read.application_id, str) and isinstance(read.witness, str))
        _require(isinstance(read.restarts, int))
        return read


def found_in(application_id: str, finding: Finding) -> AttemptError:
    """The exception for what was found of this application; an empty id is not known yet."""
    what = f"Application {application_id}: {finding.what}" if application_id else finding.what
    return error_of_finding(replace(finding, what=what))


def _require(so: bool) -> None:  # noqa: FBT001 - it is what is required
    if not so:
        msg = "no outcome"
        raise ValueError(msg)


def _finding(value: Any) -> Finding:
    found = Finding(**{**value, "verdict": Verdict(value["verdict"])})
    texts = (found.what, found.got, found.expected, found.advice, found.suspect)
    _require(all(isinstance(text, str) for text in texts))
    _require(all(isinstance(number, int | float) for number in (found.limit, found.reached_at)))
    return found


def _four(value: Any) -> tuple[str, str, str, str]:
    _require(isinstance(value, list | tuple))
    what, got, expected, advice = map(str, value)
    return what, got, expected, advice


def _parts(error: SparkGuardError) -> tuple[str, str, str, str]:
    return error.what, error.got, error.expected, error.advice
