"""Vectors of Spark's ML, dense and sparse mixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from airflow_spark_guard.job.collection.kinds.array import ArrayReader, is_complete, list_rows
from airflow_spark_guard.job.collection.kinds.base import (
    SPARK_TYPES,
    Array,
    Reader,
    SourceColumn,
    named,
    numbers_of,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# As VectorUDT stores them.
SPARSE, DENSE = 0, 1
# Wider vectors are cast as a whole: generated code has a limit of its own.
WIDEST_UNROLLED = 256
# Up to this width executors get a vector as an array with its zeros: a fifth of the time of its four fields.
WIDEST_SCORED_DENSE = 1000


class NotUnrolledError(Exception):
    """A vector that the unrolled projection cannot carry; the general one can."""


class VectorReader(Reader):
    """Spark's own four fields of a vector; or one list of its values, where all vectors are dense."""

    fields = ("type", "size", "indices", "values")
    kind = "vector"

    def arrived(self, batch: Any, i: int) -> list[Any]:
        """See :class:`Reader`.

        Raises:
            NotUnrolledError: a vector that is sparse, or of another width, in an unrolled batch.
        """
        if f"dense_{i}" not in batch.schema.names:
            return super().arrived(batch, i)
        usual = batch.column(f"usual_{i}")
        if usual.true_count < len(usual):
            raise NotUnrolledError
        return [batch.column(f"dense_{i}")]

    def lengths(self, arrays: Sequence[Any]) -> Array:
        counts = numbers_of(arrays[-1].value_lengths().fill_null(-1))
        if _all_dense(arrays):
            return counts
        sizes = numbers_of(arrays[1].fill_null(-1))
        return np.where(numbers_of(arrays[0].fill_null(-1)) == SPARSE, sizes, counts)

    def rows(self, arrays: Sequence[Any], dtype: str) -> Array:
        width = self.width or 0
        if _all_dense(arrays):
            return list_rows(arrays[-1], width, dtype)
        types = numbers_of(arrays[0].fill_null(-1))
        rows = np.zeros((len(types), width), dtype)
        rows[types < 0] = np.nan
        counts, indices, values = _stored(arrays)
        dense, of_dense = types == DENSE, np.repeat(types == DENSE, counts)
        rows[dense] = values[of_dense].reshape(int(dense.sum()), width)
        places = np.repeat(np.arange(len(types)), np.where(dense, 0, counts))
        # Dense vectors have no indices, so these are the sparse ones' alone.
        rows[places, indices] = values[~of_dense]
        return rows

    def stored(self, arrays: Sequence[Any]) -> tuple[Array, Array, Array]:
        counts, indices, values = _stored(arrays)
        types = numbers_of(arrays[0].fill_null(-1))
        dense = types == DENSE
        if dense.any():
            of_dense = np.repeat(dense, counts)
            own, indices = indices, np.empty(len(values), dtype="int32")
            indices[of_dense] = np.tile(np.arange(self.width or 0, dtype="int32"), int(dense.sum()))
            indices[~of_dense] = own
        null = types < 0
        if null.any():
            at = (np.cumsum(counts) - counts)[null]
            counts = counts + null
            indices, values = np.insert(indices, at, 0), np.insert(values, at, np.nan)
        return counts, indices, values

    def arrow_types(self, value: Any) -> tuple[Any, ...]:
        return (pa.int32(), pa.int32(), pa.list_(pa.int32()), pa.list_(value))


@dataclass(frozen=True)
class Vector(SourceColumn):
    """One feature for each element, named by the metadata of VectorAssembler and its like."""

    reads = VectorReader
    several = True
    may_be_sparse = True

    width: int | None = None

    @classmethod
    def takes(cls, data_type: Any) -> bool:
        # Both pyspark.ml and the older pyspark.mllib have one of this name.
        return type(data_type).__name__ == "VectorUDT"

    @classmethod
    def of(cls, of_schema: Any, categories: tuple[str, ...] | None) -> Self:
        attributes = (of_schema.metadata or {}).get("ml_attr", {})
        width = attributes.get("num_attrs")
        names = {
            attribute["idx"]: attribute["name"]
            for group in attributes.get("attrs", {}).values()
            for attribute in group
            if "name" in attribute
        }
        known = width if isinstance(width, int) and width > 0 else None
        return cls(of_schema.name, "vector", categories, known, names)

    def struct(self) -> Any:
        from pyspark.sql import functions as sf

        return sf.unwrap_udt(named(self.name))

    def parts(self, spark_type: str) -> list[str]:
        vector = quoted(self.name)
        fields = [f"{vector}.{name}" for name in ("type", "size", "indices")]
        return [*fields, f"CAST({vector}.values AS ARRAY<{spark_type}>)"]

    def sql(self, i: int, spark_type: str, *, unrolled: bool) -> list[str]:
        """See :class:`SourceColumn`.

        Unrolled, it is an array of single casts, because Spark's cast of a whole array boxes every element.
        The flag is a column of its own, since a condition around the array would copy every array.
        """
        if not unrolled or self.width is None or self.width > WIDEST_UNROLLED:
            return super().sql(i, spark_type, unrolled=unrolled)
        vector = quoted(self.name)
        elements = ", ".join(f"CAST(get({vector}.values, {at}) AS {spark_type})" for at in range(self.width))
        usual = f"{vector} IS NULL OR ({vector}.type = {DENSE} AND size({vector}.values) = {self.width})"
        return [f"array({elements}) AS dense_{i}", f"({usual}) AS usual_{i}"]

    def arguments(self, dtype: str, width: int) -> tuple[list[Any], Reader]:
        from pyspark.ml.functions import vector_to_array
        from pyspark.sql import functions as sf

        if width <= WIDEST_SCORED_DENSE:
            # Spark's function refuses null.
            values = sf.when(self.is_there(), vector_to_array(named(self.name), dtype))
            return [values], ArrayReader(self.name, width)
        vector = self.struct()
        values = vector["values"].cast(f"array<{SPARK_TYPES[dtype]}>")
        return [vector["type"].cast("int"), vector["size"], vector["indices"], values], self.reader(width)

    def is_set(self) -> Any:
        return self.is_there() & is_complete(self.struct()["values"])

    def size(self) -> Any:
        from pyspark.sql import functions as sf

        vector = self.struct()
        return sf.coalesce(vector["size"], sf.size(vector["values"]))

    def figure(self, element: int | None) -> Any:
        """See :class:`SourceColumn`; what a sparse vector does not store is 0."""
        from pyspark.sql import functions as sf

        vector = self.struct()
        place = sf.array_position(vector["indices"], element)
        held = sf.get(vector["values"], (place - 1).cast("int"))
        sparse = sf.when(place > 0, held).when(vector["size"] > element, sf.lit(0.0))
        dense = sf.when(vector["type"] == DENSE, sf.get(vector["values"], element))
        value = dense.when(vector["type"] == SPARSE, sparse)
        return sf.when(~sf.isnan(value), value)


def _all_dense(arrays: Sequence[Any]) -> bool:
    return len(arrays) == 1 or arrays[1].null_count == len(arrays[1])


def _stored(arrays: Sequence[Any]) -> tuple[Array, Array, Array]:
    """How many values each row stores, the places of the sparse ones' and all values."""
    counts = numbers_of(arrays[-1].value_lengths().fill_null(0))
    return counts, numbers_of(arrays[2].flatten()), numbers_of(arrays[-1].flatten())
