"""The passes over the source: counting it, weighing it, reading it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection import strata as stratifying
from airflow_spark_guard.job.collection.arrow_stream import ArrowBatches, estimated_bytes
from airflow_spark_guard.job.collection.blocks import Layout, NotUnrolledError
from airflow_spark_guard.job.collection.columns import Columns
from airflow_spark_guard.job.collection.draw import thinned
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.meter import Meter
from airflow_spark_guard.job.collection.projection import is_set, is_there, named, project, quoted
from airflow_spark_guard.job.collection.reading import Reading

if TYPE_CHECKING:
    from airflow_spark_guard.job.collection.budget import Budget
    from airflow_spark_guard.job.collection.draw import Draw
    from airflow_spark_guard.job.collection.reading import Form, Room


# 2 ** -64: as many weights as there are rows in any table do not overflow.
_SCALE = 2.0**-64


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
        budget: bounds what a pass may hold.
    """

    def __init__(self, df: Any, columns: Columns, form: Form, draw: Draw, budget: Budget) -> None:
        self._df, self._columns, self._form, self.draw = df, columns, form, draw
        self._budget = budget
        self.made: list[str] = []

    def believed_bytes(self) -> int | None:
        """What Spark believes of the size of these columns; None where it says nothing."""
        return estimated_bytes(self._df.selectExpr(*(quoted(column.name) for column in self._columns.all())))

    def count(self) -> int:
        """Rows of the source."""
        self.made.append("count")
        return int(self._df.count())

    def count_usable(self) -> tuple[int, int]:
        """Rows of the source, and those that may be drawn: with ``nulls="drop"`` the complete ones."""
        from pyspark.sql import functions as sf

        if self._form.nulls != "drop":
            rows = self.count()
            return rows, rows
        self.made.append("count")
        rows, usable = self._df.agg(sf.count(sf.lit(1)), sf.count(sf.when(self._usable(), 1))).first()
        return rows, usable

    def strata(self) -> stratifying.Strata:
        """The strata, with the rows of each that may be drawn."""
        self.made.append("strata")
        return stratifying.count_strata(self._df, str(self.draw.stratum), self._usable())

    def weigh(self, weight: str) -> tuple[int, int]:
        """Rows of the source, and rows that may be drawn: those with a weight above zero.

        Raises:
            SampleError: negative, infinite or missing weights.
        """
        from pyspark.sql import functions as sf

        value = named(weight).cast("double")
        self.made.append("weights")
        wrong = value.isNull() | sf.isnan(value) | (value < 0) | (value == math.inf)
        good = ~wrong & (value > 0)
        total, bad, positive, usable, weights, scaled = self._df.agg(
            sf.count(sf.lit(1)),
            sf.count(sf.when(wrong, 1)),
            sf.count(sf.when(good, 1)),
            sf.count(sf.when(good & self._usable(), 1)),
            sf.sum(sf.when(good, value)),
            sf.sum(sf.when(good, value * _SCALE)),
        ).first()
        if bad:
            raise SampleError(
                f"Column {weight!r} has values that are not weights.",
                got=f"{bad} of {total} rows",
                expected="finite numbers of at least 0, no nulls",
                advice="Fill or filter them before the call, for example with df.fillna({...: 0}).",
            )
        self._df = self._df.where(value > 0)
        if positive:
            # The sum of large weights overflows, that of small ones vanishes when it is scaled.
            log_sum = math.log(weights) if weights < math.inf else math.log(scaled) - math.log(_SCALE)
            self.draw = replace(self.draw, log_rate=math.log(positive) - log_sum)
        return total, usable

    def width(self) -> int | None:
        """Features of a row, by the first arrays and vectors; None where a column has none."""
        layout = Layout(self._columns, self._form.dtype)
        self.learn(layout)
        return layout.width

    def learn(self, layout: Layout) -> None:
        """Ask the source for one array or vector of each column whose width is unknown."""
        unknown = layout.unknown()
        self.made.append("probe")
        for i, column in enumerate(self._columns.features):
            if column.name in unknown:
                one = Columns((column,))
                frame = project(self._df.where(is_there(column)), one, self._form.dtype).limit(1)
                with ArrowBatches(frame) as batches:
                    for batch in batches:
                        layout.learn(batch, {0: i})

    def _usable(self) -> Any:
        """Spark's condition for a row that may be drawn."""
        from pyspark.sql import functions as sf

        usable = sf.lit(True)  # noqa: FBT003 - a literal column
        for column in self._columns.all() if self._form.nulls == "drop" else ():
            usable = usable & is_set(column)
        return usable

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
            frame = thinned(self._df, self._columns, self.draw, condition, form)
        reading = Reading(self._columns, self._form, room, self._budget)
        meter = Meter(None if room.ceiling is not None else room.reserved)
        try:
            with ArrowBatches(frame) as batches:
                for batch in batches:
                    reading.add(batch)
                    meter.advance(batch.num_rows)
        finally:
            meter.close()
        if reading.waits and self._form.nulls != "drop":
            # Not one of the rows drawn has such an array; another row of the source may.
            self.learn(reading.layout)
            if reading.layout.width is not None:
                reading.write_waiting()
        reading.finish(batches.order)
        return reading
