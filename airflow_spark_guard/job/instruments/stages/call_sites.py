"""The line of the user's script as Spark's call site: every stage that an action causes has it in its name.

PySpark sets the call site itself for some actions (``RDD.collect``, ``DataFrame.collect``, ``toPandas``). For
others Spark names its own code: ``count at NativeMethodAccessorImpl.java:0``, and with adaptive execution
``$anonfun$withThreadLocalCaptured$1 at CompletableFuture.java:1768``.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHORT = "callSite.short"  # org.apache.spark.util.CallSite.SHORT_FORM
_NAME = re.compile(r"(?P<what>.{0,200}?) at (?P<file>.{1,4000}):(?P<line>\d{1,9})", re.DOTALL)
_JVM = (".java", ".scala")
_LONGEST = 200


@contextlib.contextmanager
def called_from(context: Any, what: str, line: str) -> Iterator[None]:
    """Name the stages of the block after a line of the script, in Spark's UI, event log and here.

    The call site belongs to the thread, and Spark passes it on to the threads that it plans with. One that is
    set already, by the script or by an action around this one, stays.

    Args:
        context: the SparkContext.
        what: the action, as ``count``.
        line: ``file:line``; if it is empty, nothing is set.
    """
    if not line or context.getLocalProperty(_SHORT) is not None:
        yield
        return
    context.setLocalProperty(_SHORT, f"{what} at {line}"[:_LONGEST])
    try:
        yield
    finally:
        # The block may have stopped the context.
        with contextlib.suppress(Exception):
            context.setLocalProperty(_SHORT, None)


def line_of(name: str) -> str:
    """``file:line`` out of a stage's name, without the folder; empty if it names code of the JVM."""
    match = _NAME.fullmatch(name)
    if match is None or match["file"].endswith(_JVM):
        return ""
    file = match["file"].replace("\\", "/").rpartition("/")[2]
    return f"{file}:{match['line']}"[:_LONGEST]


def what_of(name: str) -> str:
    """What the line called, as ``collect``; empty if the name shows only code of the JVM."""
    match = _NAME.fullmatch(name)
    return match["what"] if match is not None and line_of(name) else ""
