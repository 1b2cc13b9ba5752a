"""A uniform sample of a DataFrame as one matrix in the driver's memory: Arrow all the way, no boxed rows."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.matrix import smallest, to_arrays
from airflow_spark_guard.job.sample import Columns, Sample, SampleError, SampleReport, check_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

__all__ = ["Sample", "SampleError", "SampleReport", "collect_sample"]

_SPARK_TYPES = {"float32": "float", "float64": "double"}
_NULLS = ("error", "drop", "nan")
# Five standard deviations of surplus: a second pass is needed about once in three million samples.
_SURPLUS_SIGMAS = 5.0


def collect_sample(
    df: Any,
    features: Sequence[str] | str,
    label: str | None = None,
    *,
    max_rows: int = 200_000,
    seed: int,
    nulls: str = "error",
    dtype: str = "float32",
) -> Sample:
    """Bring at most ``max_rows`` rows to the driver, drawn uniformly and without replacement.

    ::

        sample = collect_sample(flights, ["hour", "distance"], "dep_delay", seed=7)
        model.fit(sample.X, sample.y)

    The source is read twice (a count, then the sample), so cache what is dear to compute. Rows keep the
    source's order; shuffle before splitting if that order means something. The same seed gives the same rows
    as long as the plan is the same: other partitions, another file order or another filter draw anew.

    Args:
        df: a Spark DataFrame.
        features: names of number, boolean or decimal columns; or the name of one vector column
            (``pyspark.ml``, dense and sparse rows mixed), which is collected dense.
        label: name of a number, boolean or decimal column.
        max_rows: exactly this many rows are taken, or all of them where there are fewer.
        seed: of the drawing.
        nulls: what a null does. ``"error"`` refuses; ``"drop"`` leaves the row out and counts it in the
            report; ``"nan"`` turns a feature into NaN, and still refuses a null label, which no model can
            learn from.
        dtype: ``"float32"`` or ``"float64"``, of ``X`` and ``y``. The cast happens in Spark, so that float32
            halves what travels.

    Returns:
        Sample: ``X`` of shape (rows, features), ``y`` of shape (rows,) or None, names and a report.

    Raises:
        SampleError: wrong arguments, unusable columns, nulls that were not allowed, or an empty source.
    """
    started = time.monotonic()
    _check_arguments(max_rows, seed, nulls, dtype)
    columns = check_columns(df.schema, features, label)
    total, usable = _count(df, columns, nulls)
    rows = min(max_rows, usable)
    batches, keep = _draw(_prepared(df, columns, nulls), columns, (rows, usable), seed, _SPARK_TYPES[dtype])
    x, y = to_arrays(batches, keep, dtype, None if columns.vector else len(columns.features))
    size = x.nbytes + (0 if y is None else y.nbytes)
    report = SampleReport(total, total - usable, rows, size, round(time.monotonic() - started, 3))
    return Sample(x, y, columns.feature_names(x.shape[1]), report)


def _check_arguments(max_rows: object, seed: object, nulls: str, dtype: str) -> None:
    checks = (
        ("max_rows", max_rows, _is_int(max_rows) and max_rows >= 1, "a whole number of at least 1"),  # type: ignore[operator]
        ("seed", seed, _is_int(seed), "a whole number; the same one gives the same sample"),
        ("nulls", nulls, nulls in _NULLS, "one of: " + ", ".join(_NULLS)),
        ("dtype", dtype, dtype in _SPARK_TYPES, "one of: " + ", ".join(_SPARK_TYPES)),
    )
    for name, value, good, expected in checks:
        if not good:
            raise SampleError(
                f"collect_sample cannot use this {name}.",
                got=repr(value),
                expected=expected,
                advice=f"Correct {name}= in the call.",
            )


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _column(name: str) -> Any:
    from pyspark.sql import functions as sf

    # Quoted, since an unquoted dot would mean a field of a struct.
    return sf.col("`" + name.replace("`", "``") + "`")


def _count(df: Any, columns: Columns, nulls: str) -> tuple[int, int]:
    """Rows of the source, and those that may be drawn: one pass."""
    from pyspark.sql import functions as sf

    names = _must_be_set(columns, nulls)
    complete = sf.lit(True)  # noqa: FBT003 - a literal column
    for name in names:
        complete = complete & _column(name).isNotNull()
    counts = [sf.count(_column(name)) for name in names]
    total, usable, *filled = df.agg(sf.count(sf.lit(1)), sf.count(sf.when(complete, 1)), *counts).first()
    empty_by_name = {name: total - filled[i] for i, name in enumerate(names) if filled[i] < total}
    if total and empty_by_name and nulls != "drop":
        _refuse_nulls(empty_by_name, total, nulls)
    if not usable:
        raise SampleError(
            "There are no rows to sample.",
            got=f"{total} rows, each with a null" if total else "an empty DataFrame",
            expected="at least one row" + (" without a null" if total else ""),
            advice="Look at the filters and the path of the source; nulls='nan' keeps rows with nulls.",
        )
    return total, usable


def _must_be_set(columns: Columns, nulls: str) -> tuple[str, ...]:
    """Columns in which a null is refused, or takes its row away."""
    if nulls == "nan":
        return () if columns.label is None else (columns.label,)
    return columns.all()


def _refuse_nulls(empty_by_name: dict[str, int], total: int, nulls: str) -> None:
    if nulls == "nan":
        advice = "Filter them out before the call: df.where(df[label].isNotNull())."
    else:
        advice = "Pass nulls='drop' or nulls='nan', or fill them before the call with df.fillna(...)."
    raise SampleError(
        "There are nulls in the label." if nulls == "nan" else "There are nulls in the columns to collect.",
        got=", ".join(f"{name}: {count}" for name, count in empty_by_name.items()) + f" (of {total} rows)",
        expected="a value in every row",
        advice=advice,
    )


def _prepared(df: Any, columns: Columns, nulls: str) -> Any:
    """The source without the rows that are to be dropped."""
    if nulls == "drop":
        for name in columns.all():
            df = df.where(_column(name).isNotNull())
    return df


def _draw(
    df: Any, columns: Columns, rows_of: tuple[int, int], seed: int, spark_type: str
) -> tuple[list[Any], np.ndarray[Any, Any] | None]:
    """Record batches with at least the wanted rows, and which rows to keep (None: all)."""
    rows, usable = rows_of
    if rows == usable:
        batches = _record_batches(df.select(*_projection(columns, spark_type)))
        if sum(batch.num_rows for batch in batches) != rows:
            raise _changed(rows, batches)
        return batches, None
    fraction = _fraction(rows, usable)
    while True:
        batches = _record_batches(_thinned(df, columns, seed, fraction, spark_type))
        if sum(batch.num_rows for batch in batches) >= rows:
            return batches, smallest(batches, rows)
        if fraction >= 1:
            raise _changed(rows, batches)
        fraction = min(1.0, 2 * fraction)


def _fraction(rows: int, usable: int) -> float:
    """Share of the rows to ask for, so that at least ``rows`` of ``usable`` come almost surely."""
    surplus = _SURPLUS_SIGMAS * (math.sqrt(rows * (1 - rows / usable)) + 1)
    return min(1.0, (rows + surplus) / usable)


def _thinned(df: Any, columns: Columns, seed: int, fraction: float, spark_type: str) -> Any:
    """About ``fraction`` of the rows, each with its random value ``r``; arrays are built for those alone."""
    from pyspark.sql import functions as sf

    # Positional names: the source may have a column named r.
    renamed = [_column(name).alias(f"c{i}") for i, name in enumerate(columns.all())]
    drawn = df.select(*renamed, sf.rand(seed).alias("r")).where(sf.col("r") < fraction)
    count = len(columns.features)
    inner = Columns(tuple(f"c{i}" for i in range(count)), columns.label and f"c{count}", columns.vector, {})
    return drawn.select(*_projection(inner, spark_type), "r")


def _projection(columns: Columns, spark_type: str) -> list[Any]:
    """``x``: the features of a row as one array; ``y``: its label, where there is one."""
    from pyspark.sql import functions as sf

    if columns.vector:
        from pyspark.ml.functions import vector_to_array

        vector = _column(columns.features[0])
        array = vector_to_array(vector, "float32" if spark_type == "float" else "float64")
        # vector_to_array fails on null; what stays null here becomes a row of NaN.
        x = sf.when(vector.isNotNull(), array)
    else:
        nan = sf.lit(math.nan).cast(spark_type)
        x = sf.array(*(sf.coalesce(_column(name).cast(spark_type), nan) for name in columns.features))
    parts = [x.alias("x")]
    return parts if columns.label is None else [*parts, _column(columns.label).cast(spark_type).alias("y")]


def _record_batches(df: Any) -> list[Any]:
    if hasattr(df, "toArrow"):
        return list(df.toArrow().to_batches())
    # Spark 3.5 has no public way to Arrow; toPandas itself goes through this one there.
    return list(df._collect_as_arrow())  # noqa: SLF001


def _changed(rows: int, batches: Iterable[Any]) -> SampleError:
    return SampleError(
        "The source gave other rows when it was read again.",
        got=f"{sum(batch.num_rows for batch in batches)} rows",
        expected=f"{rows} rows, as counted before",
        advice="Cache or write the DataFrame first: its plan is not deterministic, or its files changed.",
    )
