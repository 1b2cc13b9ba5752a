"""Reads of more rows than needed, and many small files."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.alerts.alert import Limits, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import count, counted, counts, share, size
from airflow_spark_guard.core.history.alerts.places import execution_place, text
from airflow_spark_guard.core.history.alerts.plan import ROWS, scan_below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.model import ApplicationHistory, SqlHistory

_LEAST_ROWS: Final = 1_000_000
_SMALL: Final = 3 << 20
_GOOD: Final = 128 << 20
_MANY: Final = 100
_PUSHED: Final = re.compile(r"PushedFilters: \[([^\]]*)\]")
_NOT_NULL: Final = re.compile(r"\s*(?:IsNotNull\([^()]*\))?\s*")
_NULL_CHECKS: Final = re.compile(r"\AFilter|isnotnull\([^()]*\)|\bAND\b|[()\s]")
# What no source can filter by: a Python function, and what another part of the query computes.
_NOT_PLAIN: Final = re.compile(r"pythonUDF|[Ss]ubquery|dynamicpruning|might_contain")
_CAST: Final = re.compile(r"\bcast\(\S+#\d+")
_FUNCTION: Final = re.compile(r"\b(?!isnotnull\b|isnull\b|cast\b)[a-z_]+\(\S*#\d+|#\d+L? [%*/+-] ")


class UnpushedFilter(Rule):
    """A filter that drops rows which the scan need not have read."""

    name = "unpushed filter"
    about = "A filter on columns was not passed to the files that it reads, and most rows were thrown away"
    limits = Limits(
        figure="part of the rows that were read and then dropped",
        shown=share,
        only_if=f"at least {count(_LEAST_ROWS)} rows were read, and the scan has no PushedFilters but "
        "IsNotNull",
        info=0.5,
        warning=0.9,
        source="Kindling: PushedFilters is empty below a Filter; the limits are ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for each filter."""
        for execution in history.executions:
            for place, node in enumerate(execution.nodes):
                if node.name != "Filter" or _NOT_PLAIN.search(node.text) or not _compares(node.text):
                    continue
                scan = scan_below(execution.nodes, place)
                read = None if scan is None else scan.metrics.get(ROWS)
                if scan is None or read is None or read < _LEAST_ROWS or not _nothing_pushed(scan.text):
                    continue
                # Spark writes no metric of 0; while it runs, or after a failure, a missing one is unknown.
                if ROWS not in node.metrics and (execution.ended is None or execution.failure):
                    continue
                kept = node.metrics.get(ROWS, 0.0)
                said = Said(
                    f"A filter on {text(scan.name.strip(), 80)} dropped",
                    f" of {count(read)} rows after they were read: {text(node.text, 120)}",
                )
                place_of_it = execution_place(history, execution)
                yield from self.raised(1 - kept / read, place_of_it, said, _pushed_if(node.text))


def _compares(condition: str) -> bool:
    """Whether it has more than the checks for null that Spark adds to each comparison."""
    return bool(_NULL_CHECKS.sub("", condition))


def _nothing_pushed(scan: str) -> bool:
    found = _PUSHED.search(scan)
    return found is not None and all(_NOT_NULL.fullmatch(one) for one in found[1].split(","))


def _pushed_if(condition: str) -> str:
    if _CAST.search(condition):
        return (
            "Compare the column with a value of its own type: `id = 5`, not `id = '5'`. A cast of the column "
            "cannot be passed to the files."
        )
    if _FUNCTION.search(condition):
        return (
            "Compare the column itself: `day >= '2024-01-01' and day < '2025-01-01'`, not `year(day) = "
            "2024`. Or "
            "write a column with the computed value and partitionBy() it."
        )
    return (
        "Check spark.sql.parquet.filterPushdown and spark.sql.orc.filterPushdown. Or partitionBy() the "
        "column "
        "when the table is written."
    )


class SmallFilesRead(Rule):
    """A scan of many small files."""

    name = "small files read"
    about = "A scan read many small files: opening them takes longer than reading them"
    limits = Limits(
        figure="files read by one scan",
        shown=counts("file"),
        only_if=f"their mean size is less than {size(_SMALL)}",
        warning=_MANY,
        source="DataFlint: more than 100 files with a mean size below 3 MiB",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for each scan."""
        cure = (
            f"Write fewer and larger files (about {size(_GOOD)}): see who writes them. Until then raise "
            "spark.sql.files.openCostInBytes, so that a task reads more of them."
        )
        for execution in history.executions:
            for node in execution.nodes:
                files = node.metrics.get("number of files read")
                said = _mean("A scan read", files, node.metrics.get("size of files read"))
                if files and said and self.limits.passed(files):
                    yield from self.raised(files, execution_place(history, execution), said, cure)


class SmallFilesWritten(Rule):
    """A write of many small files."""

    name = "small files written"
    about = "A write made many small files"
    limits = Limits(
        figure="files written by one execution",
        shown=counts("file"),
        only_if=f"their mean size is less than {size(_SMALL)}",
        warning=_MANY,
        source="DataFlint: more than 100 files with a mean size below 3 MiB",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for each write."""
        for execution in history.executions:
            yield from self._of(history, execution)

    def _of(self, history: ApplicationHistory, execution: SqlHistory) -> Iterator[Alert]:
        for node in execution.nodes:
            files, written = node.metrics.get("number of written files"), node.metrics.get("written output")
            said = _mean("The write made", files, written)
            if not files or not said or written is None or not self.limits.passed(files):
                continue
            parts = node.metrics.get("number of dynamic part") or 0
            enough = max(1, math.ceil(written / _GOOD))
            cure = (
                f"Call repartition() with the columns of partitionBy() before the write: then each of the "
                f"{counted(parts, 'partition')} gets one file."
                if parts
                else f"Call coalesce({enough}) or repartition({enough}) before the write."
            )
            yield from self.raised(files, execution_place(history, execution), said, cure)


def _mean(before: str, files: float | None, total: float | None) -> Said | None:
    """The sentence, if the mean size is known and small."""
    if not files or total is None or total / files >= _SMALL:
        return None
    return Said(before, f" of {size(total / files)} on average (limit: {size(_SMALL)}).")
