"""The passes over the source: counting it, weighing it, reading it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection import strata as stratifying
from airflow_spark_guard.job.collection.arrow_stream import ArrowBatches, estimated_bytes
from airflow_spark_guard.job.collection.blocks import Layout, NotUnrolledError
from airflow_spark_guard.job.collection.draw import thinned
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.meter import Meter
from airflow_spark_guard.job.collection.projection import is_set, named, project, quoted
from airflow_spark_guard.job.collection.reading import Reading

if TYPE_CHECKING:
    from airflow_spark_guard.job.collection.budget import Budget
    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.draw import Draw
    from airflow_spark_guard.job.collection.reading import Form, Room


class Passes:
    """A source and what is asked of it.

    Attributes:
        made: the passes so far, by name.
        draw: how rows are given their numbers; :meth:`weigh` completes it.

    Args:
        df: the source.
        columns: to collect.
        form: of the arrays.
        draw: see above.
        stratum: column of the strata, if any.
        budget: bounds what a pass may hold.
    """

    def __init__(
        self, df: Any, columns: Columns, form: Form, draw: Draw, stratum: str | None, budget: Budget
    ) -> None:
        self._df, self._columns, self._form, self.draw = df, columns, form, draw
        self._stratum, self._budget = stratum, budget
        self.made: list[str] = []

    def believed_bytes(self) -> int | None:
        """What Spark believes of the size of these columns; None where it says nothing."""
        return estimated_bytes(self._df.selectExpr(*(quoted(column.name) for column in self._columns.all())))

    def count(self) -> int:
        """Rows of the source."""
        self.made.append("count")
        return int(self._df.count())

    def strata(self) -> tuple[dict[Any, int], int]:
        """Rows of each stratum that may be drawn, and rows of the source in all."""
        from pyspark.sql import functions as sf

        self.made.append("strata")
        usable = sf.lit(True)  # noqa: FBT003 - a literal column
        for column in self._columns.all() if self._form.nulls == "drop" else ():
            usable = usable & is_set(column)
        return stratifying.count_strata(self._df, str(self._stratum), usable)

    def weigh(self, weight: str) -> tuple[int, int]:
        """Rows of the source, and rows that have a weight above zero, which alone can be drawn.

        Raises:
            SampleError: negative, infinite or missing weights.
        """
        from pyspark.sql import functions as sf

        value = named(weight).cast("double")
        self.made.append("weights")
        wrong = value.isNull() | sf.isnan(value) | (value < 0) | (value == math.inf)
        total, bad, usable, weights = self._df.agg(
            sf.count(sf.lit(1)),
            sf.count(sf.when(wrong, 1)),
            sf.count(sf.when(~wrong & (value > 0), 1)),
            sf.sum(sf.when(~wrong, value)),
        ).first()
        if bad:
            raise SampleError(
                f"Column {weight!r} has values that are not weights.",
                got=f"{bad} of {total} rows",
                expected="finite numbers of at least 0, no nulls",
                advice="Fill or filter them before the call, for example with df.fillna({...: 0}).",
            )
        self._df = self._df.where(value > 0)
        self.draw = replace(self.draw, rows_per_weight=usable / weights if usable else 1.0)
        return total, usable

    def width(self) -> int | None:
        """Features of a row, by the first one without a null; None for a source without any."""
        layout = Layout(self._columns, self._form.dtype)
        self.made.append("probe")
        wide = [is_set(column) for column in self._columns.of("array", "vector")]
        frame = project(self._df.where(reduce(and_, wide)), self._columns, self._form.dtype)
        with ArrowBatches(frame.limit(1)) as batches:
            for batch in batches:
                layout.learn(batch)
        return layout.width

    def read(self, condition: Any, room: Room) -> Reading:
        """The rows that meet ``condition``, or all for None.

        First as if every vector were dense and as wide as its metadata promise, which is faster.

        Raises:
            TooManyRowsError: more than the room's ceiling.
            SampleError: flaws, or more than the budget allows.
        """
        self.made.append("rows")
        try:
            return self._read_once(condition, room, unrolled=not self._form.sparse)
        except NotUnrolledError:
            return self._read_once(condition, room, unrolled=False)

    def _read_once(self, condition: Any, room: Room, *, unrolled: bool) -> Reading:
        form = (self._form.dtype, unrolled)
        if condition is None:
            frame = project(self._df, self._columns, self._form.dtype, unrolled=unrolled)
        else:
            frame = thinned(self._df, self._columns, self.draw, condition, self._stratum, form)
        reading = Reading(self._columns, self._form, room, self._budget)
        meter = Meter(None if room.ceiling is not None else room.reserved)
        try:
            with ArrowBatches(frame) as batches:
                for batch in batches:
                    reading.add(batch)
                    meter.advance(batch.num_rows)
        finally:
            meter.close()
        reading.finish(batches.order)
        return reading
