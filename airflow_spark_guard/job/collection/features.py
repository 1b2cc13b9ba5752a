"""The features of the rows read so far: one dense matrix, or one sparse one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_spark_guard.job.collection.invalid_values import InvalidValues, different_lengths, worst_of_rows
from airflow_spark_guard.job.collection.table import Blocks, Rows

if TYPE_CHECKING:
    from airflow_spark_guard.job.collection.kinds.base import Array
    from airflow_spark_guard.job.collection.layout import Layout


class DenseFeatures:
    """A C-contiguous matrix, filled in place batch by batch."""

    def __init__(self, layout: Layout, capacity: int, dtype: str) -> None:
        self._layout = layout
        self._rows = Rows(capacity, layout.width, dtype)
        self._last: Array | None = None

    def write(self, batch: Any) -> InvalidValues:
        """Write the batch behind the rows that are there."""
        rows = self._rows.extend(batch.num_rows)
        self._last = rows
        self._layout.fill(batch, rows)
        invalid = InvalidValues()
        if not np.isfinite(rows).all():
            for reader, span in zip(self._layout.readers, self._layout.spans, strict=True):
                invalid.add(reader.column, rows[:, span])
        return invalid

    def keep(self, kept: Array | None) -> None:
        """Count rows of the last batch as written: all for None, or those where ``kept`` is True."""
        rows = self._last
        if rows is None:
            return
        if kept is None:
            self._rows.keep(len(rows))
        else:
            some = rows[kept]
            rows[: len(some)] = some
            self._rows.keep(len(some))

    def take(self, order: Array | Blocks | None) -> Array:
        """The matrix, cut to the rows ``order`` in that order."""
        self._last = None
        return self._rows.take(order)


class SparseFeatures:
    """A ``scipy.sparse.csr_array`` of the one vector column; zeros that are stored stay stored."""

    def __init__(self, layout: Layout, capacity: int, dtype: str) -> None:
        self._layout, self._capacity, self._dtype = layout, capacity, dtype
        self._reader = layout.readers[0]
        self._counts = Rows(capacity, None, "int64")
        self._indices: Rows | None = None
        self._values: Rows | None = None
        self._last: tuple[Array, Array, Array] | None = None

    def write(self, batch: Any) -> InvalidValues:
        """See :class:`DenseFeatures`.

        Raises:
            SampleError: vectors of different lengths.
        """
        arrays = self._reader.arrived(batch, 0)
        lengths = self._reader.lengths(arrays)
        lengths = lengths[lengths >= 0]
        if (lengths != self._reader.width).any():
            raise different_lengths(lengths.tolist(), self._reader)
        # A row without a vector stores a NaN, so that it is not taken for one of zeros.
        self._last = counts, _, values = self._reader.stored(arrays)
        invalid = InvalidValues()
        if not np.isfinite(values).all():
            invalid.add(self._reader.column, worst_of_rows(counts, values))
        return invalid

    def keep(self, kept: Array | None) -> None:
        """See :class:`DenseFeatures`."""
        if self._last is None:
            return
        counts, indices, values = self._last
        if kept is not None:
            among = np.repeat(kept, counts)
            counts, indices, values = counts[kept], indices[among], values[among]
        if self._indices is None or self._values is None:
            expected = int(1.1 * len(values) / max(1, len(counts)) * self._capacity)
            self._indices, self._values = Rows(expected, None, "int32"), Rows(expected, None, self._dtype)
        self._counts.append(counts)
        self._indices.append(indices)
        self._values.append(values)

    def row_bytes(self) -> int:
        """Bytes of an average row so far."""
        stored = 0 if self._values is None else len(self._values)
        return 12 + 12 * stored // max(1, len(self._counts))

    def take(self, order: Array | Blocks | None) -> Any:
        """See :class:`DenseFeatures`."""
        from scipy.sparse import csr_array

        counts = self._counts.take(None)
        if self._indices is None or self._values is None:
            return csr_array((0, self._layout.width or 0), dtype=self._dtype)
        begins = np.concatenate([[0], np.cumsum(counts)])
        if begins[-1] <= np.iinfo(np.int32).max:
            begins = begins.astype(np.int32)  # wider ones would widen the indices, which learners refuse
        parts = (self._values.take(None), self._indices.take(None), begins)
        rows = csr_array(parts, shape=(len(counts), self._layout.width or 0))
        if isinstance(order, Blocks):
            order = order.rows()
        return rows if order is None else rows[order]
