"""Live SQL metrics of each stage, as a digest that changes when one of the stage's metrics changes.

Spark keeps the values by stage while a stage runs (``SQLAppStatusListener.stageMetrics``), but publishes only
their sum over an execution. The field is private and read by reflection; it is unchanged in Spark 3.5 to 4.3.
If it cannot be read, every stage of an execution gets the execution's digest.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.job.sql_metrics import SqlMetrics

_FIELD = "stageMetrics"
_MILLISECONDS = 1000


class StageMetrics:
    """Reads the metrics of the running stages of one application.

    Args:
        store: ``spark._jsparkSession.sharedState().statusStore()``.
        jvm: the Py4J view of the driver's JVM.
        executions: the metrics of the application by execution; its ``digest()`` is called first.
    """

    def __init__(self, store: Any, jvm: Any, executions: SqlMetrics) -> None:
        self._arrays = jvm.java.util.Arrays
        self._executions = executions
        self._by_stage = _live_stages(store)
        # Which accumulators of a stage count, by stage; a stage's metrics are fixed when it is submitted.
        self._kinds: dict[int, dict[str, str]] = {}

    def rows(self, stages: Iterable[int]) -> dict[int, dict[str, Any]]:
        """By stage id: ``sql`` (16 hex digits), and ``python_start`` (seconds) if Python workers started.

        Stages without an SQL execution (RDD jobs) are left out.
        """
        wanted = list(stages)
        if self._by_stage is None:
            digests = self._executions.stage_digests()
            return {stage: {"sql": digests[stage]} for stage in wanted if stage in digests}
        self._kinds = {stage: kinds for stage, kinds in self._kinds.items() if stage in wanted}
        return {stage: row for stage in wanted if (row := self._row(stage))}

    def _row(self, stage: int) -> dict[str, Any]:
        live = self._by_stage.get(stage)
        if live is None:
            return {}
        if stage not in self._kinds:
            pairs = live.accumIdsToMetricType().mkString("\x01").split("\x01")
            self._kinds[stage] = {row.partition(" -> ")[0]: row.partition(" -> ")[2] for row in pairs}
        values, parts, start = live.metricValues(), [], 0
        for place in range(values.size()):
            pair = values.apply(place)
            accumulator = str(pair._1())  # noqa: SLF001 - a Scala tuple's first element
            if self._executions.is_python_start(accumulator):
                start = max(start, self._arrays.stream(pair._2()).max().getAsLong())  # noqa: SLF001 - the second
            elif self._executions.counts(accumulator, self._kinds[stage].get(accumulator, "")):
                parts.append((accumulator, self._arrays.hashCode(pair._2())))  # noqa: SLF001
        digest = hashlib.blake2b(repr(sorted(parts)).encode(), digest_size=8).hexdigest()
        return {"sql": digest, **({"python_start": start / _MILLISECONDS} if start else {})}


def _live_stages(store: Any) -> Any:
    """The listener's map from stage id to its live metrics; None if this Spark has no such field."""
    try:
        listener = store.listener()
        if listener.isEmpty():
            return None
        field = listener.get().getClass().getDeclaredField(_FIELD)
        field.setAccessible(True)
        found = field.get(listener.get())
        found.get(-1)
    except Exception:  # noqa: BLE001 - Py4J may raise anything for a missing field
        return None
    return found
