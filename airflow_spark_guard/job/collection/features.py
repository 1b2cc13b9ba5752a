"""The features of the rows read so far: one dense matrix, or one sparse one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from airflow_spark_guard.job.collection.flaws import Flaws, check_lengths
from airflow_spark_guard.job.collection.projection import SPARSE
from airflow_spark_guard.job.collection.table import Blocks, Rows

if TYPE_CHECKING:
    import numpy as np

    from airflow_spark_guard.job.collection.blocks import Layout
    from airflow_spark_guard.job.collection.columns import Columns

    Array = np.ndarray[Any, Any]


class Features(Protocol):
    """Rows of features that grow batch by batch."""

    def write(self, batch: Any) -> Flaws:
        """Write the batch behind the rows that are there; what is wrong with it."""

    def keep(self, chosen: Array | None) -> None:
        """Count the rows of the last batch as written: all, or those chosen."""

    def take(self, order: Array | Blocks | None) -> Any:
        """The matrix, cut to the rows ``order`` in that order."""


class DenseFeatures:
    """A C-contiguous matrix, filled in place."""

    def __init__(self, columns: Columns, layout: Layout, capacity: int, dtype: str) -> None:
        self._columns, self._layout = columns, layout
        self._rows = Rows(capacity, layout.width, dtype)
        self._last: Array | None = None

    def write(self, batch: Any) -> Flaws:
        """See :class:`Features`."""
        import numpy as np

        rows = self._rows.extend(batch.num_rows)
        self._last = rows
        self._layout.fill(batch, rows)
        flaws = Flaws()
        if not np.isfinite(rows).all():
            for column, span in zip(self._columns.features, self._layout.spans, strict=True):
                flaws.add(column.name, rows[:, span])
        return flaws

    def keep(self, chosen: Array | None) -> None:
        """See :class:`Features`."""
        rows = self._last
        if rows is None:
            return
        if chosen is None:
            self._rows.keep(len(rows))
        else:
            kept = rows[chosen]
            rows[: len(kept)] = kept
            self._rows.keep(len(kept))

    def take(self, order: Array | Blocks | None) -> Array:
        """See :class:`Features`."""
        self._last = None
        return self._rows.take(order)

    def settle(self, labels: Array | None) -> dict[str, tuple[str, ...]]:
        """The texts of text columns, their codes renumbered in place."""
        return self._layout.settle(self._rows.view(), labels)


class SparseFeatures:
    """A ``scipy.sparse.csr_array`` of the one vector column; zeros that are stored stay stored."""

    def __init__(self, columns: Columns, layout: Layout, capacity: int, dtype: str) -> None:
        self._name, self._layout, self._capacity = columns.features[0].name, layout, capacity
        self._dtype = dtype
        self._counts = Rows(capacity, None, "int64")
        self._indices: Rows | None = None
        self._values: Rows | None = None
        self._last: tuple[Array, Array, Array] | None = None

    def write(self, batch: Any) -> Flaws:
        """See :class:`Features`."""
        import numpy as np

        counts, indices, values = self._parts(batch)
        flaws = Flaws()
        null = ~batch.column("type_0").is_valid().to_numpy(zero_copy_only=False)
        if null.any():
            # A row without a vector is marked, so that it is not taken for one of zeros.
            at = (np.cumsum(counts) - counts)[null]
            counts = counts + null
            indices, values = np.insert(indices, at, 0), np.insert(values, at, np.nan)
        self._last = (counts, indices, values)
        if not np.isfinite(values).all():
            of_row = np.repeat(np.arange(len(counts)), counts)
            worst = np.zeros(len(counts))
            # NaN wins over infinite: it is what a policy may keep or drop.
            worst[of_row[np.isinf(values)]] = np.inf
            worst[of_row[np.isnan(values)]] = np.nan
            flaws.add(self._name, worst)
        return flaws

    def keep(self, chosen: Array | None) -> None:
        """See :class:`Features`."""
        import numpy as np

        if self._last is None:
            return
        counts, indices, values = self._last
        if chosen is not None:
            among = np.repeat(chosen, counts)
            counts, indices, values = counts[chosen], indices[among], values[among]
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
        """See :class:`Features`."""
        import numpy as np
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

    def settle(self, labels: Array | None) -> dict[str, tuple[str, ...]]:
        """The texts of a text label."""
        import numpy as np

        return self._layout.settle(np.empty((0, 0)), labels)

    def _parts(self, batch: Any) -> tuple[Array, Array, Array]:
        """Stored values of each row, and all their columns and values."""
        import numpy as np

        width = self._layout.width or 0
        kinds = batch.column("type_0").fill_null(-1).to_numpy(zero_copy_only=False)
        sizes = batch.column("size_0").drop_null().to_numpy()
        check_lengths(sizes, width, "vector", self._name)
        lists = batch.column("values_0")
        offsets = lists.offsets.to_numpy()
        counts = np.where(lists.is_valid().to_numpy(zero_copy_only=False), np.diff(offsets), 0)
        values = lists.flatten().to_numpy(zero_copy_only=False)
        own = batch.column("indices_0").flatten().to_numpy(zero_copy_only=False)
        if len(own) == len(values):
            return counts, own, values
        dense = kinds > SPARSE
        check_lengths(counts[dense], width, "vector", self._name)
        indices = np.empty(len(values), dtype="int32")
        of_dense = np.repeat(dense, counts)
        indices[of_dense] = np.tile(np.arange(width, dtype="int32"), int(dense.sum()))
        indices[~of_dense] = own
        return counts, indices, values
