"""The options of a collection: each documented, defaulted and checked here, before Spark runs anything."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Required, Self, TypedDict

from airflow_spark_guard.job.collection.array_format import ArrayFormat, check_argument, is_whole
from airflow_spark_guard.job.collection.columns import check_name, check_uncollated, plain
from airflow_spark_guard.job.collection.errors import OptionError, SampleError
from airflow_spark_guard.job.collection.kinds.number import NUMBER_LIKE, NUMBERS
from airflow_spark_guard.job.collection.kinds.text import TEXTS
from airflow_spark_guard.job.collection.split import Split, checked_split
from airflow_spark_guard.job.collection.strata import Stratify, check_stratum
from airflow_spark_guard.job.text import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_spark_guard.job.collection.array_format import DType, Nulls
    from airflow_spark_guard.job.collection.columns import Columns

_KEY_TYPES = NUMBER_LIKE | TEXTS | {"BinaryType"}
_SEEDS = range(-(2**63), 2**63)
_SEED = "a whole number of 64 bits; the same one gives the same sample"


class Options(TypedDict, total=False):
    """:class:`SampleOptions` for type checkers, which read keyword arguments off nothing else."""

    seed: Required[int]
    max_rows: int
    max_bytes: float | None
    fraction: float | None
    stratify: str | Stratify | None
    key: str | Sequence[str] | None
    weight: str | None
    total_rows: int | None
    split: Mapping[str, float] | None
    group: str | Sequence[str] | None
    dtype: DType | Literal["auto"]
    nulls: Nulls
    categorical: Mapping[str, Sequence[str]] | None
    sparse: bool


def _share(value: object) -> bool:
    return isinstance(value, float) and 0 < value <= 1


def _names(value: object) -> bool:
    return isinstance(value, str | list | tuple)


# What an option may be, unless it is None by default.
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "seed": (lambda value: is_whole(value) and value in _SEEDS, _SEED),
    "max_rows": (lambda value: is_whole(value, 1), "a whole number of at least 1"),
    "max_bytes": (
        lambda value: is_whole(value, 1) or _share(value),
        "bytes as a whole number, or a share of the memory left: a float above 0, up to 1",
    ),
    "fraction": (_share, "a number above 0, up to 1"),
    "total_rows": (lambda value: is_whole(value, 0), "the number of rows of the source"),
    "stratify": (
        lambda value: isinstance(value, str | Stratify),
        "the name of a column, or Stratify(column, allocation=..., at_least=...)",
    ),
    "key": (_names, "the name of a column, or a list of names"),
    "group": (_names, "the name of a column, or a list of names"),
}


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """The keyword arguments of :func:`~airflow_spark_guard.job.collect_sample`.

    Attributes:
        seed: of the drawing; a whole number of 64 bits.
        max_rows: exactly this many rows are taken, or all of them if the source has fewer.
        max_bytes: the most that ``X`` and ``y`` may take, for which fewer rows are taken: bytes, or as a
            float the share of the memory that the driver has left.
        fraction: take this share of the rows that may be drawn, rounded; ``max_rows`` is still the maximum.
            The source is counted for it, even with ``total_rows``.
        stratify: a column whose values keep their shares, and the rare ones at least a row; or
            :class:`Stratify` for balanced strata. Needs a pass over that column.
        key: columns that identify a row. Rows with a null in it are drawn by a hash of all their columns
            here; rows of one key are drawn together, and the last key is cut by that hash. A warning gives
            the share of both.
        weight: a column of weights: the first row is drawn with a probability in proportion to its weight,
            and each further one in the same way among the rows left. Needs a pass over that column.
        total_rows: rows of the source, if known. A wrong number costs time, never the sample.
        split: names of parts and their shares, such as ``{"train": 0.8, "valid": 0.1, "test": 0.1}``. A hash
            of the group decides to which part a row belongs, so no group is split, and a group stays in its
            part as data grow, for the same seed and shares in the same order. See ``Sample.part``.
        group: columns whose values stay together in a split; without it those of the key.
        dtype: ``"float32"`` or ``"float64"``, of ``X`` and ``y``. The cast happens in Spark, so that float32
            halves what travels. ``"auto"``: float32, unless the sample has whole numbers or times that it
            cannot distinguish, or numbers beyond its range; then the rows are read again.
        nulls: what a null or NaN does among the rows drawn. ``"error"`` refuses; ``"drop"`` draws among
            the other rows; ``"nan"`` turns a feature into NaN, and still refuses a null label.
        categorical: the texts of a text column in the order of their codes, such as
            ``earlier.report.categories``; other texts count as null. Columns not named here are coded by the
            texts of the sample, sorted.
        sparse: collect the one vector column into a ``scipy.sparse.csr_array``.
    """

    seed: int
    max_rows: int = 200_000
    max_bytes: float | None = None
    fraction: float | None = None
    stratify: str | Stratify | None = None
    key: str | Sequence[str] | None = None
    weight: str | None = None
    total_rows: int | None = None
    split: Mapping[str, float] | None = None
    group: str | Sequence[str] | None = None
    dtype: DType | Literal["auto"] = "float32"
    nulls: Nulls = "error"
    categorical: Mapping[str, Sequence[str]] | None = None
    sparse: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """The options of a call.

        Raises:
            OptionError: one that does not exist, with the nearest name; or no seed.
        """
        known = [option.name for option in fields(cls)]
        for name in given:
            if name not in known:
                raise OptionError(
                    f"collect_sample has no argument {name!r}.",
                    got=f"{name}=",
                    expected=f"one of: {', '.join(known)}",
                    advice=nearest(name, known, "Leave it out, or correct the name."),
                )
        if "seed" not in given:
            raise OptionError(
                "collect_sample needs a seed.",
                got="no seed=",
                expected=_SEED,
                advice="Pass seed=1, or any other number that you keep.",
            )
        return cls(**given)

    def __post_init__(self) -> None:
        for name in ("max_rows", "seed", "max_bytes", "fraction", "total_rows"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        if type(self.fraction) is int:
            object.__setattr__(self, "fraction", float(self.fraction))

    @property
    def array_format(self) -> ArrayFormat:
        """What the arrays look like."""
        return ArrayFormat(self.dtype, self.nulls, self.sparse)

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

    def columns(self) -> tuple[str, ...]:
        """The columns of the source that decide on rows, besides those collected."""
        strata = () if self.strata is None else (self.strata.column,)
        weight = () if self.weight is None else (self.weight,)
        group = () if self.parts is None else self.parts.group
        return tuple(dict.fromkeys((*self.keys, *weight, *strata, *group)))

    def check(self, schema: Any, columns: Columns) -> None:
        """Raise for what cannot be.

        Raises:
            SampleError: with the argument, what it was and what it may be.
        """
        self.array_format.check(columns)
        for name, (is_good, expected) in _CHECKS.items():
            value = getattr(self, name)
            optional = name not in ("seed", "max_rows")
            check_argument(name, value, expected, good=(value is None and optional) or is_good(value))
        if self.sparse and self.max_bytes is not None:
            raise SampleError(
                "max_bytes cannot cut a sparse sample.",
                got=f"sparse=True and max_bytes={self.max_bytes!r}",
                expected="one of them: sparse rows differ in size, so it is not known before how many fit",
                advice="Pass max_rows; what does not fit into the memory left is still refused.",
            )
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
        group = () if self.parts is None else self.parts.group
        for what, names in (("key", self.keys), ("group", group)):
            for name in names:
                _check_type(what, schema, name, _KEY_TYPES, "text, numbers, booleans, dates or timestamps")
                check_uncollated(schema, name, what)
        if self.weight is not None:
            _check_type("weight", schema, self.weight, NUMBERS, "numbers")


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
