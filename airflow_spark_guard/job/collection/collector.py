"""One collection: how many rows are wanted, and which passes over the source give them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection import chosen
from airflow_spark_guard.job.collection import strata as stratifying
from airflow_spark_guard.job.collection.blocks import Layout
from airflow_spark_guard.job.collection.budget import budget_for, memory_left
from airflow_spark_guard.job.collection.draw import Draw, share_for
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.passes import Passes
from airflow_spark_guard.job.collection.reading import Form, Reading, Room, TooManyRowsError
from airflow_spark_guard.job.collection.sample import Sample, SampleReport
from airflow_spark_guard.job.collection.table import Blocks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.options import DrawOptions
    from airflow_spark_guard.job.collection.strata import Stratify

    Array = np.ndarray[Any, Any]

# A source is read at once, uncounted, when Spark believes it to be at most this part of the sample. Files are
# compressed five times and more, and partitions arrive whole: what was read in vain should be about a sample.
_PROBABLY_WHOLE = 0.25


class Collector:
    """One call of :func:`~airflow_spark_guard.job.collect_sample`, its arguments checked."""

    def __init__(self, df: Any, columns: Columns, options: DrawOptions, form: Form) -> None:
        self._columns, self._options, self._form = columns, options, form
        self._keyed = bool(options.keys)
        self._started = time.monotonic()
        result_size = df.sparkSession.conf.get("spark.driver.maxResultSize", "1g")
        self._budget = budget_for(options.max_bytes, result_size, memory_left())
        draw = Draw(options.seed, options.keys, options.weight)
        stratum = None if options.strata is None else options.strata.column
        self._passes = Passes(df, columns, form, draw, stratum, self._budget)
        self._row_bytes = self._known_row_bytes()

    def sample(self) -> Sample:
        """Count if need be, draw, cut, and put in order."""
        if self._options.strata is not None:
            return self._stratified(self._options.strata)
        if self._options.weight is not None:
            total, usable = self._passes.weigh(self._options.weight)
            self._refuse_empty(usable, total)
            return self._uniform(total, usable)
        try:
            return self._whole() if self._is_small() else self._uniform(self._options.total_rows)
        except TooManyRowsError:
            return self._uniform(None)

    def _whole(self) -> Sample:
        """Every row, not counted before: there are probably few."""
        ceiling = self._options.max_rows
        if self._row_bytes is not None:
            fitting = self._budget.rows(self._row_bytes)
            ceiling = ceiling if fitting is None else min(ceiling, fitting)
        condition = self._passes.draw.below(1.0) if self._keyed else None
        reading = self._passes.read(condition, Room(ceiling, ceiling, ceiling))
        return self._made(reading, chosen.all_rows(reading, keyed=self._keyed), reading.counts.read)

    def _uniform(self, told: int | None, usable: int | None = None) -> Sample:
        """The rows with the smallest numbers, of ``told`` rows: what was counted, or what the caller said."""
        total = self._passes.count() if told is None else told
        believed = told is not None and usable is None
        usable = total if usable is None else usable
        # What the caller said may be too little: the rows are then cut from what comes.
        trusted = not believed or self._options.fraction is not None
        rows = self._fitting(self._options.rows(usable) if trusted else self._options.max_rows)
        share = share_for(rows, usable)
        while True:
            expected = min(usable, int(share * usable * 1.01) + 1000)
            whole = not believed and rows >= usable and not self._keyed and self._options.weight is None
            condition = None if whole else self._passes.draw.below(share)
            room = Room(rows, expected, 2 * expected if believed else None)
            reading = self._passes.read(condition, room)
            # How many rows a weighted one stands for is told by the first one that was not taken.
            if len(reading) >= rows + (self._options.weight is not None) or share >= 1:
                break
            share = _wider(share, rows, len(reading))
        if not believed:
            _check_unchanged(reading, rows)
        order = chosen.rows_with_least(reading, rows, keyed=self._keyed)
        weights = None if self._options.weight is None else chosen.inverse_chances(reading, order)
        return self._made(reading, order, total, sample_weight=weights)

    def _stratified(self, how: Stratify) -> Sample:
        import numpy as np

        counts, total = self._passes.strata()
        rows = self._fitting(self._options.rows(sum(counts.values())))
        self._refuse_empty(rows, total)
        wanted = stratifying.allocate(counts, rows, how)
        numbers = {_text(stratum): i for i, stratum in enumerate(counts)}
        reading, codes = self._read_strata(counts, wanted, numbers)
        order = chosen.rows_of_each(reading, codes, np.array(list(wanted.values())), keyed=self._keyed)
        codes = codes[order]
        self._refuse_empty(len(codes), total, reading.counts.missing)
        taken = np.bincount(codes, minlength=len(counts))
        stands_for = np.array(list(counts.values())) / np.maximum(1, taken)
        strata = _labels(list(counts), codes)
        return self._made(reading, order, total, strata=strata, sample_weight=stands_for[codes])

    def _read_strata(
        self, counts: Mapping[Any, int], wanted: Mapping[Any, int], numbers: dict[str | None, int]
    ) -> tuple[Reading, Array]:
        """At least the wanted rows of each stratum, and the stratum of each row."""
        import numpy as np

        shares = stratifying.shares(counts, wanted)
        rows = sum(wanted.values())
        room = Room(rows, int(1.02 * rows) + 1000)
        while True:
            condition = stratifying.condition(self._passes.draw, shares)
            reading = self._passes.read(condition, room)
            codes = reading.stratum_codes(numbers)
            if (codes < 0).any():
                late = f"{int((codes < 0).sum())} rows of strata that were not there before"
                raise _changed(late, "the strata that were counted before")
            found = np.bincount(codes, minlength=len(counts))
            short = [s for s, n in zip(counts, found, strict=True) if n < wanted[s] and shares[s] < 1]
            if not short:
                return reading, codes
            shares.update({stratum: min(1.0, 2 * shares[stratum]) for stratum in short})

    def _made(
        self,
        reading: Reading,
        order: Array | Blocks | None,
        total: int,
        *,
        strata: Array | None = None,
        sample_weight: Array | None = None,
    ) -> Sample:
        counts = reading.counts
        taken = len(reading) if order is None or isinstance(order, Blocks) else len(order)
        self._refuse_empty(taken, total, counts.missing)
        x, y = reading.take(order)
        categories = reading.layout.settle(x, y)
        report = SampleReport(
            rows_total=total,
            rows_read=counts.read,
            rows_dropped=counts.dropped,
            rows_taken=x.shape[0],
            bytes=_bytes(x) + (0 if y is None else y.nbytes),
            seconds=round(time.monotonic() - self._started, 3),
            passes=tuple(self._passes.made),
            seed=self._options.seed,
            nulls=self._form.nulls,
            missing=dict(counts.missing),
            categories=categories,
            label=None if self._columns.label is None else self._columns.label.name,
        )
        sample = Sample(x, y, reading.layout.feature_names(), report, strata, sample_weight)
        report.about(self._columns, sample)
        return sample

    def _known_row_bytes(self) -> int | None:
        """Bytes of a row of the arrays; None when only the rows can tell."""
        if self._form.sparse:
            return None
        width = Layout(self._columns, self._form.dtype).width
        if width is None and self._budget.asked:
            width = self._passes.width()
        return None if width is None else self._form.row_bytes(width, self._columns)

    def _fitting(self, rows: int) -> int:
        """So many rows, or fewer where the caller set a budget; raises where they do not fit."""
        if self._row_bytes is None:
            return rows
        if self._budget.asked and rows:
            rows = min(rows, self._budget.rows(self._row_bytes) or 0)
            if not rows:
                raise self._budget.refusal(1, self._row_bytes)
        self._budget.check(rows, self._row_bytes)
        return rows

    def _is_small(self) -> bool:
        """Whether all rows probably make no more than the sample."""
        options = self._options
        if options.fraction is not None:
            return False
        if options.total_rows is not None:
            return options.total_rows <= options.max_rows
        believed = None if self._row_bytes is None else self._passes.believed_bytes()
        if believed is None or self._row_bytes is None:
            return False
        # Spark's figure is of the source's own types, mostly of 8 bytes a value.
        of_row = self._row_bytes * (2 if self._form.dtype == "float32" else 1)
        return believed <= _PROBABLY_WHOLE * of_row * options.max_rows

    def _refuse_empty(self, rows: int, total: int, missing: Mapping[str, int] | None = None) -> None:
        if rows:
            return
        nulls = ", ".join(f"{name}: {count}" for name, count in (missing or {}).items())
        raise SampleError(
            "There are no rows to sample.",
            got=f"{total} rows, none of them complete; nulls in {nulls}"
            if nulls
            else f"{total} rows, none of which may be drawn"
            if total
            else "an empty DataFrame",
            expected="at least one row" + (" without a null, and with a weight above 0" if total else ""),
            advice="Look at the filters and the path of the source; nulls='nan' keeps rows with nulls.",
        )


def _check_unchanged(reading: Reading, wanted: int) -> None:
    found = len(reading) + reading.counts.dropped
    if found < wanted:
        raise _changed(f"{found} rows", f"at least {wanted} rows, as counted before")


def _changed(got: str, expected: str) -> SampleError:
    return SampleError(
        "The source gave other rows when it was read again.",
        got=got,
        expected=expected,
        advice="Cache or write the DataFrame first: its plan is not deterministic, or its files changed.",
    )


def _wider(share: float, wanted: int, found: int) -> float:
    """A larger share, after one that gave too few rows."""
    return min(1.0, share * max(2.0, 1.2 * wanted / max(1, found)))


def _bytes(x: Any) -> int:
    return (
        sum(part.nbytes for part in (x.data, x.indices, x.indptr)) if hasattr(x, "indptr") else int(x.nbytes)
    )


def _text(stratum: Any) -> str | None:
    """A stratum as Spark's cast to text writes it."""
    if isinstance(stratum, bool):
        return "true" if stratum else "false"
    return None if stratum is None else str(stratum)


def _labels(strata: Sequence[Any], codes: Array) -> Array:
    import numpy as np

    labels: Array = np.array(strata, dtype=object if None in strata else None)[codes]
    return labels
