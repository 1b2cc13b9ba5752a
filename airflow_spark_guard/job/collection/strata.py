"""How many rows each stratum gives."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from airflow_spark_guard.job.collection.array_format import is_whole
from airflow_spark_guard.job.collection.columns import check_uncollated, plain
from airflow_spark_guard.job.collection.draw import STRATUM, share_for, stratum_sql
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.kinds.base import Array, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.job.collection.draw import Draw

MOST = 1000
Allocation: TypeAlias = Literal["proportional", "balanced"]
_ALLOCATIONS: tuple[Allocation, ...] = get_args(Allocation)
_TYPES = frozenset(
    ["StringType", "BooleanType", "ByteType", "ShortType", "IntegerType", "LongType", "DateType"]
)
# Strata whose shares lie within this factor are selected by one condition.
_LEVEL = 1.5


@dataclass(frozen=True)
class Stratify:
    """How a sample is spread over the values of a column.

    Attributes:
        column: of text, whole numbers, booleans or dates; null is a stratum of its own.
        allocation: ``"proportional"``: as in the source; ``"balanced"``: the same number of each, as far as
            there are so many.
        at_least: rows of a stratum that are taken in any case, as far as it has them.

    With ``at_least=0``, strata that get no row are named in a warning and in ``report.strata_left_out``.
    """

    column: str
    allocation: Allocation = "proportional"
    at_least: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "at_least", plain(self.at_least))
        for name, value, good, expected in (
            ("column", self.column, isinstance(self.column, str), "the name of a column"),
            ("allocation", self.allocation, self.allocation in _ALLOCATIONS, " or ".join(_ALLOCATIONS)),
            ("at_least", self.at_least, is_whole(self.at_least, 0), "a whole number of at least 0"),
        ):
            if not good:
                raise SampleError(
                    f"Stratify cannot use this {name}.",
                    got=repr(value),
                    expected=expected,
                    advice=f"Correct {name}= in Stratify(...).",
                )


def check_stratum(schema: Any, column: str) -> None:
    """Raise unless the column's values can be strata."""
    data_type = schema[column].dataType
    if type(data_type).__name__ not in _TYPES:
        raise SampleError(
            f"Column {column!r} cannot be stratified by.",
            got=data_type.simpleString(),
            expected="text, whole numbers, booleans or dates",
            advice="Cut it into classes first, for example with pyspark.ml.feature.Bucketizer or floor().",
        )
    check_uncollated(schema, column, "stratify")


@dataclass(frozen=True)
class Strata:
    """The strata of a source.

    Attributes:
        counts: rows of each that may be drawn, sorted; null last.
        hashes: of these values, in their order, as they travel; None for null.
        total: rows of the source.
        unusable: strata without a row that may be drawn.
    """

    counts: Mapping[Any, int]
    hashes: tuple[int | None, ...]
    total: int
    unusable: tuple[Any, ...] = ()

    def text_bytes(self) -> int:
        """Memory of the values themselves, which the sample's rows share."""
        return sum(sys.getsizeof(stratum) for stratum in self.counts)


def count_strata(df: Any, column: str, usable: Any) -> Strata:
    """The strata, with the rows of each that meet ``usable``: one pass."""
    from pyspark.sql import functions as sf

    found = (
        df.groupBy(named(column).alias("s"))
        .agg(sf.count(sf.lit(1)).alias("all"), sf.count(sf.when(usable, 1)).alias("usable"))
        .withColumn("hash", sf.expr(stratum_sql("s")))
        .limit(MOST + 1)
        .collect()
    )
    if len(found) > MOST:
        raise SampleError(
            f"Column {column!r} has too many strata.",
            got=f"more than {MOST} different values",
            expected=f"at most {MOST}",
            advice="Stratify by a coarser column; for a sample by key, pass key= instead.",
        )
    found.sort(key=lambda row: (row["s"] is None, row["s"] if row["s"] is not None else 0))
    good = [row for row in found if row["usable"]]
    return Strata(
        {row["s"]: row["usable"] for row in good},
        tuple(row["hash"] for row in good),
        sum(row["all"] for row in found),
        tuple(row["s"] for row in found if not row["usable"]),
    )


def allocate(counts: Mapping[Any, int], rows: int, how: Stratify) -> dict[Any, int]:
    """Rows to take of each stratum, ``rows`` in all.

    Raises:
        SampleError: ``rows`` cannot hold ``at_least`` of each stratum.
    """
    kept = {stratum: min(how.at_least, count) for stratum, count in counts.items()}
    if sum(kept.values()) > rows:
        raise SampleError(
            f"A sample of {rows} rows cannot hold {how.at_least} of each stratum of {how.column!r}.",
            got=f"{len(counts)} strata, {sum(kept.values())} rows at least",
            expected=f"at most {rows}",
            advice="Raise max_rows, lower Stratify.at_least, or stratify by a coarser column.",
        )
    if rows >= sum(counts.values()):
        return dict(counts)
    if how.allocation == "balanced":
        return _balanced(counts, rows)
    return _proportional(counts, rows, kept)


def _balanced(counts: Mapping[Any, int], rows: int) -> dict[Any, int]:
    taken: dict[Any, int] = {}
    left, strata = rows, sorted(counts, key=lambda stratum: counts[stratum])
    for number, stratum in enumerate(strata):
        taken[stratum] = min(counts[stratum], left // (len(strata) - number))
        left -= taken[stratum]
    return {stratum: taken[stratum] for stratum in counts}


def _proportional(counts: Mapping[Any, int], rows: int, kept: Mapping[Any, int]) -> dict[Any, int]:
    """Largest remainders; strata whose share is below what they must give are set first."""
    fixed: dict[Any, int] = {}
    while True:
        free = {stratum: count for stratum, count in counts.items() if stratum not in fixed}
        share = (rows - sum(fixed.values())) / sum(free.values()) if free else 0.0
        low = {stratum for stratum, count in free.items() if count * share < kept[stratum]}
        if not low:
            break
        fixed.update({stratum: kept[stratum] for stratum in low})
    exact = {stratum: count * share for stratum, count in free.items()}
    taken = {stratum: math.floor(value) for stratum, value in exact.items()} | fixed
    open_rows = rows - sum(taken.values())
    by_remainder = sorted(
        exact, key=lambda stratum: exact[stratum] - math.floor(exact[stratum]), reverse=True
    )
    for stratum in by_remainder[:open_rows]:
        taken[stratum] += 1
    return {stratum: taken[stratum] for stratum in counts}


def shares(counts: Mapping[Any, int], wanted: Mapping[Any, int]) -> dict[Any, float]:
    """The share of each stratum to ask for."""
    return {stratum: share_for(wanted[stratum], counts[stratum]) for stratum in counts}


def condition(draw: Draw, share_by_stratum: Mapping[Any, float]) -> Any:
    """Spark's condition for these shares, or somewhat more: the driver cuts exactly."""
    from pyspark.sql import functions as sf

    levels: list[tuple[float, list[Any]]] = []
    for stratum, share in sorted(share_by_stratum.items(), key=lambda item: -item[1]):
        if levels and share >= levels[-1][0] / _LEVEL:
            levels[-1][1].append(stratum)
        else:
            levels.append((share, [stratum]))
    if len(levels) == 1:
        return draw.below(levels[0][0])
    value = sf.col(STRATUM)
    met = sf.lit(False)  # noqa: FBT003 - a literal column
    for share, members in levels:
        met = met | (_among(value, members) & draw.below(share))
    return met


def _among(value: Any, strata: Sequence[Any]) -> Any:
    known = [stratum for stratum in strata if stratum is not None]
    there = value.isin(known) if known else None
    if None not in strata:
        return there
    return value.isNull() if there is None else value.isNull() | there


def first_of_each(codes: Array, wanted: Array) -> Array:
    """Positions, ascending, of the first ``wanted[code]`` rows of each code."""
    order = np.argsort(codes, kind="stable")
    ranked = codes[order]
    begins = np.searchsorted(ranked, ranked, side="left")
    return np.sort(order[np.arange(len(ranked)) - begins < wanted[ranked]])


def labelled(strata: Sequence[Any], codes: Array) -> Array:
    """The stratum of each row.

    Texts are objects that the rows share: numpy's own texts are as wide as the longest, in every row, and
    lose NULs at their end.
    """
    plain_numbers = all(isinstance(stratum, int) for stratum in strata)
    values = np.array(strata, dtype=None if plain_numbers else object)
    labels: Array = values[codes]
    return labels
