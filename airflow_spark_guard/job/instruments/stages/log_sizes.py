"""Sizes of tasks: Spark has them in two warnings of its log, and nowhere else.

A writer in the driver's memory is added to the log's root, for these two warnings alone. If the job sets the
log's level above WARN, Spark does not write them and there are no sizes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_spark_guard.job.instruments.stages.stage_figures import StageFigures

_WANTED = ".*(contains a task of very large size|Broadcasting large task binary with size).*"
_TASK = re.compile(r"(\d{13}) Stage (\d{1,9}) contains a task of very large size \((\d{1,12}) Ki?B\)")
_BINARY = re.compile(r"(\d{13}) Broadcasting large task binary with size (\d{1,9}(?:\.\d{1,3})?) ([KMGT])i?B")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@dataclass(frozen=True, slots=True)
class LoggedSize:
    """One warning.

    Attributes:
        at: milliseconds since the epoch.
        size: bytes, as exact as Spark writes them.
        stage: id; None for a task binary, whose warning has none.
    """

    at: int
    size: int
    stage: int | None = None


def sizes_in(text: str) -> tuple[LoggedSize, ...]:
    """The sizes in lines of ``milliseconds message``; other lines are passed over."""
    found = []
    for line in text.splitlines():
        if match := _TASK.match(line):
            found.append(LoggedSize(int(match[1]), int(match[3]) * _UNITS["K"], int(match[2])))
        elif match := _BINARY.match(line):
            found.append(LoggedSize(int(match[1]), round(float(match[2]) * _UNITS[match[3]])))
    return tuple(found)


def belongs(size: LoggedSize, row: Mapping[str, Any]) -> bool:
    """Whether a warning is about a stage, given by Spark's row of it.

    Spark serializes a stage's functions after it submits the stage and before it launches its first task, and
    one thread submits all stages.
    """
    if size.stage is not None:
        return bool(size.stage == row["stageId"]) and size.at <= row["completionTime"]
    begin, end = row.get("submissionTime"), row.get("firstTaskLaunchedTime") or row["completionTime"]
    return begin is not None and begin <= size.at <= end


def with_sizes(figures: StageFigures, sizes: Iterable[LoggedSize]) -> StageFigures:
    """The figures with the largest of the sizes that belong to them."""
    known = list(sizes)
    tasks = [one.size for one in known if one.stage is not None]
    binaries = [one.size for one in known if one.stage is None]
    return replace(figures, task_bytes=max(tasks, default=None), binary_bytes=max(binaries, default=None))


class LogSizes:
    """Adds the writer to the log of this process's JVM.

    Args:
        jvm: the Py4J view of the driver's JVM.

    Raises:
        Exception: py4j's, if the log is not Log4j 2. The other methods may raise it as well.
    """

    def __init__(self, jvm: Any) -> None:
        log = jvm.org.apache.logging.log4j
        core = log.core
        self._writer = jvm.java.io.StringWriter()
        layout = core.layout.PatternLayout.newBuilder().withPattern("%d{UNIX_MILLIS} %m%n").build()
        result = core.Filter.Result
        only = core.filter.RegexFilter.createFilter(_WANTED, None, False, result.ACCEPT, result.DENY)  # noqa: FBT003
        name = f"spark-guard-sizes-{id(self)}"
        self._appender = core.appender.WriterAppender.createAppender(
            layout,
            only,
            self._writer,
            name,
            False,  # noqa: FBT003 - a Java method
            True,  # noqa: FBT003 - the same
        )
        self._appender.start()
        self._context = log.LogManager.getContext(False)  # noqa: FBT003 - a Java method
        # The root: a logger of its own would have its level as well, and shells decide by it what is shown.
        self._context.getConfiguration().getRootLogger().addAppender(self._appender, log.Level.WARN, None)
        self._context.updateLoggers()

    def read_new(self) -> Sequence[LoggedSize]:
        """What was written since the last call: one call of Py4J if that is nothing."""
        text = str(self._writer.toString())
        if not text:
            return ()
        self._writer.getBuffer().delete(0, len(text.encode("utf-16-le")) // 2)
        return sizes_in(text)

    def close(self) -> None:
        """Take the writer out of the log again."""
        self._context.getConfiguration().getRootLogger().removeAppender(self._appender.getName())
        self._context.updateLoggers()
        self._appender.stop()
