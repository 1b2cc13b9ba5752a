"""One pass over the batches of a collection: rows are written where they stay, invalid values counted."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_spark_guard.job.collection.draw import PART, PRIORITY, STRATUM, TIE, WEIGHT
from airflow_spark_guard.job.collection.features import DenseFeatures, SparseFeatures
from airflow_spark_guard.job.collection.invalid_values import Counts, never_set
from airflow_spark_guard.job.collection.layout import Layout
from airflow_spark_guard.job.collection.table import Blocks, Rows
from airflow_spark_guard.job.heartbeats import heartbeat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.job.collection.array_format import ArrayFormat
    from airflow_spark_guard.job.collection.budget import Budget
    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.invalid_values import InvalidValues
    from airflow_spark_guard.job.collection.kinds.base import Array

_BETWEEN = 0.5  # seconds between two reports of the progress
_NULLABLE = (TIE, STRATUM, PART)


class TooManyRowsError(Exception):
    """More rows came than the pass was meant for."""


@dataclass(frozen=True)
class RowBudget:
    """How many rows a pass may bring.

    Attributes:
        wanted: rows that are kept in the end, at most.
        reserved: rows that may come, a surplus for the cut included.
        ceiling: raise :class:`TooManyRowsError` above so many; None for no limit.
    """

    wanted: int
    reserved: int
    ceiling: int | None = None

    def bounded(self, budget: Budget, row_bytes: int) -> RowBudget:
        """No more rows than fit: a ceiling is lowered, a number that was settled is checked.

        Raises:
            SampleError: the rows wanted do not fit.
        """
        fitting = budget.rows(row_bytes)
        if self.ceiling is None:
            budget.check(self.wanted, row_bytes)
            return self
        if fitting is None:
            return self
        return RowBudget(min(self.wanted, fitting), min(self.reserved, fitting), min(self.ceiling, fitting))


class Reading:
    """The rows of one pass.

    Args:
        columns: of the collection.
        array_format: of the arrays.
        rows: how many are expected.
        budget: bounds them as soon as the size of a row is known.
        layout: what is known of the rows already, from batches before.
    """

    def __init__(
        self,
        columns: Columns,
        array_format: ArrayFormat,
        rows: RowBudget,
        budget: Budget | None = None,
        layout: Layout | None = None,
    ) -> None:
        self._columns, self._format, self._rows, self._budget = columns, array_format, rows, budget
        self.layout = Layout(columns, array_format.dtype) if layout is None else layout
        self.counts = Counts(ragged=self.layout.ragged)
        self._features: DenseFeatures | SparseFeatures | None = None
        self._labels: Rows | None = None
        self._extra: dict[str, list[Array]] = {}
        self._nulls: dict[str, list[Array]] = {}
        self._sizes: list[int] = []
        self._waiting: list[Any] = []
        self._batches: list[int] = []

    def add(self, batch: Any) -> None:
        """Write one batch; those before the first vector or array wait for it."""
        if batch.num_rows:
            self.layout.learn(batch)
        self._waiting.append(batch)
        if self.layout.width is not None:
            self.write_waiting()

    @property
    def waits(self) -> bool:
        """Whether rows wait for a first array or vector, to learn its width."""
        return any(batch.num_rows for batch in self._waiting)

    def write_waiting(self) -> None:
        """Write the rows that waited, once the layout knows the widths from elsewhere."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            self._write(one)

    def finish(self, batches: list[int]) -> None:
        """Keep the order of the plan, as positions of batches.

        Raises:
            SampleError: no vector at all.
        """
        self._batches = batches
        if self.waits:
            self._leave(sum(batch.num_rows for batch in self._waiting), self.layout.unknown()[0])

    def _leave(self, rows: int, name: str) -> None:
        """Rows that waited in vain for an array or a vector: without one its width is unknown."""
        self.counts.read += rows
        if self._format.nulls != "drop":
            raise never_set(name, self.counts.read)
        self.counts.dropped += rows
        self.counts.missing[name] = rows
        self._waiting.clear()

    def __len__(self) -> int:
        return sum(self._sizes)

    def beside(self, name: str) -> Array:
        """A column that travelled beside the features, row by row in the order of arrival."""
        return np.concatenate(self._extra[name]) if self._extra.get(name) else np.empty(0)

    def nulls(self, name: str) -> Array:
        """Where such a column was null."""
        return np.concatenate(self._nulls[name]) if self._nulls.get(name) else np.empty(0, dtype=bool)

    def stratum_codes(self, numbers: Mapping[int | None, int]) -> Array:
        """The stratum of each row: what ``numbers`` has for its hash, None for null; -1 for another one."""
        if not self._extra.get(STRATUM):
            return np.empty(0, dtype=np.int64)
        hashes, places = np.unique(self.beside(STRATUM), return_inverse=True)
        own = np.array([numbers.get(number, -1) for number in hashes.tolist()], dtype=np.int64)
        return np.where(self.nulls(STRATUM), numbers.get(None, -1), own[places])

    def plan_order(self) -> Blocks | None:
        """The batches in the plan's order; None when they came in it."""
        came = list(range(len(self._batches)))
        return None if self._batches == came else Blocks(self._sizes, self._batches)

    def take(self, order: Array | Blocks | None) -> tuple[Any, Array | None]:
        """Features and labels, cut to the rows ``order``."""
        labels = None if self._labels is None else self._labels.take(order)
        return None if self._features is None else self._features.take(order), labels

    def _open(self, width: int) -> DenseFeatures | SparseFeatures:
        if self._budget is not None and not self._format.sparse:
            self._rows = self._rows.bounded(self._budget, self._format.row_bytes(width, self._columns))
        if self._columns.label is not None:
            self._labels = Rows(self._rows.reserved, None, self._format.dtype)
        features = SparseFeatures if self._format.sparse else DenseFeatures
        return features(self.layout, self._rows.reserved, self._format.dtype)

    def _write(self, batch: Any) -> None:
        if self._features is None:
            self._features = self._open(self.layout.width or 0)
        invalid = self._features.write(batch)
        labels = self._labels_of(batch, invalid)
        self.counts.add(batch.num_rows, invalid)
        kept = None
        if invalid.rows is not None and self._format.nulls == "drop":
            kept = ~invalid.rows
            self.counts.dropped += int(invalid.rows.sum())
        self._features.keep(kept)
        if isinstance(self._features, SparseFeatures) and self._budget is not None and not self._sizes:
            self._budget.check(self._rows.wanted, self._features.row_bytes())
        for values, rows in self._pairs(batch, labels):
            rows.append(values if kept is None else values[kept])
        self._sizes.append(batch.num_rows if kept is None else int(kept.sum()))
        self._check_texts()
        if self._rows.ceiling is not None and len(self) > self._rows.ceiling:
            raise TooManyRowsError

    def _labels_of(self, batch: Any, invalid: InvalidValues) -> Array | None:
        label, labels = self._columns.label, self.layout.labels(batch)
        if label is not None and labels is not None and not np.isfinite(labels).all():
            invalid.add(label.name, labels)
        return labels

    def _pairs(self, batch: Any, labels: Array | None) -> list[tuple[Array, Any]]:
        pairs: list[tuple[Array, Any]] = []
        if labels is not None:
            pairs.append((labels, self._labels))
        for name in (PRIORITY, WEIGHT, TIE, STRATUM, PART):
            if name in batch.schema.names:
                column = batch.column(name)
                pairs.append((column.fill_null(0).to_numpy(), self._extra.setdefault(name, [])))
                if name in _NULLABLE:
                    null = column.is_null().to_numpy(zero_copy_only=False)
                    pairs.append((null, self._nulls.setdefault(name, [])))
        return pairs

    def _check_texts(self) -> None:
        """Different texts of text columns take memory of their own."""
        texts = self.layout.text_bytes
        if texts and self._budget is not None:
            row_bytes = self._format.row_bytes(self.layout.width or 0, self._columns)
            self._budget.check(len(self), row_bytes, texts)


class RowProgress:
    """Shows the rows that arrived, twice a second at most: on a terminal, and as heartbeats.

    Args:
        total: rows expected; None if that is unknown.
    """

    def __init__(self, total: int | None) -> None:
        self._total, self._rows = total, 0
        self._shown_at = time.monotonic()
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._line = ""

    def advance(self, rows: int) -> None:
        """Count rows that arrived."""
        self._rows += rows
        now = time.monotonic()
        if now - self._shown_at < _BETWEEN:
            return
        self._shown_at = now
        heartbeat("rows collected", done=self._rows, total=self._total)
        if self._terminal:
            share = f" of {self._total:,}, {min(1.0, self._rows / self._total):.0%}" if self._total else ""
            self._show(f"collecting: {self._rows:,} rows{share}")

    def close(self) -> None:
        """Clear the line."""
        if self._line:
            self._show("")

    def _show(self, line: str) -> None:
        sys.stderr.write("\r" + line.ljust(len(self._line)) + ("" if line else "\r"))
        sys.stderr.flush()
        self._line = line
