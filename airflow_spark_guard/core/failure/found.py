"""From a finding to the exception of its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.watch.finding import Finding

_CLASSES: Final[Mapping[Verdict, type[AttemptError]]] = {
    Verdict.DEADLINE: errors.DeadlineError,
    Verdict.STARVED: errors.StarvedError,
    Verdict.STALLED: errors.StalledError,
    Verdict.EXECUTORS_LOST: errors.ExecutorsLostError,
    Verdict.DRIVER_SILENT: errors.DriverSilentError,
    Verdict.DRIVER_GONE: errors.DriverGoneError,
    Verdict.NOT_EXITING: errors.NotExitingError,
    Verdict.VANISHED: errors.VanishedError,
    Verdict.KILLED: errors.KilledError,
    Verdict.TAKEN_OVER: errors.TakenOverError,
    Verdict.USER_CODE: errors.UserCodeError,
    Verdict.TOOLCHAIN: errors.ToolchainError,
}


def error_of(finding: Finding, *, evidence: str = "", orphans: tuple[str, ...] = ()) -> AttemptError:
    """The exception that says it, with what was seen and what could not be proven gone."""
    error = _CLASSES.get(finding.verdict, errors.AttemptError)(
        finding.what,
        got=finding.got,
        expected=finding.expected,
        advice=finding.advice,
        evidence=evidence,
        orphans=orphans,
        verdict=finding.verdict,
    )
    error.limit = finding.limit
    error.retry = finding.retry
    return error
