"""``collect_sample``: a sample of a DataFrame as arrays in the driver's memory."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_spark_guard.job.collection.collector import Collector
from airflow_spark_guard.job.collection.columns import Columns, check_apart, check_columns
from airflow_spark_guard.job.collection.errors import InfiniteValuesError, SampleWarning
from airflow_spark_guard.job.collection.notes import digits_lost, digits_warning
from airflow_spark_guard.job.collection.options import SampleOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from airflow_spark_guard.job.collection.options import Options
    from airflow_spark_guard.job.collection.sample import Sample

Function = TypeVar("Function", bound="Callable[..., Any]")


def _with_options(function: Function) -> Function:
    """Show the options, their defaults and what they mean where Python shows those of any function."""
    shown: Any = function
    own = inspect.signature(function)
    named = [parameter for parameter in own.parameters.values() if parameter.kind != parameter.VAR_KEYWORD]
    options = inspect.signature(SampleOptions).parameters.values()
    shown.__signature__ = own.replace(parameters=[*named, *options])
    described = (inspect.getdoc(SampleOptions) or "").partition("Attributes:\n")[2]
    before, _, after = (inspect.getdoc(function) or "").partition("    **options:")
    shown.__doc__ = before + described + after[after.find("\n\n") :]
    return function


@_with_options
def collect_sample(
    df: Any, features: Sequence[str] | str, label: str | None = None, **options: Unpack[Options]
) -> Sample:
    """Bring at most ``max_rows`` rows to the driver, drawn uniformly and without replacement.

    ::

        sample = collect_sample(flights, ["hour", "distance"], "dep_delay", seed=7)
        model.fit(sample.X, sample.y)

    The sample has exactly ``max_rows`` rows, or all rows if the source has fewer. With ``key`` it has the
    same rows in the same order, independent of partitions, number of executors and version of Spark. Without
    ``key`` it depends on the plan: other partitions, another file order or another filter give another
    sample. Its rows then keep the source's order, so shuffle before splitting if that order matters.

    The source is counted (unless ``total_rows`` is set, or the source is small enough to be read at once) and
    then read once, so cache a DataFrame that is expensive to compute. A sample that does not fit into the
    driver's memory, or into ``spark.driver.maxResultSize``, is refused. Ctrl-C or an error cancels the Spark
    job.

    Args:
        df: a DataFrame of classic Spark (3.5 to 4.3) or Spark Connect.
        features: columns of numbers, booleans, decimals, dates (days since 1970), timestamps (seconds since
            1970; take ``dtype="float64"`` for more than minutes), text (codes, see ``categorical``), arrays
            of one length, or ML vectors, dense and sparse.
        label: name of a column of numbers, booleans, decimals, dates, timestamps or text.
        **options: ``seed`` (required), ``max_rows``, ``max_bytes``, ``fraction``, ``stratify``, ``key``,
            ``weight``, ``total_rows``, ``split``, ``group``, ``dtype``, ``nulls``, ``categorical`` and
            ``sparse``; see :class:`~airflow_spark_guard.job.collection.options.SampleOptions`.

    Returns:
        Sample: ``X`` of shape (rows, features), ``y`` of shape (rows,) or None, names and a report.

    Raises:
        SampleError: wrong arguments, unusable columns, infinite values, nulls that were not allowed, an empty
            source, or more than fits. Of an argument that does not exist it is a TypeError, too.
    """
    given = SampleOptions.of(options)
    columns = check_columns(df.schema, features, label, given.categorical)
    given.check(df.schema, columns)
    check_apart(df, (*(column.name for column in columns.all()), *given.columns()))
    sample = (_narrowest if given.dtype == "auto" else _collected)(df, columns, given)
    for text in sample.report.warnings:
        warnings.warn(text, SampleWarning, stacklevel=2)
    return sample


def _collected(df: Any, columns: Columns, options: SampleOptions) -> Sample:
    sample = Collector(df, columns, options).sample()
    lost = digits_lost(sample.X, sample.y, sample.columns or columns)
    if lost:
        warned = (*sample.report.warnings, digits_warning(lost, options.dtype))
        return replace(sample, report=replace(sample.report, warnings=warned))
    return sample


def _narrowest(df: Any, columns: Columns, options: SampleOptions) -> Sample:
    """In float32 where that holds the sample; the types of the columns, or the values, decide."""
    wide, narrow = (replace(options, dtype=dtype) for dtype in ("float64", "float32"))
    if any("timestamp" in column.type for column in columns.all()):
        return _collected(df, columns, wide)
    first: Sample | None = None
    with contextlib.suppress(InfiniteValuesError):
        first = Collector(df, columns, narrow).sample()
        if not digits_lost(first.X, first.y, first.columns or columns):
            return first
    sample = _collected(df, columns, wide)
    if first is None:
        return sample
    passes = (*first.report.passes, *sample.report.passes)
    seconds = first.report.seconds + sample.report.seconds
    return replace(sample, report=replace(sample.report, passes=passes, seconds=seconds))
