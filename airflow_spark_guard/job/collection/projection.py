"""What Spark computes of a row before it travels: few columns of floats, and no objects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_spark_guard.job.collection.columns import Columns, SourceColumn

SPARK_TYPES = {"float32": "float", "float64": "double"}
_EXACT_ELEMENTS = ("array<date>", "array<timestamp_ntz>")  # which Spark casts to no number
# Names of what travels. The source's own names never do: they may repeat ours.
NUMBERS, LABEL = "numbers", "label"
_STRUCT = "spark_guard_vector_"
# The kinds of a vector, as VectorUDT stores them.
SPARSE, DENSE = 0, 1
# Wider vectors are cast as a whole: generated code has a limit of its own.
WIDEST_UNROLLED = 256


def project(df: Any, columns: Columns, dtype: str, *, unrolled: bool = False) -> Any:
    """The DataFrame of one collection: what :func:`expressions` say."""
    df, columns = with_structs(df, columns)
    return df.selectExpr(*expressions(columns, dtype, unrolled=unrolled))


def with_structs(df: Any, columns: Columns) -> tuple[Any, Columns]:
    """The inside of each vector beside the source's columns, and the columns that name it instead."""
    from pyspark.sql import functions as sf

    prefix = _STRUCT
    while any(name.lower().startswith(prefix) for name in df.columns):
        prefix += "_"
    structs = {c.name: f"{prefix}{i}" for i, c in enumerate(columns.features) if c.kind == "vector"}
    if not structs:
        return df, columns
    inside = [sf.unwrap_udt(named(name)).alias(struct) for name, struct in structs.items()]
    features = tuple(replace(c, name=structs.get(c.name, c.name)) for c in columns.features)
    return df.select("*", *inside), replace(columns, features=features)


def expressions(columns: Columns, dtype: str, *, unrolled: bool = False) -> list[str]:
    """The columns that travel, as SQL: one call for all, where a Column object would cost a millisecond each.

    - ``numbers``: every feature that is one number, as one array of floats;
    - ``text_<i>``: the text of feature i, to be encoded on the driver;
    - ``array_<i>``: feature i as an array of floats;
    - ``type_<i>``, ``size_<i>``, ``indices_<i>``, ``values_<i>``: the inside of the vectors of feature i;
    - with ``unrolled``, for vectors of known width, instead ``dense_<i>``: the values, nulls for a null; and
      ``usual_<i>``: false for a vector that is sparse or of another width, which cannot travel this way;
    - ``label``: float or text.

    A null stays null. The cast to float32 happens here, which halves what travels.
    """
    spark_type = SPARK_TYPES[dtype]
    parts = []
    numbers = [f"CAST({number_sql(column)} AS {spark_type})" for column in columns.of("number")]
    if numbers:
        parts.append(f"array({', '.join(numbers)}) AS {NUMBERS}")
    for i, column in enumerate(columns.features):
        if column.kind != "number":
            parts.extend(_parts(i, column, spark_type, unrolled=unrolled))
    if columns.label is not None:
        is_text = columns.label.kind == "text"
        label = text_sql(columns.label) if is_text else f"CAST({number_sql(columns.label)} AS {spark_type})"
        parts.append(f"{label} AS {LABEL}")
    return parts


def named(name: str) -> Any:
    """The Spark column of this name; quoted, since an unquoted dot would mean a field of a struct."""
    from pyspark.sql import functions as sf

    return sf.col(quoted(name))


def quoted(name: str) -> str:
    """A column's name inside an SQL expression."""
    return "`" + name.replace("`", "``") + "`"


def number(column: SourceColumn) -> Any:
    """The Spark column of :func:`number_sql`."""
    from pyspark.sql import functions as sf

    return sf.expr(number_sql(column))


def number_sql(column: SourceColumn) -> str:
    """A date as days, a timestamp as seconds since 1970, a boolean as 0 and 1, numbers as they are.

    A ``timestamp`` is an instant, so its seconds are those of UTC; a ``timestamp_ntz`` has no zone, and its
    seconds are those of its own clock.
    """
    return _number_of(quoted(column.name), column.type)


def array_sql(column: SourceColumn, spark_type: str) -> str:
    """An array of numbers of ``spark_type``; each element as :func:`number_sql` would have it."""
    value = quoted(column.name)
    if column.type in _EXACT_ELEMENTS:
        element = column.type.removeprefix("array<").removesuffix(">")
        value = f"transform({value}, x -> {_number_of('x', element)})"
    return f"CAST({value} AS ARRAY<{spark_type}>)"


def text_sql(column: SourceColumn) -> str:
    """The text, compared letter by letter from here on, whatever its collation is."""
    value = quoted(column.name)
    return f"CAST({value} AS STRING)" if "collate" in column.type else value


def is_there(column: SourceColumn) -> Any:
    """Whether a row has a value here that is not null."""
    return named(column.name).isNotNull()


def is_set(column: SourceColumn) -> Any:
    """Whether a row has a value here: no null and no NaN, and neither of them inside an array or a vector.

    With known categories, one of these. It is true for the rows in which the driver finds nothing missing.
    """
    from pyspark.sql import functions as sf

    present = is_there(column)
    if column.type in ("float", "double"):
        present = present & ~sf.isnan(named(column.name))
    if column.categories is not None:
        present = present & sf.expr(text_sql(column)).isin(list(column.categories))
    if column.kind == "array":
        elements = sf.expr(array_sql(column, "double"))
    elif column.kind == "vector":
        elements = sf.unwrap_udt(named(column.name))["values"]
    else:
        return present
    return present & ~sf.exists(elements, lambda element: element.isNull() | sf.isnan(element))


def _number_of(value: str, type_name: str) -> str:
    if type_name == "date":
        return f"unix_date({value})"
    if type_name == "timestamp":
        return f"CAST({value} AS DOUBLE)"
    if type_name == "timestamp_ntz":
        return (
            f"unix_date(CAST({value} AS DATE)) * 86400D + hour({value}) * 3600 + minute({value}) * 60"
            f" + CAST(extract(SECOND FROM {value}) AS DOUBLE)"
        )
    return value


def _parts(i: int, column: SourceColumn, spark_type: str, *, unrolled: bool) -> list[str]:
    value = quoted(column.name)
    if column.kind == "text":
        return [f"{text_sql(column)} AS text_{i}"]
    if column.kind == "array":
        return [f"{array_sql(column, spark_type)} AS array_{i}"]
    if unrolled and column.width is not None and column.width <= WIDEST_UNROLLED:
        return _unrolled(i, value, column.width, spark_type)
    fields = [f"{value}.{field} AS {field}_{i}" for field in ("type", "size", "indices")]
    return [*fields, f"CAST({value}.values AS ARRAY<{spark_type}>) AS values_{i}"]


def _unrolled(i: int, vector: str, width: int, spark_type: str) -> list[str]:
    """An array of single casts: Spark's cast of a whole array boxes every element.

    The flag is a column of its own, since a condition around the array would copy every array.
    """
    elements = ", ".join(f"CAST(get({vector}.values, {at}) AS {spark_type})" for at in range(width))
    usual = f"{vector} IS NULL OR ({vector}.type = {DENSE} AND size({vector}.values) = {width})"
    return [f"array({elements}) AS dense_{i}", f"({usual}) AS usual_{i}"]
