"""Arrays of numbers, or of what becomes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from airflow_spark_guard.job.collection.kinds.base import (
    Array,
    Reader,
    SourceColumn,
    named,
    numbers_of,
    quoted,
)
from airflow_spark_guard.job.collection.kinds.number import NUMBER_LIKE, number_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXACT = ("date", "timestamp_ntz")  # which Spark casts to no number


class ArrayReader(Reader):
    """One list of numbers a row."""

    fields = ("array",)
    kind = "array"

    def lengths(self, arrays: Sequence[Any]) -> Array:
        return numbers_of(arrays[0].value_lengths().fill_null(-1))

    def rows(self, arrays: Sequence[Any], dtype: str) -> Array:
        return list_rows(arrays[0], self.width or 0, dtype)

    def arrow_types(self, value: Any) -> tuple[Any, ...]:
        return (pa.list_(value),)


@dataclass(frozen=True)
class NumberArray(SourceColumn):
    """One feature for each element, in the order of the array."""

    reads = ArrayReader
    several = True

    width: int | None = None

    @classmethod
    def takes(cls, data_type: Any) -> bool:
        is_array = type(data_type).__name__ == "ArrayType"
        return is_array and type(data_type.elementType).__name__ in NUMBER_LIKE

    def parts(self, spark_type: str) -> list[str]:
        value = quoted(self.name)
        if self.element_type in _EXACT:
            value = f"transform({value}, x -> {number_sql('x', self.element_type)})"
        return [f"CAST({value} AS ARRAY<{spark_type}>)"]

    def is_set(self) -> Any:
        return self.is_there() & is_complete(self._elements())

    def size(self) -> Any:
        from pyspark.sql import functions as sf

        return sf.size(named(self.name))

    def figure(self, element: int | None) -> Any:
        from pyspark.sql import functions as sf

        value = sf.get(self._elements(), element)
        return sf.when(~sf.isnan(value), value)

    def _elements(self) -> Any:
        from pyspark.sql import functions as sf

        return sf.expr(self.parts("double")[0])


def list_rows(lists: Any, width: int, dtype: str) -> Array:
    """An Arrow array of lists of one length as an array of shape (lists, width); NaN for a null list."""
    # Not .values: a slice shares its parent's, and null lists may hold some.
    values = numbers_of(lists.flatten()).astype(dtype, copy=False)
    if not lists.null_count:
        return values.reshape(len(lists), width)
    rows = np.full((len(lists), width), np.nan, dtype)
    filled = numbers_of(lists.is_valid())
    rows[filled] = values.reshape(int(filled.sum()), width)
    return rows


def is_complete(elements: Any) -> Any:
    """Spark's condition for an array without a null or NaN inside."""
    from pyspark.sql import functions as sf

    return ~sf.exists(elements, lambda element: element.isNull() | sf.isnan(element))
