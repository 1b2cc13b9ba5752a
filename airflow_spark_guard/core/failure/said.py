"""What the job itself said went wrong: from its error message to the exception that says it best."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.failure.classify import diagnose, worker_place
from airflow_spark_guard.core.failure.compact import compact
from airflow_spark_guard.core.failure.failure_text import FRAME, NOT_THE_USERS, TRACEBACK, take_apart
from airflow_spark_guard.core.failure.toolchain_rows_driver import CONTEXT_CONSTRUCTOR
from airflow_spark_guard.core.failure.user_advice import user_advice
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.failure.classify import Diagnosis

_EXCEPTION = re.compile(r"(?:\w+\.)*(\w+)(?:: (.*))?")
_AT_THE_START = re.compile(CONTEXT_CONSTRUCTOR)
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
        # The line that starts Spark is not at fault when Spark does not start.
        error.place = "" if _AT_THE_START.search(text) else worker_place(text) or _place(said)
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


def printed_by_the_job(evidence: str, orphans: tuple[str, ...], executable: str = "") -> AttemptError | None:
    """The exception for a traceback in the output of a driver whose error message never came: a full disk.

    None where the output shows no traceback of the user's own code, or one in which Spark had a part.

    Args:
        evidence: the telling part of the output, safe to show.
        orphans: as of :func:`said_by_the_job`.
        executable: as of :func:`said_by_the_job`.
    """
    parts = take_apart(evidence)
    lines = parts.exception.split("\n")
    found = [(number, match) for number, line in enumerate(lines) if (match := FRAME.fullmatch(line))]
    own = [match for _, match in found if not NOT_THE_USERS.search(match[1])]
    if parts.sparks or parts.worker or lines[0] != TRACEBACK or not own:
        return None
    after = lines[found[-1][0] + 1 :]
    end = next((match for line in after if (match := _EXCEPTION.fullmatch(line))), None)
    if end is None:
        return None
    frames = [{"file": match[1], "line": match[2], "function": match[4]} for match in own]
    said = {"category": "user", "type": end[1], "message": end[2] or "", "frames": frames}
    return said_by_the_job({**said, "traceback": parts.exception}, orphans, executable)


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
