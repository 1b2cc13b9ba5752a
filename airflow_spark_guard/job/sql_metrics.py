"""Live SQL metrics of the driver's Classic status store, as one digest that changes when a metric changes.

The store is private to Spark (``SQLAppStatusStore``, unchanged from 3.5 to 4.3) and the only source of the
values while an execution runs: the REST API has none, and in ``local[n]`` its task counters stay 0. Values
are formatted, sizes with one decimal: small changes of a size may be invisible.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

NEWEST = 20  # executions looked at
_SEPARATOR = "\x01"
# Executions may arrive slightly out of order: that many known ones are checked again.
_OVERLAP = 4
_METRIC = re.compile(r"SQLPlanMetric\((.*),(\d+),(\w+)\)", re.DOTALL)
_TIMES = re.compile(r"\b(?:time|duration|latency|memory|gc)\b", re.IGNORECASE)
_PYTHON_START = re.compile(r"time to (?:start|initialize) Python workers", re.IGNORECASE)
_MOST_KNOWN = 20_000  # accumulators


def counts_work(name: str, kind: str) -> bool:
    """Whether a metric changes only when work is done; not so times, which may run on, and memory."""
    return kind not in ("timing", "nsTiming") and not _TIMES.search(name)


class SqlMetrics:
    """Follows the running executions of one application.

    Args:
        store: ``spark._jsparkSession.sharedState().statusStore()``.
    """

    def __init__(self, store: Any) -> None:
        self._store = store
        self._last_id = -1
        # Running executions by id: which of their metrics (by accumulator) count.
        self._running: dict[int, dict[str, bool]] = {}
        self._digests: dict[int, tuple[tuple[int, ...], str]] = {}  # stages and digest, by execution
        self._names: dict[str, str] = {}  # of metrics, by accumulator

    def digest(self) -> str:
        """16 hex digits; empty if no execution runs. Takes a few Py4J calls for each running execution."""
        self._find_new()
        parts = []
        self._digests = {}
        for number in sorted(self._running)[-NEWEST:]:
            execution = self._store.execution(number)
            if execution.isEmpty() or not execution.get().completionTime().isEmpty():
                del self._running[number]
                continue
            part = f"{number}:{self._values(number, execution.get())}"
            self._digests[number] = (_stages(execution.get()), _hash(part))
            parts.append(part)
        return _hash("\n".join(parts)) if parts else ""

    def stage_digests(self) -> dict[int, str]:
        """The digest of its executions by stage id, as of the last :meth:`digest`."""
        found: dict[int, str] = {}
        for stages, digest in self._digests.values():
            for stage in stages:
                found[stage] = _hash(found[stage] + digest) if stage in found else digest
        return found

    def counts(self, accumulator: str, kind: str) -> bool:
        """Whether this metric changes only when work is done; decided by its kind if its name is unknown."""
        return counts_work(self._names.get(accumulator, ""), kind)

    def is_python_start(self, accumulator: str) -> bool:
        """Whether this metric is the time that Python workers took to start."""
        return _PYTHON_START.fullmatch(self._names.get(accumulator, "")) is not None

    def _find_new(self) -> None:
        count = self._store.executionsCount()
        newest = self._store.executionsList(max(0, count - NEWEST), NEWEST)
        highest = self._last_id
        for place in range(newest.size() - 1, -1, -1):
            execution = newest.apply(place)
            number = execution.executionId()
            if number <= self._last_id - _OVERLAP:
                break
            highest = max(highest, number)
            if number not in self._running and execution.completionTime().isEmpty():
                self._running[number] = {}
        self._last_id = highest
        for number in sorted(self._running)[:-NEWEST]:
            del self._running[number]

    def _values(self, number: int, execution: Any) -> list[tuple[str, str]]:
        text = self._store.executionMetrics(number).mkString(_SEPARATOR)
        values = [row.partition(" -> ")[::2] for row in text.split(_SEPARATOR) if row]
        counted = self._running[number]
        if any(accumulator not in counted for accumulator, _ in values):
            # A new execution, or adaptive execution has planned anew.
            for row in execution.metrics().mkString(_SEPARATOR).split(_SEPARATOR):
                if match := _METRIC.fullmatch(row):
                    counted[match[2]] = counts_work(match[1], match[3])
                    self._names[match[2]] = match[1]
            while len(self._names) > _MOST_KNOWN:
                del self._names[next(iter(self._names))]
        # A value whose metric is not known yet is left out until the next call.
        return sorted(row for row in values if counted.get(row[0], False))


def _stages(execution: Any) -> tuple[int, ...]:
    """Ids of the stages that an execution has started so far."""
    return tuple(int(stage) for stage in execution.stages().mkString(_SEPARATOR).split(_SEPARATOR) if stage)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()
