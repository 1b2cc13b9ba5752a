"""``iter_batches``: all rows through the driver, a batch at a time."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.array_format import ArrayFormat, check_argument, is_whole
from airflow_spark_guard.job.collection.arrow_stream import ArrowBatches
from airflow_spark_guard.job.collection.columns import Columns, check_apart, check_columns, plain
from airflow_spark_guard.job.collection.errors import SampleError, SampleWarning
from airflow_spark_guard.job.collection.invalid_values import check_counts
from airflow_spark_guard.job.collection.kinds.base import SPARK_TYPES
from airflow_spark_guard.job.collection.layout import Layout
from airflow_spark_guard.job.collection.notes import digits_lost, digits_warning
from airflow_spark_guard.job.collection.projection import project
from airflow_spark_guard.job.collection.reading import Reading, RowBudget, RowProgress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from airflow_spark_guard.job.collection.array_format import DType, Nulls
    from airflow_spark_guard.job.collection.kinds.base import Array


@dataclass(frozen=True, eq=False)
class Batch:
    """Some rows of a DataFrame.

    Attributes:
        X: shape (rows, features), C-contiguous; a ``scipy.sparse.csr_array`` with ``sparse=True``.
        y: shape (rows,); None without a label.
        feature_names: one name for each column of ``X``.
    """

    X: Any
    y: Array | None
    feature_names: tuple[str, ...]


def iter_batches(
    df: Any,
    features: Sequence[str] | str,
    label: str | None = None,
    *,
    batch_rows: int = 10_000,
    dtype: DType = "float32",
    nulls: Nulls = "error",
    categorical: Mapping[str, Sequence[str]] | None = None,
    sparse: bool = False,
) -> Iterator[Batch]:
    """All rows of a DataFrame, in its own order, in batches that the driver holds one at a time.

    ::

        for batch in iter_batches(flights, ["hour", "distance"], "delayed"):
            model.partial_fit(batch.X, batch.y, classes=[0, 1])

    For learners with ``partial_fit``. Spark computes a partition when it is asked for, and one ahead: a
    slow learner slows Spark down, and the driver's JVM never holds more than two partitions, whatever
    ``spark.driver.maxResultSize`` is. (On Spark Connect the server continues to compute, and keeps what was
    not read yet.) Leaving the loop, by ``break`` or by an error, cancels the Spark job as soon as the
    iterator is closed or garbage-collected.

    Args:
        df: a DataFrame of classic Spark (3.5 to 4.3) or Spark Connect.
        features: as for :func:`~airflow_spark_guard.job.collect_sample`.
        label: as for :func:`~airflow_spark_guard.job.collect_sample`.
        batch_rows: maximum number of rows of a batch. Each of Spark's own batches (10,000 rows,
            ``spark.sql.execution.arrow.maxRecordsPerBatch``) is cut by itself, so its last part is shorter.
        dtype: of ``X`` and ``y``, ``"float32"`` or ``"float64"``. A warning names columns whose whole
            numbers it cannot hold.
        nulls: what a null or NaN does: ``"error"`` ends at the first batch that has one, ``"drop"`` leaves
            the row out, ``"nan"`` turns a feature into NaN.
        categorical: the texts of every text column, in the order of their codes; a code must mean the same
            in every batch.
        sparse: ``X`` of one vector column as ``scipy.sparse.csr_array``.

    Yields:
        Batch: its arrays are not used again, so you may keep or change them.

    Raises:
        SampleError: wrong arguments, unusable columns, text without categories; later, nulls that were not
            allowed, infinite values, vectors that differ in length.
    """
    columns = check_columns(df.schema, features, label, categorical)
    check_apart(df, (column.name for column in columns.all()))
    array_format = ArrayFormat(dtype, nulls, sparse)
    array_format.check(columns, tuple(SPARK_TYPES))
    batch_rows = plain(batch_rows)
    check_argument("batch_rows", batch_rows, "a whole number of at least 1", good=is_whole(batch_rows, 1))
    for column in columns.all():
        if column.categorical and column.categories is None:
            raise SampleError(
                f"Column {column.name!r} is text without categories.",
                got="no texts for its codes",
                expected="all texts, in the order of their codes: a code must mean the same in every batch",
                advice="Pass categorical=sample.report.categories of a sample of the same source.",
            )
    return _batches(df, columns, array_format, batch_rows)


def _batches(df: Any, columns: Columns, array_format: ArrayFormat, batch_rows: int) -> Iterator[Batch]:
    """The batches, and one warning at the first that lost digits."""
    layout, warned = Layout(columns, array_format.dtype), False
    with contextlib.closing(_read(df, columns, array_format, batch_rows, layout)) as batches:
        for batch in batches:
            lost = [] if warned else digits_lost(batch.X, batch.y, layout.known())
            if lost:
                warned = True
                warnings.warn(digits_warning(lost, array_format.dtype), SampleWarning, stacklevel=2)
            yield batch


def _read(
    df: Any, columns: Columns, array_format: ArrayFormat, batch_rows: int, layout: Layout
) -> Generator[Batch, None, None]:
    progress = RowProgress(None)
    waiting: list[Any] = []  # for the first vector or array, whose width is theirs
    try:
        with ArrowBatches(project(df, columns, array_format.dtype), by_partition=True) as stream:
            for one in stream:
                layout.learn(one)
                waiting.append(one)
                if layout.width is not None:
                    parts = [
                        known.slice(begin, batch_rows)
                        for known in waiting
                        for begin in range(0, known.num_rows, batch_rows)
                    ]
                    waiting.clear()
                    for part in parts:
                        yield from _made([part], columns, array_format, layout)
                progress.advance(one.num_rows)
        if waiting:
            yield from _made(waiting, columns, array_format, layout)
    finally:
        progress.close()


def _made(parts: list[Any], columns: Columns, array_format: ArrayFormat, layout: Layout) -> Iterator[Batch]:
    rows = sum(part.num_rows for part in parts)
    reading = Reading(columns, array_format, RowBudget(rows, rows), None, layout)
    for part in parts:
        reading.add(part)
    reading.finish([])
    check_counts(reading.counts, layout.known(), array_format)
    if len(reading):
        x, y = reading.take(None)
        yield Batch(x, y, layout.feature_names())
