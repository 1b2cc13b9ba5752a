"""Rows of Spark's status store as JSON: a whole stage or task in one call of Py4J, not one for each figure.

The store (``AppStatusStore.store()``, a ``KVStore``) and the names of its indexes are private to Spark, and
unchanged from 3.5 to 4.2. Spark serializes these rows with Jackson and Scala's module itself when it keeps
them on disk (``spark.ui.store.path``).
"""

from __future__ import annotations

import json
from typing import Any, Literal, TypeAlias, cast

TaskIndex: TypeAlias = Literal["ert", "stby"]
# org.apache.spark.status.TaskIndexNames
RUN_TIME: TaskIndex = "ert"
SHUFFLE_READ: TaskIndex = "stby"
# The index of stages compares longs, and Py4J sends smaller numbers as 32 bits. In January 1970, as a time.
EARLIEST = 1 << 31


class StatusRows:
    """Reads rows of one application.

    Args:
        context: a SparkContext of classic PySpark.

    Raises:
        Exception: py4j's, if this Spark has no such store. Every method may raise it as well.
    """

    def __init__(self, context: Any) -> None:
        scala_context, jvm = context._jsc.sc(), context._jvm  # noqa: SLF001 - there is no public way
        self._store = scala_context.statusStore().store()
        self._bus, self._gateway = scala_context.listenerBus(), context._gateway  # noqa: SLF001 - the same
        loader = scala_context.getClass().getClassLoader()
        self._stages = loader.loadClass("org.apache.spark.status.StageDataWrapper")
        self._tasks = loader.loadClass("org.apache.spark.status.TaskDataWrapper")
        self._int = jvm.int
        self._mapper = jvm.com.fasterxml.jackson.databind.ObjectMapper()
        module = getattr(jvm.com.fasterxml.jackson.module.scala, "DefaultScalaModule$")
        self._mapper.registerModule(getattr(module, "MODULE$"))

    def ended_stages(self, since: int, most: int) -> list[dict[str, Any]]:
        """Stages that ended at ``since`` (epoch milliseconds) or later, the earliest first: five calls."""
        view = self._store.view(self._stages).index("completionTime").first(max(EARLIEST, since)).max(most)
        return [row["info"] for row in self._read(view)]

    def task_from_top(self, stage: tuple[int, int], index: TaskIndex, place: int) -> dict[str, Any] | None:
        """The finished task with ``place`` others above it in the order of the index: ten calls.

        Args:
            stage: id and attempt.
            index: the order; tasks that failed come last.
            place: 0 for the largest.
        """
        key = self._gateway.new_array(self._int, 2)
        key[0], key[1] = stage
        rows = self._read(self._store.view(self._tasks).parent(key).index(index).reverse().skip(place).max(1))
        return rows[0] if rows else None

    def settle(self, seconds: float) -> None:
        """Wait until the store has all that has happened so far; raises py4j's error if that takes longer."""
        self._bus.waitUntilEmpty(int(seconds * 1000))

    def _read(self, view: Any) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", json.loads(self._mapper.writeValueAsString(view)))
