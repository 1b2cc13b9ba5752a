"""Recognises Spark's own failures in a text: the toolchain table, and its use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.failure.failure_text import FailureText, take_apart, worker_place
from airflow_spark_guard.core.failure.toolchain_row import Row, Scope, Weight
from airflow_spark_guard.core.failure.toolchain_rows_driver import DRIVER, MASTER, SIZES
from airflow_spark_guard.core.failure.toolchain_rows_executor import EXECUTORS, SOURCES, WORKERS
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from airflow_spark_guard.core.verdict import Verdict

__all__ = ["ROWS", "Diagnosis", "diagnose", "exit_code_meaning", "worker_place"]

# Of two rows with one weight the earlier one wins: more specific rows come first.
ROWS: Final[tuple[Row, ...]] = (*WORKERS, *SIZES, *EXECUTORS, *SOURCES, *MASTER, *DRIVER)

_LONGEST_LINE = 300
_BEFORE_THE_SIGN = 220
# The driver's JVM ends itself with these codes; a script would have to choose them.
_BY_EXIT_CODE: Final = {52: "driver_heap", 53: "executor_disk"}
_EXIT_CODES: Final = {
    1: "an unspecified failure",
    11: "more executors failed than spark.executor.maxNumFailures allows",
    50: "an uncaught exception in the JVM",
    51: "an uncaught exception in the JVM, and another while it was logged",
    52: "the JVM ran out of memory (java.lang.OutOfMemoryError)",
    53: "no local folder could be created (spark.local.dir)",
    56: "an executor could not send its heartbeat to the driver",
    57: "an executor was ended because a cancelled task did not stop (spark.task.reaper)",
    58: "an executor could not register its block manager again",
    101: "a class was not found",
    124: "the driver ran longer than spark.driver.timeout",
    126: "the command is not executable",
    127: "the command was not found",
    134: "aborted (SIGABRT): a failed check in the JVM or in native code",
    137: "killed (SIGKILL): usually by an out-of-memory killer",
    139: "crashed (SIGSEGV) in native code",
    143: "terminated from outside (SIGTERM): by a user, or by the cluster to free its resources",
}


@dataclass(frozen=True)
class Diagnosis:
    """One of Spark's own failures, recognised.

    Attributes:
        name: of the row of the table.
        verdict: of the attempt.
        what: the cause, one sentence.
        advice: what to do next.
        retry: whether the same attempt can come to a different end.
        cause_line: the line that shows it, safe to show, at most 300 characters.
    """

    name: str
    verdict: Verdict
    what: str
    advice: str
    retry: bool
    cause_line: str


def diagnose(text: str, exit_status: int | None = None) -> Diagnosis | None:
    """Which of Spark's own failures this is; None if the table does not have it.

    It is None for a wrong query and for an exception of the user's own code. The root counts: an exception
    before its consequences, a cause before the traces that several causes leave, anything before the noise
    of a driver that shuts down.

    Args:
        text: the traceback that the job sent, with its Java part, the relevant part of spark-submit's
            output, or both. Untrusted; of a long text only both ends are read.
        exit_status: of spark-submit, which in client mode is the driver's JVM.
    """
    parts = take_apart(text)
    if not parts.sparks:
        return None
    found = _of_weight(Weight.CAUSE, parts) or _of_weight(Weight.TRACE, parts)
    if found or parts.users:
        return found
    return _of_exit_code(exit_status) or _of_weight(Weight.NOISE, parts)


def exit_code_meaning(code: int) -> str:
    """The meaning of an exit code of a driver or an executor; one phrase."""
    return _EXIT_CODES.get(code, "a code that Spark does not define")


def _of_weight(weight: Weight, parts: FailureText) -> Diagnosis | None:
    for row in ROWS:
        if row.weight is weight and (line := _line(row, parts)):
            return _diagnosis(row, line)
    return None


def _of_exit_code(code: int | None) -> Diagnosis | None:
    for row in ROWS:
        if code is not None and row.name == _BY_EXIT_CODE.get(code):
            return _diagnosis(row, f"exit code {code}: {exit_code_meaning(code)}")
    return None


def _line(row: Row, parts: FailureText) -> str:
    """The line with the row's sign; empty if there is none."""
    for text in _texts(row.scope, parts):
        found = row.pattern.search(text)
        if found:
            begin = text.rfind("\n", 0, found.start()) + 1
            end = text.find("\n", found.end())
            return text[begin : end if end >= 0 else len(text)]
    return ""


def _texts(scope: Scope, parts: FailureText) -> tuple[str, ...]:
    if scope is Scope.WORKER:
        return (parts.worker,)
    if scope is Scope.LOG and not parts.users and not parts.worker:
        return (parts.exception, parts.everything)
    return (parts.exception or parts.everything,)


def _diagnosis(row: Row, line: str) -> Diagnosis:
    # Masked before it is cut. Spark writes everything into one line, and its end may matter more.
    shown = safe_text(line).strip(": \t")
    found = row.pattern.search(shown)
    begin = max(0, found.end() - _BEFORE_THE_SIGN) if found else 0
    if begin:  # not in the middle of a word
        begin = shown.find(" ", begin, begin + _BEFORE_THE_SIGN) + 1 or begin
    line = shown[begin : begin + _LONGEST_LINE]
    return Diagnosis(row.name, row.verdict, row.what, row.advice, row.retry, line)
