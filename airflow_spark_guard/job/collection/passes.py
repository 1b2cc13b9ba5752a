"""The passes over the source: counting it, weighing it, reading it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection import strata as stratifying
from airflow_spark_guard.job.collection.arrow_stream import ArrowBatches, estimated_bytes
from airflow_spark_guard.job.collection.columns import Columns
from airflow_spark_guard.job.collection.draw import thinned
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.kinds.base import named, quoted
from airflow_spark_guard.job.collection.kinds.vector import NotUnrolledError
from airflow_spark_guard.job.collection.layout import Layout
from airflow_spark_guard.job.collection.projection import project
from airflow_spark_guard.job.collection.reading import Reading, RowProgress

if TYPE_CHECKING:
    from airflow_spark_guard.job.collection.array_format import ArrayFormat
    from airflow_spark_guard.job.collection.budget import Budget
    from airflow_spark_guard.job.collection.draw import Draw
    from airflow_spark_guard.job.collection.reading import RowBudget

# 2 ** -64: as many weights as there are rows in any table do not overflow.
_SCALE = 2.0**-64


class Passes:
    """A source and what is asked of it.

    Attributes:
        made: the passes so far, by name.

    Args:
        df: the source.
        columns: to collect.
        array_format: of the arrays.
        budget: bounds what a pass may hold.
    """

    def __init__(self, df: Any, columns: Columns, array_format: ArrayFormat, budget: Budget) -> None:
        self._df, self._columns, self._format, self._budget = df, columns, array_format, budget
        self.made: list[str] = []

    def believed_bytes(self) -> int | None:
        """Spark's estimate for the size of these columns; None if it has none."""
        return estimated_bytes(self._df.selectExpr(*(quoted(column.name) for column in self._columns.all())))

    def count(self) -> int:
        """Rows of the source."""
        self.made.append("count")
        return int(self._df.count())

    def count_usable(self) -> tuple[int, int]:
        """Rows of the source, and those that may be drawn: with ``nulls="drop"`` the complete ones."""
        from pyspark.sql import functions as sf

        if self._format.nulls != "drop":
            rows = self.count()
            return rows, rows
        self.made.append("count")
        rows, usable = self._df.agg(sf.count(sf.lit(1)), sf.count(sf.when(self._usable(), 1))).first()
        return rows, usable

    def strata(self, column: str) -> stratifying.Strata:
        """The strata, with the rows of each that may be drawn."""
        self.made.append("strata")
        return stratifying.count_strata(self._df, column, self._usable())

    def weigh(self, weight: str) -> tuple[int, int, float]:
        """Rows of the source, those that may be drawn, with a weight above zero, and the draw's ``log_rate``.

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
        if not positive:
            return total, usable, 0.0
        # The sum of large weights overflows, that of small ones vanishes when it is scaled.
        log_sum = math.log(weights) if weights < math.inf else math.log(scaled) - math.log(_SCALE)
        return total, usable, math.log(positive) - log_sum

    def width(self) -> int | None:
        """Features of a row, by the first arrays and vectors; None if a column has none."""
        layout = Layout(self._columns, self._format.dtype)
        self._learn(self._df, layout)
        return layout.width

    def read(self, rows: RowBudget, draw: Draw | None = None, condition: Any = None) -> Reading:
        """The rows that meet ``condition``, with what ``draw`` sends beside them; or all rows alone.

        First as if every vector were dense and as wide as its metadata promise, which is faster.

        Raises:
            TooManyRowsError: more rows than the ceiling.
            SampleError: invalid values, or more than the budget allows.
        """
        self.made.append("rows")
        try:
            return self._read_once(rows, draw, condition, unrolled=not self._format.sparse)
        except NotUnrolledError:
            return self._read_once(rows, draw, condition, unrolled=False)

    def _read_once(self, rows: RowBudget, draw: Draw | None, condition: Any, *, unrolled: bool) -> Reading:
        df, dtype = self._df, self._format.dtype
        if draw is None:
            frame = project(df, self._columns, dtype, unrolled=unrolled)
        else:
            df = df if draw.weight is None else df.where(named(draw.weight).cast("double") > 0)
            frame = thinned(df, self._columns, draw, condition, dtype, unrolled=unrolled)
        reading = Reading(self._columns, self._format, rows, self._budget)
        progress = RowProgress(None if rows.ceiling is not None else rows.reserved)
        try:
            with ArrowBatches(frame) as batches:
                for batch in batches:
                    reading.add(batch)
                    progress.advance(batch.num_rows)
        finally:
            progress.close()
        if reading.waits and self._format.nulls != "drop":
            # Not one of the rows drawn has such an array; another row of the source may.
            self._learn(df, reading.layout)
            if reading.layout.width is not None:
                reading.write_waiting()
        reading.finish(batches.order)
        return reading

    def _learn(self, df: Any, layout: Layout) -> None:
        """Ask the source for one array or vector of each column whose width is unknown."""
        self.made.append("probe")
        for column, reader in zip(self._columns.features, layout.readers, strict=True):
            if reader.width is None:
                one = project(df.where(column.is_there()), Columns((column,)), self._format.dtype)
                with ArrowBatches(one.limit(1)) as batches:
                    for batch in batches:
                        reader.learn(batch, 0)

    def _usable(self) -> Any:
        """Spark's condition for a row that may be drawn."""
        from pyspark.sql import functions as sf

        usable = sf.lit(True)  # noqa: FBT003 - a literal column
        for column in self._columns.all() if self._format.nulls == "drop" else ():
            usable = usable & column.is_set()
        return usable
