"""``to_spark``: arrays, tables and samples of the driver's memory as a Spark DataFrame, by Arrow alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ARROW = "spark.sql.execution.arrow.pyspark.enabled"
_FALLBACK = "spark.sql.execution.arrow.pyspark.fallback.enabled"
_TABLES_SINCE = 4  # Spark's major version from which createDataFrame takes Arrow tables
_MATRIX = 2
_LABEL = "label"


def to_spark(spark: Any, data: Any, columns: Sequence[str] | None = None) -> Any:
    """A DataFrame of ``data``.

    ::

        scored = to_spark(spark, sample)                         # its features, and label
        ranked = to_spark(spark, importances, ["importance"])    # shape (features, 1)

    The data go in Arrow batches of ``spark.sql.execution.arrow.maxRecordsPerBatch`` rows, never as pickled or
    JSON rows: if PySpark would silently fall back to them, this raises an error. Types are kept: float32
    becomes ``float``, int64 ``bigint``, NaN of an array stays NaN (pandas' missing values become null).

    Args:
        spark: a session, classic or Spark Connect, from Spark 3.5.
        data: a numpy array, a pandas DataFrame, a pyarrow Table, or a sample (anything with ``X``, ``y`` and
            ``feature_names``), whose columns are the features and, with a ``y``, ``label``. Not a sparse one.
        columns: new names, one for each column. Without them an array of one dimension becomes the column
            ``value``, and one of two the column ``features`` of arrays; other data keep their names.

    Raises:
        SampleError: a sparse matrix, no columns, another number of names, a repeated name, an array of more
            dimensions or of complex numbers, a column whose values Arrow cannot hold as one type.
    """
    table = _named(_table(data, columns), columns)
    _check_names(table.schema.names)
    try:
        return _send(spark, table)
    except (TypeError, ValueError) as error:
        raise SampleError(
            "Spark has no type for a column.",
            got=f"{error}"[:300] or type(error).__name__,
            expected=f"Arrow types that Spark knows; the columns are {str(table.schema)[:500]}",
            advice="Cast the column that the message names, or leave it out.",
        ) from error


def _table(data: Any, columns: Sequence[str] | None) -> Any:
    """An Arrow table of whatever it is."""
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, np.ndarray):
        return _of_array(data, columns)
    if hasattr(data, "X") and hasattr(data, "feature_names"):
        return _of_sample(data)
    if hasattr(data, "nnz"):
        raise _sparse(data)
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        return _of_pandas(data)
    raise SampleError(
        "This cannot become a DataFrame.",
        got=type(data).__name__,
        expected="a numpy array, a pandas DataFrame, a pyarrow Table or a sample",
        advice="Turn it into one of these first: numpy.asarray(data), pandas.DataFrame(data).",
    )


def _of_array(array: Any, columns: Sequence[str] | None) -> Any:
    _check_array(array)
    if array.ndim == 1:
        return pa.table({"value": _column("value", array)})
    width = array.shape[1]
    if columns is None:
        values = _column("features", array.ravel())
        lists = pa.FixedSizeListArray.from_arrays(values, width).cast(pa.list_(values.type))
        return pa.table({"features": lists})
    _check_count(columns, width)
    return pa.table([_column(columns[i], array[:, i]) for i in range(width)], names=list(columns))


def _check_array(array: Any) -> None:
    if array.ndim not in (1, _MATRIX):
        raise SampleError(
            "An array of this shape has no rows and columns.",
            got=f"{array.ndim} dimensions, shape {array.shape}",
            expected="1 or 2 dimensions",
            advice="Reshape it: array.reshape(len(array), -1).",
        )
    if array.ndim == _MATRIX and array.shape[1] == 0:
        raise _no_columns(f"shape {array.shape}")
    if array.dtype.kind == "c":
        raise SampleError(
            "Spark has no complex numbers.",
            got=str(array.dtype),
            expected="real numbers, booleans, text or dates",
            advice="Pass real and imaginary parts as columns: numpy.column_stack([a.real, a.imag]).",
        )


def _of_sample(sample: Any) -> Any:
    names = list(sample.feature_names)
    matrix = sample.X
    if hasattr(matrix, "indptr"):
        raise _sparse(matrix)
    arrays = [_column(name, np.asarray(matrix[:, i])) for i, name in enumerate(names)]
    if sample.y is not None:
        arrays.append(_column(_LABEL, sample.y))
        names.append(_LABEL)
    return pa.table(arrays, names=names)


def _sparse(matrix: Any) -> SampleError:
    return SampleError(
        "A sparse matrix cannot become columns.",
        got=f"{type(matrix).__name__} (scipy.sparse) of shape {matrix.shape}",
        expected="a dense array, or a sample collected without sparse=True",
        advice="Pass sample.X.toarray() where that fits into memory, or choose columns first: "
        "sample.X[:, :100].toarray().",
    )


def _of_pandas(frame: Any) -> Any:
    names = [str(name) for name in frame.columns]
    # By position: a name may be there twice, which has an error of its own later.
    arrays = [_column(name, frame.iloc[:, i], pandas=True) for i, name in enumerate(names)]
    if not arrays:
        raise _no_columns(f"a DataFrame of {len(frame)} rows")
    return pa.Table.from_arrays(arrays, names=names)


def _column(name: str, values: Any, *, pandas: bool = False) -> Any:
    try:
        return pa.array(values, from_pandas=pandas)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise SampleError(
            f"The values of column {name!r} have no one type.",
            got=f"{values.dtype}: {error}"[:300],
            expected="numbers, booleans, texts, dates or lists, and one of these in a column",
            advice=f"Convert it first: data[{name!r}].astype(str), or pandas.to_numeric(data[{name!r}]).",
        ) from error


def _named(table: Any, columns: Sequence[str] | None) -> Any:
    if columns is None:
        return table
    _check_count(columns, table.num_columns)
    return table.rename_columns(list(columns))


def _check_count(columns: Sequence[str], width: int) -> None:
    if isinstance(columns, str) or len(columns) != width:
        raise SampleError(
            "There is not one name for each column.",
            got=repr(columns) if isinstance(columns, str) else f"{len(columns)} names: {listed(columns)}",
            expected=f"{width} names",
            advice="Pass columns= as a list with one name for each column.",
        )


def _check_names(names: Sequence[str]) -> None:
    if not names:
        raise _no_columns("a table without columns")
    # Spark does not distinguish upper and lower case when a column is looked up.
    lower = [name.lower() for name in names]
    repeated = (
        [name for name in names if lower.count(name.lower()) > 1] if len(set(lower)) < len(lower) else []
    )
    if repeated:
        raise SampleError(
            "Several columns have the same name.",
            got=listed(repeated),
            expected="names that differ in more than upper and lower case",
            advice="Pass columns= with a name of its own for each.",
        )


def _no_columns(got: str) -> SampleError:
    return SampleError(
        "The data have no columns.",
        got=got,
        expected="one column or more",
        advice="See where the data lost theirs, for example in a selection.",
    )


def _send(spark: Any, table: Any) -> Any:
    if int(spark.version.split(".")[0]) >= _TABLES_SINCE:
        # This way is Arrow's whatever the session's settings are, and there is no other to fall back to.
        return spark.createDataFrame(table)
    with _arrow_alone(spark):
        schema = _spark_schema(table)
        return spark.createDataFrame(table.to_pandas(), schema)


def _spark_schema(table: Any) -> Any:
    """Without it Spark 3.5 would guess from the first values of pandas' objects."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(table.schema)


@contextmanager
def _arrow_alone(spark: Any) -> Iterator[None]:
    """With Arrow on and its silent fallback off; the session's own settings come back afterwards."""
    wanted = {_ARROW: "true", _FALLBACK: "false"}
    before = {key: spark.conf.get(key) for key in wanted}
    try:
        for key, value in wanted.items():
            spark.conf.set(key, value)
        yield
    finally:
        for key, value in before.items():
            spark.conf.set(key, value)
