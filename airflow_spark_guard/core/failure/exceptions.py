"""The exception of a failed attempt: from a finding, a diagnosis, the job's error message or its output."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypedDict

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.errors import AttemptDetails
from airflow_spark_guard.core.failure.classify import diagnose, worker_place
from airflow_spark_guard.core.failure.compact import compact
from airflow_spark_guard.core.failure.failure_text import (
    FRAME,
    NOT_THE_USERS,
    TRACEBACK,
    take_apart,
    worker_exception,
)
from airflow_spark_guard.core.failure.toolchain_rows_driver import CONTEXT_CONSTRUCTOR
from airflow_spark_guard.core.failure.user_advice import user_advice
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.verdict_table import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.failure.classify import Diagnosis
    from airflow_spark_guard.core.watch.finding import Finding

_EXCEPTION = re.compile(r"(?:\w+\.)*(\w+)(?:: (.*))?")
_AT_THE_START = re.compile(CONTEXT_CONSTRUCTOR)
# Spark's exceptions that bring the traceback of a Python worker in their message.
_SPARKS: Final = frozenset(
    {
        "PythonException",
        "Py4JJavaError",
        "SparkException",
        "SparkConnectGrpcException",
        "StreamingQueryException",
    }
)
_OF_A_ROW: Final = (
    "Fix that line, or leave out the rows that it cannot compute: the same input fails there again."
)
_OF_A_LINE = re.compile(r"\b(?:that|this|the) line\b")
_WITHOUT_A_LINE: Final[Mapping[Verdict, str]] = {
    Verdict.STALLED: "The line in the worker is not known: see what the tasks wait for in the lines below "
    "and in the executors' stderr. Give calls in the functions of this stage a time-out, or raise "
    "GuardLimits.stall_timeout if it may take that long; heartbeat() in the function that runs in the "
    "worker shows that it goes on.",
    Verdict.DEADLINE: "If the job is healthy, raise GuardLimits.deadline; if not, see what it waits for in "
    "the lines below.",
    Verdict.DRIVER_SILENT: "The driver's line is not known: see what it waits for in the lines below. If its "
    "work may take that long, call heartbeat() between its parts, or raise GuardLimits.driver_silence.",
}


class Parts(TypedDict, total=False):
    """What the constructor of every :class:`AttemptError` takes beside its first sentence and its verdict."""

    got: str
    expected: str
    advice: str
    evidence: str
    orphans: tuple[str, ...]
    details: AttemptDetails


def error_of(verdict: Verdict, what: str, **parts: Unpack[Parts]) -> AttemptError:
    """The exception of a verdict: of the class that ``VERDICTS`` gives it."""
    return VERDICTS[verdict].exception(what, verdict=verdict, **parts)


def error_of_finding(
    finding: Finding, *, where: str = "", evidence: str = "", orphans: tuple[str, ...] = ()
) -> AttemptError:
    """The exception for what a watch has found.

    Args:
        finding: what was found; one whose limit is 0 has none.
        where: the line of the user's that is to blame; empty when it is not known.
        evidence: what was seen.
        orphans: what could not be confirmed as ended.
    """
    return error_of(
        finding.verdict,
        finding.what,
        got=finding.got,
        expected=finding.expected,
        advice=finding.advice,
        evidence=evidence,
        orphans=orphans,
        details=AttemptDetails(where=where, limit=finding.limit or None, retry=finding.retry),
    )


def without_a_line(finding: Finding) -> Finding:
    """The finding with an advice that speaks of no line, for one whose line is not known."""
    if not _OF_A_LINE.search(finding.advice):
        return finding
    return replace(finding, advice=_WITHOUT_A_LINE.get(finding.verdict, ""))


def error_of_diagnosis(
    diagnosis: Diagnosis, evidence: str, orphans: tuple[str, ...], where: str = ""
) -> AttemptError:
    """The exception for a row of the toolchain table.

    Args:
        diagnosis: the row, and the line in which its sign stands.
        evidence: what was seen.
        orphans: what could not be confirmed as ended.
        where: the line of the user's that led to it; empty when it is not known.
    """
    return error_of(
        diagnosis.verdict,
        diagnosis.what,
        got=diagnosis.cause_line,
        advice=diagnosis.advice,
        evidence=evidence,
        orphans=orphans,
        details=AttemptDetails(where=where, retry=diagnosis.retry),
    )


def error_of_message(
    message: Mapping[str, Any], orphans: tuple[str, ...], executable: str = ""
) -> AttemptError:
    """The exception for an error message of the job.

    Args:
        message: its fields, made safe to show.
        orphans: processes that could not be confirmed as ended.
        executable: of the driver's Python; empty if it is not known.
    """
    if message["category"] == "result":
        return _bad_result(message, orphans)
    if message["category"] == "exit":
        return _exit(message, orphans)
    text = str(message["traceback"])
    where = worker_place(text) or _innermost_line(message)
    diagnosis = diagnose(f"{text}\n{message['message']}")
    if diagnosis is not None:
        # The line that starts Spark is not at fault when Spark does not start.
        where = "" if _AT_THE_START.search(text) else where
        return error_of_diagnosis(diagnosis, compact(text), orphans, where)
    said = str(message["message"]).strip()
    summary = said.splitlines() or [""]
    inner = worker_exception(said) if str(message["type"]) in _SPARKS else ""
    advice = user_advice(str(message["type"]), said, text, executable)
    return errors.UserCodeError(
        f"The application raised {inner} (in a Python worker)."
        if inner
        else f"The application raised {message['type']}: {summary[0]}".rstrip(": "),
        advice=advice or (_OF_A_ROW if inner and where else ""),
        evidence=compact(text),
        orphans=orphans,
        details=AttemptDetails(where=where),
    )


def error_of_output(evidence: str, orphans: tuple[str, ...], executable: str = "") -> AttemptError | None:
    """The exception for a traceback in the output of a driver whose error message never came: a full disk.

    None if the output shows no traceback of the user's own code, or one in which Spark had a part.

    Args:
        evidence: the relevant part of the output, safe to show.
        orphans: as of :func:`error_of_message`.
        executable: as of :func:`error_of_message`.
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
    message = {"category": "user", "type": end[1], "message": end[2] or "", "frames": frames}
    return error_of_message({**message, "traceback": parts.exception}, orphans, executable)


def _bad_result(message: Mapping[str, Any], orphans: tuple[str, ...]) -> AttemptError:
    lines = str(message["message"]).splitlines() or ["The result cannot be reported."]
    where = AttemptDetails(where=_innermost_line(message))
    return errors.ResultError("\n".join(lines), orphans=orphans, details=where)


def _exit(message: Mapping[str, Any], orphans: tuple[str, ...]) -> AttemptError:
    return errors.UserCodeError(
        f"The application left with sys.exit({message.get('code', 1)}).",
        got=str(message["message"]),
        expected="the end of the script, or sys.exit(0)",
        orphans=orphans,
        details=AttemptDetails(where=_innermost_line(message)),
    )


def _innermost_line(message: Mapping[str, Any]) -> str:
    """The innermost frame of the script itself, which is where its author looks first."""
    frames = [frame for frame in message["frames"] if isinstance(frame, dict) and frame.get("file")]
    own = [frame for frame in frames if "site-packages" not in str(frame.get("file"))] or frames
    if not own:
        return ""
    frame = own[-1]
    return safe_text(f"{frame.get('file')}:{frame.get('line')}, {frame.get('function')}")
