"""Rows that grow in place and are put in order in place: never two copies of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

# Share of the rows that may exist twice while they are put in order.
_SPARE = 0.05
_MOST_STRETCHES = 1000


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
        import numpy as np

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

    def view(self) -> Array:
        """The rows so far, not copied."""
        return self._array[: self._used]

    def take(self, order: Array | None) -> Array:
        """The array itself, cut to its rows, or to the rows ``order`` in that order; nothing is left here.

        The cut gives memory back without a copy.
        """
        array = self._array
        self._array = array[:0].copy()
        if order is not None:
            put_in_order(array, order)
        array.resize((self._used if order is None else len(order), *self._shape), refcheck=False)
        return array


def put_in_order(rows: Array, order: Array) -> None:
    """Make ``rows[i]`` what ``rows[order[i]]`` was, for each i below ``len(order)``, in place.

    Only stretches that change are moved, and of these a few columns at a time, so that the copy in between
    stays small.
    """
    import numpy as np

    moved = order != np.arange(len(order))
    if not moved.any():
        return
    # A stretch ends where all rows so far come from this side and none of them is needed on the other.
    closed = np.maximum.accumulate(order) <= np.arange(len(order))
    begins = np.flatnonzero(moved & np.r_[True, closed[:-1]])
    ends = np.r_[np.flatnonzero(closed) + 1, len(order)]
    ends = ends[np.searchsorted(ends, begins, side="right")]
    if len(begins) > _MOST_STRETCHES:
        begins, ends = begins[:1], ends[-1:]
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        _gather(rows, begin, order[begin:end])


def _gather(rows: Array, begin: int, order: Array) -> None:
    end = begin + len(order)
    if rows.ndim == 1:
        rows[begin:end] = rows[order]
        return
    spare = _SPARE * len(rows) * rows.shape[1]
    step = max(1, int(spare / len(order)))
    for column in range(0, rows.shape[1], step):
        rows[begin:end, column : column + step] = rows[order, column : column + step]
