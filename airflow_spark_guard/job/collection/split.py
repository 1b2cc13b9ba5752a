"""A split into parts by the hash of a group: stable as data grow, and no group lies in two parts."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_spark_guard.job.collection.draw import own_seed
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.kinds.base import quoted

if TYPE_CHECKING:
    from airflow_spark_guard.job.collection.kinds.base import Array

_HASHES = 1 << 64
_WHOLE_NUMBERS = ("tinyint", "smallint", "int", "bigint")
_LONG_DIGITS = 18


@dataclass(frozen=True)
class Split:
    """The parts of a sample.

    Attributes:
        names: of the parts, in the caller's order.
        shares: of the groups, adding up to 1.
        group: columns whose values stay together.
    """

    names: tuple[str, ...]
    shares: tuple[float, ...]
    group: tuple[str, ...]

    def sql(self, schema: Any, seed: int) -> str:
        """The number that decides: a hash of the group, null where all of its columns are null.

        Whole numbers of every width hash alike, so that a wider type next month moves no group.
        """
        values = ", ".join(_value(schema, name) for name in self.group)
        nulls = " AND ".join(f"{quoted(name)} IS NULL" for name in self.group)
        return f"IF({nulls}, NULL, xxhash64(CAST('{own_seed(seed, b'split')}' AS BIGINT), {values}))"

    def codes(self, hashes: Array, without_group: Array) -> Array:
        """The part of each row, by position; rows without a group are one group, in the first part.

        Args:
            hashes: shape (rows,), 64 bits.
            without_group: shape (rows,), True for a row without one.
        """
        half = _HASHES // 2
        ends = [min(round(end * _HASHES) - half, half - 1) for end in itertools.accumulate(self.shares)]
        codes: Array = np.searchsorted(np.array(ends[:-1], dtype=np.int64), hashes, side="right")
        codes[without_group] = 0
        return codes


def checked_split(split: Any, group: Any, key: tuple[str, ...]) -> Split | None:
    """The split that was asked for; without ``group`` the key's columns are the group.

    Raises:
        SampleError: no names or shares that make parts, a group without a split, or no group at all.
    """
    if split is None:
        if group is not None:
            raise SampleError(
                "group= belongs to a split.",
                got=f"group={group!r} without split=",
                expected="both, or neither",
                advice="Pass split={'train': 0.8, 'test': 0.2} as well.",
            )
        return None
    _check_parts(split)
    columns = key if group is None else (group,) if isinstance(group, str) else tuple(group)
    if not columns:
        raise SampleError(
            "A split needs to know which rows belong together.",
            got="split= without group= and without key=",
            expected="columns whose values never lie in two parts",
            advice="Pass group='day', or key= of the columns that identify a row.",
        )
    return Split(tuple(split), tuple(float(share) for share in split.values()), columns)


def part_warnings(split: Split, codes: Array, without_group: Array) -> list[str]:
    """Warnings about the parts of a sample."""
    rows = np.bincount(codes, minlength=len(split.names))
    warnings = []
    empty = [name for name, count in zip(split.names, rows, strict=True) if not count]
    if empty:
        warnings.append(
            f"Part {empty[0]!r} of the split has no rows: whole groups of {', '.join(split.group)} go to one "
            "part, and there are few. Group by a finer column, or give the part a larger share."
        )
    if without_group.any():
        warnings.append(
            f"{without_group.mean():.1%} of the rows have no value in {', '.join(split.group)}; they count as"
            f" one group, in part {split.names[0]!r}."
        )
    return warnings


def _check_parts(split: Any) -> None:
    good = (
        hasattr(split, "values")
        and len(split) > 0
        and all(isinstance(name, str) for name in split)
        and all(_is_share(share) for share in split.values())
        and math.isclose(sum(split.values()), 1, abs_tol=1e-9)
    )
    if not good:
        raise SampleError(
            "This split cannot be used.",
            got=repr(split)[:200],
            expected="names of parts and their shares, each above 0, together 1",
            advice="Pass something like split={'train': 0.8, 'valid': 0.1, 'test': 0.1}.",
        )


def _is_share(share: Any) -> bool:
    return hasattr(share, "__float__") and not isinstance(share, bool | str) and 0 < share <= 1


def _value(schema: Any, name: str) -> str:
    simple = schema[name].dataType.simpleString()
    digits, _, scale = simple.removeprefix("decimal(").removesuffix(")").partition(",")
    whole_decimal = simple.startswith("decimal") and scale == "0" and int(digits) <= _LONG_DIGITS
    if simple in _WHOLE_NUMBERS or whole_decimal:
        return f"CAST({quoted(name)} AS BIGINT)"
    return f"CAST({quoted(name)} AS DOUBLE)" if simple == "float" else quoted(name)
