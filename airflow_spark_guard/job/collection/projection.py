"""What Spark computes of a row before it travels: few columns of floats, and no objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_spark_guard.job.collection.columns import Columns, SourceColumn

SPARK_TYPES = {"float32": "float", "float64": "double"}
# Names of what travels. The source's own names never do: they may repeat ours.
NUMBERS, LABEL = "numbers", "label"
# The kinds of a vector, as VectorUDT stores them.
SPARSE, DENSE = 0, 1
# Wider vectors are cast as a whole: generated code has a limit of its own.
WIDEST_UNROLLED = 256


def projection(columns: Columns, dtype: str, *, unrolled: bool = False) -> list[Any]:
    """The Spark columns of one collection.

    - ``numbers``: every feature that is one number, as one array of floats;
    - ``text_<i>``: the text of feature i, to be encoded on the driver;
    - ``array_<i>``: feature i as an array of floats;
    - ``type_<i>``, ``size_<i>``, ``indices_<i>``, ``values_<i>``: the inside of the vectors of feature i;
    - with ``unrolled``, for vectors of known width, instead ``dense_<i>``: the values, nulls for a null; and
      ``usual_<i>``: false for a vector that is sparse or of another width, which cannot travel this way;
    - ``label``: float or text.

    A null stays null. The cast to float32 happens here, which halves what travels.
    """
    from pyspark.sql import functions as sf

    spark_type = SPARK_TYPES[dtype]
    parts = []
    numbers = [number(column).cast(spark_type) for column in columns.of("number")]
    if numbers:
        parts.append(sf.array(*numbers).alias(NUMBERS))
    for i, column in enumerate(columns.features):
        if column.kind != "number":
            parts.extend(_parts(i, column, spark_type, unrolled=unrolled))
    if columns.label is not None:
        label = named(columns.label.name)
        is_text = columns.label.kind == "text"
        parts.append((label if is_text else number(columns.label).cast(spark_type)).alias(LABEL))
    return parts


def named(name: str) -> Any:
    """The Spark column of this name; quoted, since an unquoted dot would mean a field of a struct."""
    from pyspark.sql import functions as sf

    return sf.col(quoted(name))


def quoted(name: str) -> str:
    """A column's name inside an SQL expression."""
    return "`" + name.replace("`", "``") + "`"


def number(column: SourceColumn) -> Any:
    """A date as days, a timestamp as seconds since 1970, a boolean as 0 and 1, numbers as they are.

    A ``timestamp`` is an instant, so its seconds are those of UTC; a ``timestamp_ntz`` has no zone, and its
    seconds are those of its own clock.
    """
    from pyspark.sql import functions as sf

    value = named(column.name)
    if column.type == "date":
        return sf.unix_date(value)
    if column.type == "timestamp":
        return value.cast("double")
    if column.type == "timestamp_ntz":
        name = quoted(column.name)
        return sf.expr(
            f"unix_date(CAST({name} AS DATE)) * 86400D + hour({name}) * 3600 + minute({name}) * 60"
            f" + CAST(extract(SECOND FROM {name}) AS DOUBLE)"
        )
    return value


def is_set(column: SourceColumn) -> Any:
    """Whether a row has a value here: neither null nor NaN, and among the categories, if they are given."""
    from pyspark.sql import functions as sf

    value = named(column.name)
    present = value.isNotNull()
    if column.type in ("float", "double"):
        present = present & ~sf.isnan(value)
    if column.categories is not None:
        present = present & value.isin(list(column.categories))
    return present


def _parts(i: int, column: SourceColumn, spark_type: str, *, unrolled: bool) -> list[Any]:
    value = named(column.name)
    if column.kind == "text":
        return [value.alias(f"text_{i}")]
    if column.kind == "array":
        return [value.cast(f"array<{spark_type}>").alias(f"array_{i}")]
    if unrolled and column.width is not None and column.width <= WIDEST_UNROLLED:
        return _unrolled(i, value, column.width, spark_type)
    return _vector_parts(i, value, spark_type)


def _vector_parts(i: int, vector: Any, spark_type: str) -> list[Any]:
    from pyspark.sql import functions as sf

    inside = sf.unwrap_udt(vector)
    return [
        inside["type"].alias(f"type_{i}"),
        inside["size"].alias(f"size_{i}"),
        inside["indices"].alias(f"indices_{i}"),
        inside["values"].cast(f"array<{spark_type}>").alias(f"values_{i}"),
    ]


def _unrolled(i: int, vector: Any, width: int, spark_type: str) -> list[Any]:
    """An array of single casts: Spark's cast of a whole array boxes every element.

    The flag is a column of its own, since a condition around the array would copy every array.
    """
    from pyspark.sql import functions as sf

    inside = sf.unwrap_udt(vector)
    values = inside["values"]
    usual = (inside["type"] == DENSE) & (sf.size(values) == width)
    dense = sf.array(*(sf.get(values, sf.lit(at)).cast(spark_type) for at in range(width)))
    return [dense.alias(f"dense_{i}"), (vector.isNull() | usual).alias(f"usual_{i}")]
