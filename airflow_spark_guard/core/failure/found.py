"""From a finding to the exception of its verdict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
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

_OF_A_LINE = re.compile(r"\b(?:that|this|the) line\b")
_WITHOUT_A_LINE: Final[Mapping[Verdict, str]] = {
    Verdict.STALLED: "The line in the worker is not known: see what the tasks wait for in the lines below "
    "and in the executors' stderr. Give calls in the functions of this stage a time-out, or raise "
    "GuardLimits.stall_timeout if it may take that long; heartbeat() in the job says that it goes on.",
    Verdict.DEADLINE: "If the job is healthy, raise GuardLimits.deadline; if not, see what it waits for in "
    "the lines below.",
    Verdict.DRIVER_SILENT: "The driver's line is not known: see what it waits for in the lines below. If its "
    "work may take that long, call heartbeat() between its parts, or raise GuardLimits.driver_silence.",
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


def located(error: AttemptError, seen: Autopsy | None, *, suspected: bool) -> AttemptError:
    """The same error with the line to look at; without one its advice speaks of none.

    Args:
        error: the error.
        seen: the last look; None where there was none.
        suspected: whether a line is to blame at all.
    """
    error.place = seen.place if seen is not None and suspected else ""
    if not error.place and _OF_A_LINE.search(error.advice):
        error.advice = _WITHOUT_A_LINE.get(error.verdict, "")
    return error
