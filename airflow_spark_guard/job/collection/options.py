"""The arguments of a collection, checked before Spark runs anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.columns import NUMBERS, TEXTS, check_name, check_uncollated, plain
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.projection import SPARK_TYPES
from airflow_spark_guard.job.collection.split import Split, checked_split
from airflow_spark_guard.job.collection.strata import Stratify, check_stratum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.job.collection.columns import Columns

DTYPES = (*SPARK_TYPES, "auto")
NULLS = ("error", "drop", "nan")
_KEY_TYPES = NUMBERS | TEXTS | {"BinaryType"}
_NUMBERS = frozenset(
    ["ByteType", "ShortType", "IntegerType", "LongType", "FloatType", "DoubleType", "DecimalType"]
)
_SEEDS = range(-(2**63), 2**63)


@dataclass(frozen=True)
class DrawOptions:
    """How many rows, and which. See :func:`~airflow_spark_guard.job.collect_sample` for their meaning."""

    max_rows: int
    seed: int
    max_bytes: float | None = None
    fraction: float | None = None
    stratify: str | Stratify | None = None
    key: str | Sequence[str] | None = None
    weight: str | None = None
    total_rows: int | None = None
    split: Mapping[str, float] | None = None
    group: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name in ("max_rows", "seed", "max_bytes", "fraction", "total_rows"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        if type(self.fraction) is int:
            object.__setattr__(self, "fraction", float(self.fraction))

    def columns(self) -> tuple[str, ...]:
        """The columns of the source that decide on rows, besides those collected."""
        parts = self.parts
        strata = () if self.strata is None else (self.strata.column,)
        weight = () if self.weight is None else (self.weight,)
        return tuple(dict.fromkeys((*self.keys, *weight, *strata, *(parts.group if parts else ()))))

    @property
    def parts(self) -> Split | None:
        """How to split, if at all."""
        return checked_split(self.split, self.group, self.keys)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the key."""
        return () if self.key is None else (self.key,) if isinstance(self.key, str) else tuple(self.key)

    @property
    def strata(self) -> Stratify | None:
        """How to stratify, if at all."""
        return Stratify(self.stratify) if isinstance(self.stratify, str) else self.stratify

    def check(self, schema: Any) -> None:
        """Raise for what cannot be.

        Raises:
            SampleError: with the argument, what it was and what it may be.
        """
        share = self.max_bytes
        strata = self.stratify
        for name, value, good, expected in (
            ("max_rows", self.max_rows, _whole(self.max_rows, 1), "a whole number of at least 1"),
            (
                "seed",
                self.seed,
                _whole(self.seed) and self.seed in _SEEDS,
                "a whole number of 64 bits; the same one gives the same sample",
            ),
            (
                "max_bytes",
                share,
                share is None or _whole(share, 1) or _part(share),
                "bytes as a whole number, or a share of the memory left: a float above 0, up to 1",
            ),
            (
                "fraction",
                self.fraction,
                self.fraction is None or _part(self.fraction),
                "a number above 0, up to 1",
            ),
            (
                "total_rows",
                self.total_rows,
                self.total_rows is None or _whole(self.total_rows, 0),
                "the number of rows of the source",
            ),
            (
                "stratify",
                strata,
                strata is None or isinstance(strata, str | Stratify),
                "the name of a column, or Stratify(column, allocation=..., at_least=...)",
            ),
        ):
            check_argument(name, value, expected, good=good)
        self._check_columns(schema)

    def rows(self, total: int) -> int:
        """Rows to take of ``total``.

        Raises:
            SampleError: ``fraction`` and ``max_rows`` contradict each other.
        """
        if self.fraction is None:
            return min(self.max_rows, total)
        rows = max(1, round(self.fraction * total)) if total else 0
        if rows > self.max_rows:
            raise SampleError(
                "fraction and max_rows contradict each other.",
                got=f"fraction={self.fraction:g} of {total:,} rows is {rows:,}; max_rows={self.max_rows}",
                expected="a fraction that max_rows allows",
                advice=f"Pass max_rows={rows} with this fraction, or max_rows alone.",
            )
        return rows

    def _check_columns(self, schema: Any) -> None:
        strata = self.strata
        if strata is not None:
            check_name(schema.names, strata.column)
            check_stratum(schema, strata.column)
        if strata is not None and self.weight is not None:
            raise SampleError(
                "A sample is either stratified or weighted.",
                got=f"stratify={strata.column!r} and weight={self.weight!r}",
                expected="one of them",
                advice="Stratify(column, allocation='balanced') evens out classes; weight draws single rows.",
            )
        for what, names in (("key", self.key), ("group", self.group)):
            good = names is None or isinstance(names, str | list | tuple)
            check_argument(what, names, "the name of a column, or a list of names", good=good)
        parts = self.parts
        identifying = [("key", name) for name in self.keys]
        for what, name in [*identifying, *(("group", name) for name in (parts.group if parts else ()))]:
            _check_type(what, schema, name, _KEY_TYPES, "text, numbers, booleans, dates or timestamps")
            check_uncollated(schema, name, what)
        if self.weight is not None:
            _check_type("weight", schema, self.weight, _NUMBERS, "numbers")


def check_form(
    nulls: object,
    dtype: object,
    *,
    sparse: object,
    columns: Columns,
    max_bytes: object = None,
    dtypes: Sequence[str] = DTYPES,
) -> None:
    """Raise unless the arrays can look like this.

    Raises:
        SampleError: unknown words; ``sparse`` of anything but one vector column.
    """
    check_argument("nulls", nulls, "one of: " + ", ".join(NULLS), good=nulls in NULLS)
    check_argument("dtype", dtype, "one of: " + ", ".join(dtypes), good=dtype in dtypes)
    check_argument("sparse", sparse, "True or False", good=isinstance(sparse, bool))
    kinds = [column.kind for column in columns.features]
    if sparse and kinds != ["vector"]:
        raise SampleError(
            "sparse=True takes one vector column.",
            got=", ".join(f"{column.name}: {column.type}" for column in columns.features),
            expected="one ML vector as the only feature",
            advice="Join the columns with pyspark.ml.feature.VectorAssembler, or collect them dense.",
        )
    if sparse and max_bytes is not None:
        raise SampleError(
            "max_bytes cannot cut a sparse sample.",
            got=f"sparse=True and max_bytes={max_bytes!r}",
            expected="one of them: sparse rows differ in size, so nobody knows before how many fit",
            advice="Pass max_rows; what does not fit into the memory left is refused all the same.",
        )
    if sparse and nulls == "nan":
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


def _check_type(what: str, schema: Any, name: str, types: frozenset[str], expected: str) -> None:
    check_name(schema.names, name)
    data_type = schema[name].dataType
    if type(data_type).__name__ not in types:
        raise SampleError(
            f"Column {name!r} cannot be the {what}.",
            got=data_type.simpleString(),
            expected=expected,
            advice=f"Name another column, or cast this one, in {what}=.",
        )


def _whole(value: object, at_least: int | None = None) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and (at_least is None or value >= at_least)  # type: ignore[operator]


def _part(value: object) -> bool:
    return isinstance(value, float) and 0 < value <= 1
