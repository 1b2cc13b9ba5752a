"""What every kind of column can do: in Spark before its values travel, in Python when they have arrived.

A kind is a :class:`SourceColumn` and its :class:`Reader`, both in one module of this folder, and a place in
``columns.KINDS``. Readers travel to the executors by value, because this package need not be installed there:
modules of this folder import no other module of the package.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Array = np.ndarray[Any, Any]
SPARK_TYPES = {"float32": "float", "float64": "double"}


class Reader:
    """Makes columns of a matrix from the Arrow arrays of one column of the source.

    Args:
        column: its name.
        width: how many features it becomes; None until the first array or vector arrives.
        categories: the texts in the order of their codes, where they are known.

    Attributes:
        fields: names of the Arrow arrays in which a value travels.
        kind: name of the kind, in messages and files.
        categorical: whether its features are codes of texts.
        text_bytes: memory of the different texts that arrived.
    """

    fields: ClassVar[tuple[str, ...]]
    kind: ClassVar[str]
    categorical: ClassVar[bool] = False

    def __init__(self, column: str, width: int | None, categories: tuple[str, ...] | None = None) -> None:
        self.column, self.width, self.categories = column, width, categories
        self.text_bytes = 0

    def arrived(self, batch: Any, i: int) -> list[Any]:
        """The arrays of feature ``i`` in a record batch."""
        return [batch.column(f"{name}_{i}") for name in self.fields]

    def learn(self, batch: Any, i: int) -> None:
        """Take the width from a batch: the most frequent length, and the first one's of several such."""
        lengths = self.lengths(self.arrived(batch, i))
        found, first, counts = np.unique(lengths[lengths >= 0], return_index=True, return_counts=True)
        if len(found):
            self.width = int(found[np.lexsort((first, -counts))[0]])

    def lengths(self, arrays: Sequence[Any]) -> Array:
        """Shape (rows,): values of each row, -1 for a null; shape (0,) where every row has one value."""
        return np.empty(0, dtype=np.int64)

    def rows(self, arrays: Sequence[Any], dtype: str) -> Array:
        """Shape (rows, width), NaN for what is null; every row that is not null must have this width."""
        raise NotImplementedError

    def stored(self, arrays: Sequence[Any]) -> tuple[Array, Array, Array]:
        """For a sparse matrix: values of each row (one NaN for a null), and all places and values stored."""
        raise NotImplementedError

    def arrow_types(self, value: Any) -> tuple[Any, ...]:
        """The Arrow types of the arrays, for numbers of the type ``value``."""
        raise NotImplementedError

    def sort(self, codes: Array) -> tuple[str, ...]:
        """Renumber ``codes`` in place by the order of their texts; these texts. Only codes have any."""
        return ()


@dataclass(frozen=True)
class SourceColumn:
    """One column of the source, checked.

    Attributes:
        name: as in the schema; a dot is part of it.
        type: Spark's own short name of the type.
        categories: the texts in the order of their codes, where the caller knows them.
        width: how many features it becomes; None until the first array or vector arrives.
        names: names of its features by position, as far as the schema's metadata have them.
        reads: what reads its values.
        packed: whether it travels with others in one array of numbers.
        several: whether it becomes a feature for each of its elements.
        may_be_sparse: whether it can become a sparse matrix.
    """

    reads: ClassVar[type[Reader]]
    packed: ClassVar[bool] = False
    several: ClassVar[bool] = False
    may_be_sparse: ClassVar[bool] = False

    name: str
    type: str
    categories: tuple[str, ...] | None = None
    width: int | None = 1
    names: Mapping[int, str] = field(default_factory=dict, hash=False)

    @classmethod
    def takes(cls, data_type: Any) -> bool:
        """Whether columns of this Spark type are of this kind."""
        raise NotImplementedError

    @classmethod
    def of(cls, of_schema: Any, categories: tuple[str, ...] | None) -> Self:
        """The column of a field of the schema."""
        return cls(of_schema.name, of_schema.dataType.simpleString(), categories)

    @property
    def categorical(self) -> bool:
        """Whether its features are codes of texts."""
        return self.reads.categorical

    @property
    def element_type(self) -> str:
        """The type of a single value: the elements' own for an array."""
        return self.type.removeprefix("array<").removesuffix(">")

    def reader(self, width: int | None = None) -> Reader:
        """What reads its values, of the width that is known."""
        return self.reads(self.name, self.width if width is None else width, self.categories)

    def feature_names(self, width: int) -> tuple[str, ...]:
        """One name for each of ``width`` features; those without one are numbered after the column."""
        if not self.several:
            return (self.name,)
        return tuple(self.names.get(i, f"{self.name}_{i}") for i in range(width))

    def struct(self) -> Any:
        """A Spark column that must replace this one before :meth:`parts` can name it, or None."""

    def parts(self, spark_type: str) -> list[str]:
        """SQL of what travels, one expression for each of the reader's fields; a null stays null."""
        raise NotImplementedError

    def sql(self, i: int, spark_type: str, *, unrolled: bool) -> list[str]:
        """The named columns in which feature ``i`` travels. ``unrolled``: without what a sparse one needs."""
        pairs = zip(self.reads.fields, self.parts(spark_type), strict=True)
        return [f"{part} AS {name}_{i}" for name, part in pairs]

    def arguments(self, dtype: str, width: int) -> tuple[list[Any], Reader]:
        """What Spark passes to a Python function for this column, and what reads it there."""
        from pyspark.sql import functions as sf

        return [sf.expr(part) for part in self.parts(SPARK_TYPES[dtype])], self.reader(width)

    def is_there(self) -> Any:
        """Spark's condition for a value that is not null."""
        return named(self.name).isNotNull()

    def is_set(self) -> Any:
        """Spark's condition for a value: no null and no NaN, and neither of them inside an array or a vector.

        With known categories, one of these. It is true for the rows in which the driver finds no NaN.
        """
        raise NotImplementedError

    def size(self) -> Any:
        """Spark's expression for how many features the value of a row becomes."""
        raise NotImplementedError

    def figure(self, element: int | None) -> Any:
        """A Spark column of one feature, a double or a text: null for null, NaN and unknown categories."""
        raise NotImplementedError


def named(name: str) -> Any:
    """The Spark column of this name; quoted, since an unquoted dot would mean a field of a struct."""
    from pyspark.sql import functions as sf

    return sf.col(quoted(name))


def quoted(name: str) -> str:
    """A column's name inside an SQL expression."""
    return "`" + name.replace("`", "``") + "`"


def numbers_of(array: Any) -> Array:
    """An Arrow array as numpy's, without a copy where there are no nulls."""
    values: Array = array.to_numpy(zero_copy_only=False)
    return values
