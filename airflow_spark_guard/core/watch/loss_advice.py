"""What to do about lost executors, by Spark's reasons: the exit code decides."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class ReasonAdvice(NamedTuple):
    """A row: a pattern for the reason, and what to do then."""

    pattern: re.Pattern[str]
    advice: str


def _code(codes: str) -> str:
    return rf"\b(?:exit(?:ed with)?|executor exit) (?:code|status:?) \(?(?:{codes})\b"


def _row(pattern: str, advice: str) -> ReasonAdvice:
    return ReasonAdvice(re.compile(pattern, re.IGNORECASE), advice)


_MEMORY = (
    "raise spark.executor.memoryOverhead (Python's share) or spark.executor.memory, or give an executor "
    "fewer cores (spark.executor.cores)."
)
# The first row that matches decides.
ADVICE: Final = (
    _row(
        r"exceeding (?:physical|virtual) memory limits|OOMKilled",
        f"The container exceeded its memory limit: {_MEMORY}",
    ),
    _row(
        rf"{_code('52')}|OutOfMemoryError",
        "The executor's JVM ran out of memory (exit code 52): raise spark.executor.memory, or make more and "
        "smaller partitions.",
    ),
    _row(
        _code("137"),
        "Exit code 137 is SIGKILL, usually from an out-of-memory killer: see the host's kernel log or the "
        f"pod's events, and {_MEMORY}",
    ),
    _row(
        _code("143"),
        "Exit code 143 is SIGTERM: something on the host or in the cluster ended the executor. See the logs "
        "of the worker, the node manager or the pod.",
    ),
    _row(
        _code("13[0-9]"),
        "A signal ended the executor's JVM (exit code 128 plus its number; 134 and 139 are crashes in native "
        "code): see its stderr and hs_err_pid*.log in its working directory.",
    ),
    _row(
        _code("53|55"),
        "The executor could not create its local directory: check spark.local.dir (SPARK_LOCAL_DIRS) on that "
        "host, and its free disk space.",
    ),
    _row(
        rf"heartbeat timed out|unable to send heartbeats|{_code('56')}",
        "The executor did not answer for spark.network.timeout: check its host and the network to the "
        "driver, and whether it spends its time in garbage collection (spark.executor.memory).",
    ),
    _row(
        r"remote rpc client disassociated|executor process lost",
        "The connection to the executor broke, and Spark does not know why: see its stderr, and the logs of "
        "its node.",
    ),
    _row(
        r"killed by TaskReaper",
        "A task ignored its cancellation for spark.task.reaper.killTimeout: see its stderr for that task.",
    ),
    _row(
        _code(r"\d+"),
        "The executor ended by itself: read its stderr. If it ended before its first task, it usually could "
        "not reach the driver (spark.driver.host), or its Java options, Java, image or files are wrong.",
    ),
)
_UNKNOWN = "Read the stderr of one of the executors."


def advice_on(reasons: Iterable[str]) -> str:
    """What to do about executors that were lost for these reasons; the most frequent kind decides."""
    kinds = Counter(
        next((row.advice for row in ADVICE if row.pattern.search(reason[:2000])), _UNKNOWN)
        for reason in reasons
    )
    return kinds.most_common(1)[0][0] if kinds else _UNKNOWN
