"""What the arrays of a collection look like."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.kinds.base import SPARK_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.job.collection.columns import Columns

DType: TypeAlias = Literal["float32", "float64"]
Nulls: TypeAlias = Literal["error", "drop", "nan"]
DTYPES = (*SPARK_TYPES, "auto")
NULLS: tuple[Nulls, ...] = get_args(Nulls)


@dataclass(frozen=True)
class ArrayFormat:
    """What the arrays look like, and what a null does; see :class:`SampleOptions`."""

    dtype: str = "float32"
    nulls: str = "error"
    sparse: bool = False

    def row_bytes(self, width: int, columns: Columns) -> int:
        """Bytes of one row of features and label."""
        return (width + (columns.label is not None)) * (4 if self.dtype == "float32" else 8)

    def check(self, columns: Columns, dtypes: Sequence[str] = DTYPES) -> None:
        """Raise unless the arrays can look like this.

        Raises:
            SampleError: unknown words; ``sparse`` of anything but one vector column.
        """
        for name, value, known in (("nulls", self.nulls, NULLS), ("dtype", self.dtype, dtypes)):
            check_argument(name, value, "one of: " + ", ".join(known), good=value in known)
        check_argument("sparse", self.sparse, "True or False", good=isinstance(self.sparse, bool))
        if self.sparse and [column.may_be_sparse for column in columns.features] != [True]:
            raise SampleError(
                "sparse=True takes one vector column.",
                got=", ".join(f"{column.name}: {column.type}" for column in columns.features),
                expected="one ML vector as the only feature",
                advice="Join the columns with pyspark.ml.feature.VectorAssembler, or collect them dense.",
            )
        if self.sparse and self.nulls == "nan":
            raise SampleError(
                "A sparse matrix has no row of NaN.",
                got="sparse=True and nulls='nan'",
                expected="nulls='error' or nulls='drop'",
                advice="Drop the rows without a vector, or collect them dense.",
            )


def check_argument(name: str, value: object, expected: str, *, good: bool) -> None:
    """Raise unless ``good``."""
    if not good:
        raise SampleError(
            f"This {name} cannot be used.",
            got=repr(value)[:200],
            expected=expected,
            advice=f"Correct {name}= in the call.",
        )


def is_whole(value: object, at_least: float = -math.inf) -> bool:
    """Whether this is a whole number, and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= at_least
