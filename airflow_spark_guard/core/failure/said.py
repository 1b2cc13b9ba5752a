"""What the job itself said went wrong: from its error message to the exception that says it best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.failure.classify import diagnose, worker_place
from airflow_spark_guard.core.failure.compact import compact
from airflow_spark_guard.core.failure.user_advice import user_advice
from airflow_spark_guard.core.output.output import safe_text
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.failure.classify import Diagnosis

_CLASSES: Mapping[Verdict, type[AttemptError]] = {
    Verdict.EXECUTORS_LOST: errors.ExecutorsLostError,
    Verdict.WORKER_CRASHED: errors.WorkerCrashedError,
    Verdict.VANISHED: errors.VanishedError,
    Verdict.STARVED: errors.StarvedError,
    Verdict.JVM_GONE: errors.DriverGoneError,
    Verdict.USER_CODE: errors.UserCodeError,
    Verdict.DRIVER_GONE: errors.DriverGoneError,
}


def said_by_the_job(said: Mapping[str, Any], orphans: tuple[str, ...], executable: str = "") -> AttemptError:
    """The exception for an error message of the job.

    Args:
        said: the message's fields, made safe to show.
        orphans: processes that could not be proven gone.
        executable: of the driver's Python; empty where it is not known.
    """
    if said["category"] == "result":
        return _bad_result(said, orphans)
    if said["category"] == "exit":
        return _left(said, orphans)
    text = str(said["traceback"])
    found = diagnose(f"{text}\n{said['message']}")
    if found is not None:
        error = diagnosed(found, compact(text), orphans)
        error.place = worker_place(text) or _place(said)
        return error
    summary = str(said["message"]).strip().splitlines() or [""]
    error = errors.UserCodeError(
        f"The application raised {said['type']}: {summary[0]}".rstrip(": "),
        advice=user_advice(str(said["type"]), str(said["message"]), text, executable),
        evidence=compact(text),
        orphans=orphans,
    )
    error.place = worker_place(text) or _place(said)
    return error


def diagnosed(found: Diagnosis, evidence: str, orphans: tuple[str, ...]) -> AttemptError:
    """The exception for a row of the toolchain table."""
    error = _CLASSES.get(found.verdict, errors.ToolchainError)(
        found.what,
        got=found.cause_line,
        advice=found.advice,
        evidence=evidence,
        orphans=orphans,
        verdict=found.verdict,
    )
    error.retry = found.retry
    return error


def _bad_result(said: Mapping[str, Any], orphans: tuple[str, ...]) -> AttemptError:
    lines = str(said["message"]).splitlines() or ["The result cannot be reported."]
    error = errors.ResultError("\n".join(lines), orphans=orphans)
    error.place = _place(said)
    return error


def _left(said: Mapping[str, Any], orphans: tuple[str, ...]) -> AttemptError:
    error = errors.UserCodeError(
        f"The application left with sys.exit({said.get('code', 1)}).",
        got=str(said["message"]),
        expected="the end of the script, or sys.exit(0)",
        orphans=orphans,
    )
    error.place = _place(said)
    return error


def _place(said: Mapping[str, Any]) -> str:
    """The innermost frame of the script itself, which is where its author looks first."""
    frames = [frame for frame in said["frames"] if isinstance(frame, dict) and frame.get("file")]
    own = [frame for frame in frames if "site-packages" not in str(frame.get("file"))] or frames
    if not own:
        return ""
    frame = own[-1]
    return safe_text(f"{frame.get('file')}:{frame.get('line')}, {frame.get('function')}")
