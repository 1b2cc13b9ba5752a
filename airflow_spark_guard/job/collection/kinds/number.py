"""Numbers, and what becomes one: booleans, decimals, dates and timestamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.kinds.base import (
    Array,
    Reader,
    SourceColumn,
    named,
    numbers_of,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# Names of Spark's types.
NUMBERS = frozenset(
    ["ByteType", "ShortType", "IntegerType", "LongType", "FloatType", "DoubleType", "DecimalType"]
)
NUMBER_LIKE = NUMBERS | {"BooleanType", "DateType", "TimestampType", "TimestampNTZType"}


class NumberReader(Reader):
    """One number a row."""

    fields = ("number",)
    kind = "number"

    def rows(self, arrays: Sequence[Any], dtype: str) -> Array:
        return numbers_of(arrays[0]).astype(dtype, copy=False).reshape(-1, 1)

    def arrow_types(self, value: Any) -> tuple[Any, ...]:
        return (value,)


class Number(SourceColumn):
    """A date as days, a timestamp as seconds since 1970, a boolean as 0 and 1, numbers as they are."""

    reads = NumberReader
    packed = True

    @classmethod
    def takes(cls, data_type: Any) -> bool:
        return type(data_type).__name__ in NUMBER_LIKE

    def parts(self, spark_type: str) -> list[str]:
        return [f"CAST({number_sql(quoted(self.name), self.type)} AS {spark_type})"]

    def is_set(self) -> Any:
        from pyspark.sql import functions as sf

        present = self.is_there()
        return present & ~sf.isnan(named(self.name)) if self.type in ("float", "double") else present

    def figure(self, element: int | None) -> Any:
        from pyspark.sql import functions as sf

        return sf.when(self.is_set(), sf.expr(self.parts("double")[0]))


def number_sql(value: str, type_name: str) -> str:
    """A value as the number that it becomes.

    A ``timestamp`` is an instant, so its seconds are those of UTC; a ``timestamp_ntz`` has no zone, and its
    seconds are those of its own clock.
    """
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
