"""``predict``: score a whole DataFrame on the executors with a model that was fitted on the driver."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job import scoring_worker
from airflow_spark_guard.job.carried_model import carried_model
from airflow_spark_guard.job.collection.columns import Columns, check_apart, check_columns
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.projection import (
    SPARK_TYPES,
    array_sql,
    named,
    number,
    text_sql,
)
from airflow_spark_guard.job.scoring_checks import check_arguments, check_model, result_of
from airflow_spark_guard.job.scoring_worker import Layout, Source, of_pandas, score_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_spark_guard.job.collection.columns import SourceColumn

_COLUMNAR = "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled"
_UNROLLED = 1000
_RESULT_TYPES = {"number": "double", "array": "array<double>", "text": "string"}


def predict(
    model: Any,
    df: Any,
    features: Sequence[str] | str,
    *,
    output: str = "prediction",
    method: str = "predict",
    categorical: Mapping[str, Sequence[str]] | None = None,
    dtype: str = "float32",
    as_frame: bool = False,
) -> Any:
    """``df`` with one column more: what ``model.predict`` says of each row.

    ::

        sample = collect_sample(flights, FEATURES, "delay", max_rows=200_000)
        model = HistGradientBoostingRegressor().fit(sample.X, sample.y)
        scored = predict(model, flights, FEATURES, categorical=sample.report.categories)

    The model is broadcast once (Spark Connect has no broadcast: there it travels with the function). Only the
    features go to Python, in Arrow batches, and the model sees at most 64 MiB of them at a time: the same
    matrix of the same ``dtype`` that ``collect_sample`` gives, except that nulls are always NaN. Nothing is
    scored before an action. Each worker uses as many native threads as its task has cores.

    Where ``df`` holds vectors, the session's ``spark.sql.execution.arrow.pythonUDF.columnarInput.enabled``
    (Spark 4.2) is switched off, and stays off.

    Args:
        model: fitted, picklable; its packages must be installed where the executors run.
        df: rows to score; classic or Spark Connect, from Spark 3.5.
        features: the same columns in the same order as in ``collect_sample``.
        output: name of the new column. It is ``double``; ``array<double>`` where the method gives a row of
            numbers for each row, as ``predict_proba`` does; ``string`` where it gives text. NaN becomes null.
        method: of the model.
        categorical: texts in order of their codes, for every text column. Other texts become NaN.
        dtype: of the matrix, ``"float32"`` or ``"float64"``.
        as_frame: give the model a ``pandas.DataFrame`` instead, with the names and categories of
            ``sample.to_pandas()``: for a ``ColumnTransformer`` that takes columns by name. The executors need
            pandas.

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
    arguments, sources = _plan(columns, widths, dtype, whole=arrow is not None)
    layout = Layout(sources, sum(widths), dtype, "number", method, names if as_frame else None)
    layout = replace(layout, result=result_of(model, layout, names))
    _let_vectors_pass(df)
    function = _function(carried_model(model, df), layout, arrow)
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
    from pyspark.sql import functions as sf

    value = named(column.name)
    if column.kind == "array":
        size = sf.size(value)
    else:
        vector = sf.unwrap_udt(value)
        size = sf.coalesce(vector["size"], sf.size(vector["values"]))
    row = df.where(value.isNotNull()).select(size.alias("size")).first()
    if row is None:
        raise SampleError(
            f"Column {column.name!r} holds nothing but nulls.",
            got="no value in any row",
            expected=f"one {column.kind} at least, to learn its length",
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
    columns: Columns, widths: Sequence[int], dtype: str, *, whole: bool
) -> tuple[list[Any], tuple[Source, ...]]:
    """What Spark passes to the function, and where each of it belongs.

    With ``whole`` all numbers travel as one array, which is a matrix already when it arrives; pandas would
    make an object of each row, so there every number is a column of its own.
    """
    from pyspark.sql import functions as sf

    ends = [sum(widths[: i + 1]) for i in range(len(widths))]
    targets = [tuple(range(end - width, end)) for end, width in zip(ends, widths, strict=True)]
    arguments: list[Any] = []
    sources: list[Source] = []
    spark_type = SPARK_TYPES[dtype]
    numbers = [i for i, column in enumerate(columns.features) if column.kind == "number"]
    if numbers and whole:
        values = [number(columns.features[i]).cast(spark_type) for i in numbers]
        arguments.append(sf.array(*values))
        sources.append(Source("numbers", "array", (0,), tuple(targets[i][0] for i in numbers)))
    for i, column in enumerate(columns.features):
        if column.kind == "number" and whole:
            continue
        short = column.kind == "vector" and widths[i] <= _UNROLLED
        parts = [_unrolled(column, dtype)] if short else _parts(column, dtype)
        at = tuple(range(len(arguments), len(arguments) + len(parts)))
        arguments.extend(parts)
        kind = "array" if short else column.kind
        sources.append(Source(column.name, kind, at, targets[i], column.categories))
    return arguments, tuple(sources)


def _unrolled(column: SourceColumn, dtype: str) -> Any:
    """A vector as an array with its zeros: a fifth of the time of its four fields, while it is short."""
    from pyspark.ml.functions import vector_to_array
    from pyspark.sql import functions as sf

    value = named(column.name)
    # Spark's function refuses null.
    return sf.when(value.isNotNull(), vector_to_array(value, dtype))


def _parts(column: SourceColumn, dtype: str) -> list[Any]:
    """The arguments of one feature; of a vector Spark's own four fields, which keep a sparse one small."""
    from pyspark.sql import functions as sf

    spark_type = SPARK_TYPES[dtype]
    if column.kind == "number":
        return [number(column).cast(spark_type)]
    if column.kind == "array":
        return [sf.expr(array_sql(column, spark_type))]
    if column.kind == "text":
        return [sf.expr(text_sql(column))]
    vector = sf.unwrap_udt(named(column.name))
    values = vector["values"].cast(f"array<{spark_type}>")
    return [vector["type"].cast("int"), vector["size"], vector["indices"], values]


def _arrow_udf() -> Any:
    """Spark's own decorator for functions of Arrow arrays, from 4.1; None before."""
    from pyspark.sql import functions as sf

    return getattr(sf, "arrow_udf", None)


def _function(model: Callable[[], Any], layout: Layout, arrow_udf: Any) -> Any:
    # Spark tells the kind of a function from its annotations, which must be types and not text.
    from collections.abc import Iterator

    import pandas as pd
    import pyarrow as pa
    from pyspark import cloudpickle
    from pyspark.sql import functions as sf

    # Executors need not have this package.
    cloudpickle.register_pickle_by_value(scoring_worker)

    def of_arrow(batches: Any) -> Any:
        return score_batches(model, layout, (b if isinstance(b, tuple) else (b,) for b in batches))

    def of_series(batches: Any) -> Any:
        tuples = (b if isinstance(b, tuple) else (b,) for b in batches)
        arrays = (of_pandas(layout, batch) for batch in tuples)
        return (scores.to_pandas() for scores in score_batches(model, layout, arrays))

    function, kind, wrap = (
        (of_series, pd.Series, sf.pandas_udf) if arrow_udf is None else (of_arrow, pa.Array, arrow_udf)
    )
    function.__annotations__ = {"batches": Iterator[tuple[kind, ...]], "return": Iterator[kind]}  # type: ignore[valid-type]
    return wrap(function, _RESULT_TYPES[layout.result])
