"""What Spark computes of a row before it travels: few columns of floats, and no objects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.kinds.base import SPARK_TYPES

if TYPE_CHECKING:
    from airflow_spark_guard.job.collection.columns import Columns

# Names of what travels. The source's own names never do: they may repeat ours.
NUMBERS, LABEL = "numbers", "label"
_STRUCT = "spark_guard_vector_"


def project(df: Any, columns: Columns, dtype: str, *, unrolled: bool = False) -> Any:
    """The DataFrame of one collection, with the columns of :func:`expressions`."""
    df, columns = with_structs(df, columns)
    return df.selectExpr(*expressions(columns, dtype, unrolled=unrolled))


def with_structs(df: Any, columns: Columns) -> tuple[Any, Columns]:
    """The inside of each vector beside the source's columns, and the columns that name it instead."""
    prefix = _STRUCT
    while any(name.lower().startswith(prefix) for name in df.columns):
        prefix += "_"
    structs = {c.name: (f"{prefix}{i}", c.struct()) for i, c in enumerate(columns.features)}
    inside = {name: struct for name, struct in structs.items() if struct[1] is not None}
    if not inside:
        return df, columns
    features = tuple(replace(c, name=inside[c.name][0]) if c.name in inside else c for c in columns.features)
    selected = (struct.alias(name) for name, struct in inside.values())
    return df.select("*", *selected), replace(columns, features=features)


def expressions(columns: Columns, dtype: str, *, unrolled: bool = False) -> list[str]:
    """The columns that travel, as SQL: one call for all, where a Column object would cost a millisecond each.

    - ``numbers``: every feature that is one number, as one array of floats;
    - ``<field>_<i>``: the fields of another feature i, as its kind has them;
    - with ``unrolled``, for vectors of known width, instead ``dense_<i>``: the values, nulls for a null; and
      ``usual_<i>``: false for a vector that is sparse or of another width, which cannot travel this way;
    - ``label``: float or text.

    A null stays null. The cast to float32 happens here, which halves what travels.
    """
    spark_type = SPARK_TYPES[dtype]
    numbers = [part for column in columns.features if column.packed for part in column.parts(spark_type)]
    parts = [f"array({', '.join(numbers)}) AS {NUMBERS}"] if numbers else []
    for i, column in enumerate(columns.features):
        if not column.packed:
            parts.extend(column.sql(i, spark_type, unrolled=unrolled))
    if columns.label is not None:
        parts.extend(f"{part} AS {LABEL}" for part in columns.label.parts(spark_type))
    return parts
