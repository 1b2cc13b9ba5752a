"""``collect_sample``: a sample of a DataFrame as arrays in the driver's memory."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.collector import Collector
from airflow_spark_guard.job.collection.columns import Columns, check_apart, check_columns
from airflow_spark_guard.job.collection.errors import InfiniteValuesError, SampleWarning
from airflow_spark_guard.job.collection.notes import digits_lost, digits_warning
from airflow_spark_guard.job.collection.options import DrawOptions, check_form
from airflow_spark_guard.job.collection.reading import Form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.job.collection.sample import Sample
    from airflow_spark_guard.job.collection.strata import Stratify


def collect_sample(
    df: Any,
    features: Sequence[str] | str,
    label: str | None = None,
    *,
    seed: int,
    max_rows: int = 200_000,
    max_bytes: float | None = None,
    fraction: float | None = None,
    stratify: str | Stratify | None = None,
    key: str | Sequence[str] | None = None,
    weight: str | None = None,
    total_rows: int | None = None,
    split: Mapping[str, float] | None = None,
    group: str | Sequence[str] | None = None,
    dtype: str = "float32",
    nulls: str = "error",
    categorical: Mapping[str, Sequence[str]] | None = None,
    sparse: bool = False,
) -> Sample:
    """Bring at most ``max_rows`` rows to the driver, drawn uniformly and without replacement.

    ::

        sample = collect_sample(flights, ["hour", "distance"], "dep_delay", seed=7)
        model.fit(sample.X, sample.y)

    Exactly ``max_rows`` rows come, or all where there are fewer. With ``key`` the same rows come in the same
    order whatever the partitioning, the number of executors or the version of Spark. Without it they are
    those of the same plan: other partitions, another file order or another filter draw anew; rows keep the
    source's order then, so shuffle before splitting if that order means something.

    The source is counted (unless ``total_rows`` says how many rows it has, or it is small enough to be
    read at once) and then read once, so cache what is dear to compute. What cannot fit into the driver's
    memory, or into ``spark.driver.maxResultSize``, is refused. Ctrl-C or an error cancels the Spark job.

    Args:
        df: a DataFrame of classic Spark (3.5 to 4.3) or Spark Connect.
        features: columns of numbers, booleans, decimals, dates (days since 1970), timestamps (seconds since
            1970; take ``dtype="float64"`` for more than minutes), text (codes, see ``categorical``), arrays
            of one length, or ML vectors, dense and sparse.
        label: name of a column of numbers, booleans, decimals, dates, timestamps or text.
        seed: of the drawing; a whole number of 64 bits.
        max_rows: exactly this many rows are taken, or all of them where there are fewer.
        max_bytes: take fewer, so that ``X`` and ``y`` are no larger: bytes, or as a float the share of the
            memory that the driver has left.
        fraction: take this share of the rows that may be drawn, rounded, instead of ``max_rows``, which still
            bounds it. The source is counted for it, whatever ``total_rows`` says.
        stratify: a column whose values keep their shares, and the rare ones at least a row; or
            :class:`Stratify` for balanced strata. Takes a pass over that column.
        key: columns that identify a row. Rows with a null in it are drawn by a hash of all their columns
            here; rows of one key are drawn together, and the last key is cut by that hash. A warning tells
            the share of both.
        weight: a column of weights: the first row is drawn with a probability in proportion to its weight,
            and each further one likewise among those left. Takes a pass over that column.
        total_rows: rows of the source, if known. A wrong number costs time, never the sample.
        split: names of parts and their shares, such as ``{"train": 0.8, "valid": 0.1, "test": 0.1}``. A hash
            of the group says in which part a row lies, so no group lies in two, and a group stays in its
            part as data grow, for the same seed and shares in the same order. See ``Sample.part``.
        group: columns whose values stay together in a split; without it those of the key.
        dtype: ``"float32"`` or ``"float64"``, of ``X`` and ``y``. The cast happens in Spark, so that float32
            halves what travels. ``"auto"``: float32, unless the sample has whole numbers or times that it
            cannot tell apart, or numbers beyond its range; then the rows are read again.
        nulls: what a null or NaN does among the rows drawn. ``"error"`` refuses; ``"drop"`` draws among
            the other rows; ``"nan"`` turns a feature into NaN, and still refuses a null label.
        categorical: the texts of a text column in the order of their codes, such as
            ``earlier.report.categories``; other texts count as null. Columns not named here are coded by the
            texts of the sample, sorted.
        sparse: collect the one vector column into a ``scipy.sparse.csr_array``.

    Returns:
        Sample: ``X`` of shape (rows, features), ``y`` of shape (rows,) or None, names and a report.

    Raises:
        SampleError: wrong arguments, unusable columns, infinite values, nulls that were not allowed, an empty
            source, or more than fits.
    """
    columns = check_columns(df.schema, features, label, categorical)
    check_form(nulls, dtype, sparse=sparse, columns=columns, max_bytes=max_bytes)
    options = DrawOptions(
        max_rows, seed, max_bytes, fraction, stratify, key, weight, total_rows, split=split, group=group
    )
    options.check(df.schema)
    check_apart(df, (*(column.name for column in columns.all()), *options.columns()))
    form = Form(dtype, nulls, sparse)
    sample = (
        _narrowest(df, columns, options, form) if dtype == "auto" else _collected(df, columns, options, form)
    )
    for text in sample.report.warnings:
        warnings.warn(text, SampleWarning, stacklevel=2)
    return sample


def _collected(df: Any, columns: Columns, options: DrawOptions, form: Form) -> Sample:
    sample = Collector(df, columns, options, form).sample()
    lost = digits_lost(sample.X, sample.y, sample.columns or columns)
    if lost:
        sample.report.warnings += (digits_warning(lost, form.dtype),)
    return sample


def _narrowest(df: Any, columns: Columns, options: DrawOptions, form: Form) -> Sample:
    """In float32 if that holds the sample; its types, or its values, tell."""
    wide = replace(form, dtype="float64")
    if any("timestamp" in column.type for column in columns.all()):
        return _collected(df, columns, options, wide)
    first: Sample | None = None
    with contextlib.suppress(InfiniteValuesError):
        first = _collected(df, columns, options, replace(form, dtype="float32"))
        if not digits_lost(first.X, first.y, first.columns or columns):
            return first
    sample = _collected(df, columns, options, wide)
    if first is not None:
        sample.report.passes = (*first.report.passes, *sample.report.passes)
        sample.report.seconds += first.report.seconds
    return sample
