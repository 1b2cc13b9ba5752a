"""``predict``: score a whole DataFrame on the executors with a model that was fitted on the driver."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job import scoring_worker
from airflow_spark_guard.job.carried_model import carried_model
from airflow_spark_guard.job.collection import kinds
from airflow_spark_guard.job.collection.columns import Columns, check_apart, check_columns
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.kinds.array import ArrayReader
from airflow_spark_guard.job.collection.kinds.base import SPARK_TYPES
from airflow_spark_guard.job.scoring_checks import check_arguments, check_model, result_of
from airflow_spark_guard.job.scoring_worker import NUMBER, Input, Scoring, of_pandas, score_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_spark_guard.job.collection.array_format import DType
    from airflow_spark_guard.job.collection.kinds.base import SourceColumn

_COLUMNAR = "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled"


def predict(
    model: Any,
    df: Any,
    features: Sequence[str] | str,
    *,
    output: str = "prediction",
    method: str = "predict",
    categorical: Mapping[str, Sequence[str]] | None = None,
    dtype: DType = "float32",
    as_frame: bool = False,
) -> Any:
    """``df`` with an additional column: the result of ``model.predict`` for each row.

    ::

        sample = collect_sample(flights, FEATURES, "delay", max_rows=200_000)
        model = HistGradientBoostingRegressor().fit(sample.X, sample.y)
        scored = predict(model, flights, FEATURES, categorical=sample.report.categories)

    The model is broadcast once (Spark Connect has no broadcast: there it travels with the function). Only the
    features go to Python, in Arrow batches, and the model sees at most 64 MiB of them at a time: the same
    matrix of the same ``dtype`` that ``collect_sample`` gives, except that nulls are always NaN. Nothing is
    scored before an action. Each worker uses as many native threads as its task has cores.

    If ``df`` has vectors, the session's ``spark.sql.execution.arrow.pythonUDF.columnarInput.enabled``
    (Spark 4.2) is switched off, and stays off.

    Args:
        model: fitted, picklable; its packages must be installed where the executors run.
        df: rows to score; classic or Spark Connect, from Spark 3.5.
        features: the same columns in the same order as in ``collect_sample``.
        output: name of the new column. It is ``double``; ``array<double>`` if the method returns several
            numbers for each row, as ``predict_proba`` does; ``string`` if it returns text. NaN becomes null.
        method: name of the model's method.
        categorical: texts in order of their codes, for every text column. Other texts become NaN.
        dtype: of the matrix, ``"float32"`` or ``"float64"``.
        as_frame: give the model a ``pandas.DataFrame`` instead, with the names and categories of
            ``sample.to_pandas()``: for a ``ColumnTransformer`` that selects columns by name. The executors
            need pandas.

    Raises:
        SampleError: before anything runs: an unknown column, a text column without categories, an ``output``
            that exists, a model without the method, made for other features, or in need of ``as_frame``.
        PythonException: when an action runs: the model's own error, or arrays of different lengths.
    """
    columns = check_columns(df.schema, features, categories=categorical)
    check_apart(df, (column.name for column in columns.features))
    check_arguments(model, df, columns, output, method, dtype)
    widths = _widths(model, df, columns)
    pairs = zip(columns.features, widths, strict=True)
    names = tuple(name for column, width in pairs for name in column.feature_names(width))
    check_model(model, names)
    arrow = _arrow_udf()
    arguments, inputs = _plan(columns, widths, dtype, packed=arrow is not None)
    scoring = Scoring(inputs, sum(widths), dtype, NUMBER, method, names if as_frame else None)
    scoring = replace(scoring, result=result_of(model, scoring, names))
    _let_vectors_pass(df)
    function = _function(carried_model(model, df), scoring, arrow)
    return df.withColumn(output, function(*arguments))


def _widths(model: Any, df: Any, columns: Columns) -> list[int]:
    """How many columns of the matrix each feature becomes."""
    widths = [column.width for column in columns.features]
    unknown = [i for i, width in enumerate(widths) if width is None]
    wanted = getattr(model, "n_features_in_", None)
    if len(unknown) == 1 and wanted is not None:
        # An array's length is known from a row alone, and a row may be costly: believe the model, whose
        # worker checks every row.
        widths[unknown[0]] = max(1, wanted - sum(width for width in widths if width))
    else:
        for i in unknown:
            widths[i] = _first_width(df, columns.features[i])
    return [width or 0 for width in widths]


def _first_width(df: Any, column: SourceColumn) -> int:
    row = df.where(column.is_there()).select(column.size().alias("size")).first()
    if row is None:
        raise SampleError(
            f"Column {column.name!r} holds nothing but nulls.",
            got="no value in any row",
            expected=f"one {column.reads.kind} at least, to learn its length",
            advice="Leave it out, or fill it.",
        )
    return int(row["size"])


def _let_vectors_pass(df: Any) -> None:
    """Switch off Spark 4.2's columnar input of Python functions where a row holds a vector.

    It cannot carry one past the function (UNSUPPORTED_DATATYPE, 4.2.0 and 4.3.0), even unused.
    """
    if '"type":"udt"' in df.schema.json():
        df.sparkSession.conf.set(_COLUMNAR, "false")


def _plan(
    columns: Columns, widths: Sequence[int], dtype: str, *, packed: bool
) -> tuple[list[Any], tuple[Input, ...]]:
    """What Spark passes to the function, and where each of it belongs.

    With ``packed`` all numbers travel as one array, which is a matrix already when it arrives; pandas would
    make an object of each row, so there every number is a column of its own.
    """
    from pyspark.sql import functions as sf

    ends = itertools.accumulate(widths)
    targets = [tuple(range(end - width, end)) for end, width in zip(ends, widths, strict=True)]
    pairs = list(zip(columns.features, targets, strict=True))
    numbers = [pair for pair in pairs if packed and pair[0].packed]
    arguments: list[Any] = []
    inputs: list[Input] = []
    if numbers:
        values = [sf.expr(sql) for column, _ in numbers for sql in column.parts(SPARK_TYPES[dtype])]
        arguments.append(sf.array(*values))
        together = tuple(target[0] for _, target in numbers)
        inputs.append(Input(ArrayReader("numbers", len(numbers)), (0,), together))
    for column, target in pairs:
        if not (packed and column.packed):
            parts, reader = column.arguments(dtype, len(target))
            at = tuple(range(len(arguments), len(arguments) + len(parts)))
            arguments.extend(parts)
            inputs.append(Input(reader, at, target))
    return arguments, tuple(inputs)


def _arrow_udf() -> Any:
    """Spark's own decorator for functions of Arrow arrays, from 4.1; None before."""
    from pyspark.sql import functions as sf

    return getattr(sf, "arrow_udf", None)


def _function(model: Callable[[], Any], scoring: Scoring, arrow_udf: Any) -> Any:
    # Spark reads the kind of a function off its annotations, which must be types and not text.
    from collections.abc import Iterator

    import pandas as pd
    import pyarrow as pa
    from pyspark import cloudpickle
    from pyspark.sql import functions as sf

    # Executors need not have this package.
    for module in (scoring_worker, kinds):
        cloudpickle.register_pickle_by_value(module)

    def of_arrow(batches: Any) -> Any:
        return score_batches(model, scoring, (b if isinstance(b, tuple) else (b,) for b in batches))

    def of_series(batches: Any) -> Any:
        tuples = (b if isinstance(b, tuple) else (b,) for b in batches)
        arrays = (of_pandas(scoring, batch) for batch in tuples)
        return (scores.to_pandas() for scores in score_batches(model, scoring, arrays))

    function, array, wrap = (
        (of_series, pd.Series, sf.pandas_udf) if arrow_udf is None else (of_arrow, pa.Array, arrow_udf)
    )
    function.__annotations__ = {"batches": Iterator[tuple[array, ...]], "return": Iterator[array]}  # type: ignore[valid-type]
    return wrap(function, scoring.result.spark_type)
