"""Rows that grow in place and are put in order in place: never two copies of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.job.collection.kinds.base import Array

# Share of the rows that may exist twice while they are put in order; of so few bytes, all of them.
_SPARE = 0.1
_FEW = 32 << 20


class Rows:
    """An array whose first axis grows.

    ``numpy.empty`` only reserves addresses: memory is used as it is written, so a generous guess costs
    nothing.

    Args:
        capacity: rows expected at most; more are taken too.
        width: values of a row; None for an array of shape (rows,).
        dtype: of the values.
    """

    def __init__(self, capacity: int, width: int | None, dtype: str) -> None:
        self._shape = () if width is None else (width,)
        self._array = np.empty((max(1, capacity), *self._shape), dtype=dtype)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    def extend(self, count: int) -> Array:
        """Room for ``count`` more rows, to be written."""
        wanted = self._used + count
        if wanted > len(self._array):
            self._array.resize((max(wanted, len(self._array) * 5 // 4), *self._shape), refcheck=False)
        return self._array[self._used : wanted]

    def keep(self, count: int) -> None:
        """Count the first ``count`` rows of the room as written."""
        self._used += count

    def append(self, values: Array) -> None:
        """Copy ``values`` behind the rows that are there."""
        self.extend(len(values))[:] = values
        self.keep(len(values))

    def take(self, order: Array | Blocks | None) -> Array:
        """The array itself, cut to its rows, or to the rows ``order`` in that order; nothing is left here.

        The cut gives memory back without a copy.
        """
        array = self._array
        self._array = array[:0].copy()
        if isinstance(order, Blocks):
            order.put_in_order(array)
        elif order is not None:
            if len(order) * array[0].nbytes <= _FEW:
                return array[order]  # a second copy of little costs less than moving it back
            put_in_order(array, order)
            self._used = len(order)
        array.resize((self._used, *self._shape), refcheck=False)
        return array


@dataclass(frozen=True)
class Blocks:
    """Whole blocks of rows in another order than they lie in.

    Attributes:
        sizes: rows of each block, as they lie.
        order: numbers of the blocks, in the order wanted.
    """

    sizes: Sequence[int]
    order: Sequence[int]

    def rows(self) -> Array:
        """The order of the single rows."""
        return self._rows(range(len(self.order)))

    def put_in_order(self, rows: Array) -> None:
        """Move rows in place: only stretches of blocks that change places among each other."""
        begin = highest = 0
        for at, block in enumerate(self.order):
            highest = max(highest, block)
            if highest == at:  # the blocks so far came from this side, all of them
                if at > begin:
                    first = sum(self.sizes[:begin])
                    _gather(rows, first, self._rows(range(begin, at + 1)))
                begin = at + 1

    def _rows(self, places: range) -> Array:
        begins = np.concatenate([[0], np.cumsum(self.sizes)])
        blocks = [self.order[place] for place in places]
        return np.concatenate([np.arange(begins[block], begins[block + 1]) for block in blocks])


def put_in_order(rows: Array, order: Array) -> None:
    """Make ``rows[i]`` what ``rows[order[i]]`` was, for each i below ``len(order)``, in place."""
    moved = np.flatnonzero(order != np.arange(len(order)))
    if len(moved):
        _gather(rows, int(moved[0]), order[moved[0] :])


def _gather(rows: Array, begin: int, order: Array) -> None:
    """At once if that is little, else a few columns at a time, so that the copy in between stays small."""
    if not len(order):
        return  # blocks without a row changed places
    end, width = begin + len(order), rows[0].size
    step = max(1, int(_SPARE * len(rows) * width / len(order)))
    if step >= width:
        rows[begin:end] = rows[order]
        return
    for column in range(0, width, step):
        rows[begin:end, column : column + step] = rows[order, column : column + step]
