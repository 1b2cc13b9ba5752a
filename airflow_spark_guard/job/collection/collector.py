"""One collection: how many rows are wanted, and which passes over the source give them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_spark_guard.job.collection import notes, selection
from airflow_spark_guard.job.collection import strata as stratifying
from airflow_spark_guard.job.collection.budget import budget_for, memory_left
from airflow_spark_guard.job.collection.draw import PART, Draw, share_for
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.invalid_values import (
    Counts,
    check_counts,
    counts_of,
    empty_columns,
    never_set,
)
from airflow_spark_guard.job.collection.layout import Layout
from airflow_spark_guard.job.collection.passes import Passes
from airflow_spark_guard.job.collection.reading import Reading, RowBudget, TooManyRowsError
from airflow_spark_guard.job.collection.report import SampleReport
from airflow_spark_guard.job.collection.sample import Sample, nbytes
from airflow_spark_guard.job.collection.split import Split, part_warnings
from airflow_spark_guard.job.collection.table import Blocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.kinds.base import Array
    from airflow_spark_guard.job.collection.options import SampleOptions
    from airflow_spark_guard.job.collection.strata import Stratify

# A source is read at once, uncounted, when Spark believes it to be at most this part of the sample. Files are
# compressed five times and more, and partitions arrive whole: what was read in vain should be about a sample.
_PROBABLY_WHOLE = 0.25


class Collector:
    """One call of :func:`~airflow_spark_guard.job.collect_sample`, its arguments checked."""

    def __init__(self, df: Any, columns: Columns, options: SampleOptions) -> None:
        self._columns, self._options, self._format = columns, options, options.array_format
        self._keyed = bool(options.keys)
        self._started = time.monotonic()
        self._draw = _draw(df.schema, columns, options)
        result_size = df.sparkSession.conf.get("spark.driver.maxResultSize", "1g")
        budget = budget_for(options.max_bytes, result_size, memory_left())
        self._budget = replace(budget, beside=self._draw.beside_bytes())
        self._passes = Passes(df, columns, self._format, self._budget)
        self._row_bytes = self._known_row_bytes()
        self._notes: list[str] = []

    def sample(self) -> Sample:
        """Count if need be, draw, cut, and put in order."""
        options = self._options
        if options.strata is not None:
            return self._stratified(options.strata)
        if options.weight is not None:
            total, usable, log_rate = self._passes.weigh(options.weight)
            self._draw = replace(self._draw, log_rate=log_rate)
            return self._counted(total, usable)
        if options.fraction is not None:
            # A share of what there is: here a number from elsewhere would change the sample.
            return self._counted(*self._passes.count_usable())
        try:
            return self._whole() if self._is_small() else self._uniform(options.total_rows)
        except TooManyRowsError:
            return self._uniform(None)

    def _counted(self, total: int, usable: int) -> Sample:
        self._refuse_empty(usable, total)
        return self._uniform(total, usable)

    def _whole(self) -> Sample:
        """Every row, not counted before: there are probably few."""
        ceiling, given = self._options.max_rows, self._options.total_rows
        if given is not None:
            ceiling = min(ceiling, 2 * given + 1000)
        if self._row_bytes is not None:
            bounds = (self._budget.rows(self._row_bytes), self._budget.returned(self._row_bytes))
            ceiling = min([ceiling, *(bound for bound in bounds if bound is not None)])
        reading = self._read(1.0, RowBudget(ceiling, ceiling, ceiling), whole=True)
        order = selection.all_rows(reading, keyed=self._keyed)
        return self._made(reading, order, reading.counts.read, whole=True)

    def _uniform(self, given: int | None, usable: int | None = None) -> Sample:
        """The rows with the smallest numbers.

        Args:
            given: rows of the source: counted, or the caller's number; None: they are counted here.
            usable: rows that may be drawn, where they were counted.
        """
        total = self._passes.count() if given is None else given
        believed = given is not None and usable is None
        usable = total if usable is None else usable
        # The caller's number may be too small: the rows are then cut from what comes.
        rows = self._fitting(self._options.max_rows if believed else self._options.rows(usable))
        share = share_for(rows, usable)
        while True:
            expected = min(usable, int(share * usable * 1.01) + 1000)
            budget = RowBudget(rows, expected, 2 * expected if believed else None)
            reading = self._read(share, budget, whole=not believed and rows >= usable)
            # How many rows a weighted one stands for depends on the first one that was not taken.
            if len(reading) >= rows + (self._options.weight is not None) or share >= 1:
                break
            share = min(1.0, share * max(2.0, 1.2 * rows / max(1, len(reading))))
        if not believed:
            selection.check_unchanged(reading, rows)
        order = selection.rows_with_least(reading, rows, keyed=self._keyed)
        weights = None if self._options.weight is None else selection.inverse_chances(reading, order)
        return self._made(reading, order, total, whole=share >= 1, sample_weight=weights)

    def _stratified(self, how: Stratify) -> Sample:
        strata = self._passes.strata(how.column)
        counts, total = strata.counts, strata.total
        rows = self._fitting(self._options.rows(sum(counts.values())), strata.text_bytes())
        self._refuse_empty(rows, total)
        wanted = stratifying.allocate(counts, rows, how)
        reading, codes, whole = self._read_strata(strata, wanted)
        order = selection.rows_of_each(reading, codes, np.array(list(wanted.values())), keyed=self._keyed)
        codes = codes[order]
        self._refuse_empty(len(codes), total, reading.counts.missing)
        taken = np.bincount(codes, minlength=len(counts))
        self._notes += notes.strata_warnings(how.column, strata.unusable, counts, list(wanted.values()))
        stands_for = np.array(list(counts.values())) / np.maximum(1, taken)
        labels = stratifying.labelled(list(counts), codes)
        sample = self._made(
            reading, order, total, whole=whole, strata=labels, sample_weight=stands_for[codes]
        )
        none = (stratum for stratum, rows in wanted.items() if not rows)
        return replace(sample, report=replace(sample.report, strata_left_out=(*strata.unusable, *none)))

    def _read_strata(
        self, strata: stratifying.Strata, wanted: Mapping[Any, int]
    ) -> tuple[Reading, Array, bool]:
        """At least the wanted rows of each stratum, the stratum of each row, and whether these are all."""
        counts = strata.counts
        shares = stratifying.shares(counts, wanted)
        numbers = {number: i for i, number in enumerate(strata.hashes)}
        rows = sum(wanted.values())
        budget = RowBudget(rows, int(1.02 * rows) + 1000)
        while True:
            condition = stratifying.condition(self._draw, shares)
            reading = self._passes.read(budget, self._draw, condition)
            codes = reading.stratum_codes(numbers)
            selection.check_strata(codes)
            found = np.bincount(codes, minlength=len(counts))
            short = [s for s, n in zip(counts, found, strict=True) if n < wanted[s]]
            again = [stratum for stratum in short if shares[stratum] < 1]
            if not again:
                selection.check_found(short)
                return reading, codes, all(share >= 1 for share in shares.values())
            shares.update({stratum: min(1.0, 2 * shares[stratum]) for stratum in again})

    def _made(
        self,
        reading: Reading,
        order: Array | Blocks | None,
        total: int,
        *,
        whole: bool,
        **arrays: Array | None,
    ) -> Sample:
        """The sample of these rows; with ``whole``, every row of the source was read."""
        counts = reading.counts
        taken = len(reading) if order is None or isinstance(order, Blocks) else len(order)
        self._refuse_empty(taken, total, counts.missing)
        parts = None if self._options.parts is None else self._parts(self._options.parts, reading, order)
        if self._keyed and taken < len(reading):
            self._notes += notes.key_warnings(self._options.keys, *selection.doubtful_keys(reading))
        columns = reading.layout.known()
        x, y = reading.take(order)
        found = counts_of(x, y, columns, counts)
        self._judge(found, columns, whole=whole and taken == counts.read)
        categories = reading.layout.sort_texts(x, y)
        report = SampleReport(
            rows_total=total,
            rows_read=counts.read,
            rows_dropped=counts.dropped,
            rows_taken=x.shape[0],
            bytes=nbytes(x, y),
            seconds=round(time.monotonic() - self._started, 3),
            passes=tuple(self._passes.made),
            seed=self._options.seed,
            nulls=self._format.nulls,
            missing=dict(counts.missing),
            categories=categories,
            label=None if self._columns.label is None else self._columns.label.name,
            warnings=tuple(self._notes),
        )
        return Sample(x, y, reading.layout.feature_names(), report, parts=parts, columns=columns, **arrays)

    def _judge(self, found: Counts, columns: Columns, *, whole: bool) -> None:
        """Refuse, or note, invalid values in the rows drawn; other rows that were read do not matter.

        With ``whole`` they are all rows of the source.
        """
        check_counts(found, columns, self._format, drawn=True)
        empty = empty_columns(found, columns)
        if empty and whole and found.read and self._format.nulls == "nan":
            raise never_set(empty[0], found.read)
        if empty:
            self._notes.append(notes.empty_warning(empty, found.read))

    def _parts(self, split: Split, reading: Reading, order: Array | Blocks | None) -> Array:
        """The name of the part of each row of the sample."""
        codes = split.codes(reading.beside(PART), reading.nulls(PART))
        without = reading.nulls(PART)
        rows = order.rows() if isinstance(order, Blocks) else order
        if rows is not None:
            codes, without = codes[rows], without[rows]
        self._notes += part_warnings(split, codes, without)
        return stratifying.labelled(split.names, codes)

    def _read(self, share: float, budget: RowBudget, *, whole: bool) -> Reading:
        """About this share of the rows; ``whole``: all of them are taken, so few need a number."""
        options = self._options
        if whole and not self._keyed and options.weight is None and options.split is None:
            return self._passes.read(budget)
        return self._passes.read(budget, self._draw, self._draw.below(share))

    def _known_row_bytes(self) -> int | None:
        """Bytes of a row of the arrays; None if only the rows have that."""
        if self._format.sparse:
            return None
        width = Layout(self._columns, self._format.dtype).width
        if width is None and self._budget.asked:
            width = self._passes.width()
        return None if width is None else self._format.row_bytes(width, self._columns)

    def _fitting(self, rows: int, texts: int = 0) -> int:
        """So many rows, or fewer where the caller set a budget; raises where they do not fit."""
        if self._row_bytes is None:
            return rows
        if self._budget.asked and rows:
            rows = min(rows, self._budget.rows(self._row_bytes) or 0)
            if not rows:
                raise self._budget.refusal(1, self._row_bytes)
        self._budget.check(rows, self._row_bytes, texts)
        return rows

    def _is_small(self) -> bool:
        """Whether all rows probably make no more than the sample.

        Raises:
            SampleError: the caller gives their number, and so many do not fit.
        """
        given, max_rows = self._options.total_rows, self._options.max_rows
        if given is not None:
            return given <= max_rows and self._fitting(given) == given
        believed = None if self._row_bytes is None else self._passes.believed_bytes()
        if believed is None or self._row_bytes is None:
            return False
        # Spark's figure is of the source's own types, mostly of 8 bytes a value.
        of_row = self._row_bytes * (2 if self._format.dtype == "float32" else 1)
        return believed <= _PROBABLY_WHOLE * of_row * max_rows

    def _refuse_empty(self, rows: int, total: int, missing: Mapping[str, int] | None = None) -> None:
        if rows:
            return
        nulls = ", ".join(f"{name}: {count}" for name, count in (missing or {}).items())
        raise SampleError(
            "No rows to sample.",
            got=f"{total} rows, none of them complete; nulls in {nulls}"
            if nulls
            else f"{total} rows, none of which may be drawn"
            if total
            else "an empty DataFrame",
            expected="at least one row" + (" without a null, and with a weight above 0" if total else ""),
            advice="Look at the filters and the path of the source; nulls='nan' keeps rows with nulls.",
        )


def _draw(schema: Any, columns: Columns, options: SampleOptions) -> Draw:
    collected = [column.name for column in columns.all()]
    return Draw(
        options.seed,
        options.keys,
        options.weight,
        row=tuple(dict.fromkeys((*collected, *options.columns()))),
        stratum=None if options.strata is None else options.strata.column,
        part=None if options.parts is None else options.parts.sql(schema, options.seed),
    )
