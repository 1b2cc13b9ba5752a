"""Arrow record batches of a projection into rows of a numpy matrix: no pandas, no object per value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from airflow_spark_guard.job.collection.kinds.array import list_rows
from airflow_spark_guard.job.collection.projection import LABEL, NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.kinds.base import Array, Reader, SourceColumn


class Layout:
    """Which features of a row each column becomes.

    The width of arrays and vectors is that of most in the first batch that has any, unless metadata have it.

    Args:
        columns: of the collection.
        dtype: of the matrix.

    Attributes:
        readers: of the features, column by column.
        ragged: lengths of arrays and vectors that differ from the others, by column. Their rows are filled
            with infinity, so that they are refused if they are taken, and only then.
    """

    def __init__(self, columns: Columns, dtype: str) -> None:
        self._columns, self._dtype = columns, dtype
        self.readers: list[Reader] = [column.reader() for column in columns.features]
        self._label = None if columns.label is None else columns.label.reader()
        self._packed = [i for i, column in enumerate(columns.features) if column.packed]
        self.ragged: dict[str, set[int]] = {}

    @property
    def width(self) -> int | None:
        """Features of a row; None until the first array or vector of each column arrives."""
        known = [reader.width for reader in self.readers if reader.width is not None]
        return sum(known) if len(known) == len(self.readers) else None

    @property
    def spans(self) -> list[slice]:
        """The features of each source column."""
        spans, at = [], 0
        for reader in self.readers:
            spans.append(slice(at, at + (reader.width or 0)))
            at += reader.width or 0
        return spans

    @property
    def text_bytes(self) -> int:
        """Memory of the different texts that arrived so far."""
        return sum(reader.text_bytes for reader in (*self.readers, self._label) if reader is not None)

    def known(self) -> Columns:
        """The columns with the widths that are known now."""
        features = tuple(replace(column, width=reader.width) for column, reader in self._pairs())
        return replace(self._columns, features=features)

    def feature_names(self) -> tuple[str, ...]:
        """One name for each feature."""
        return tuple(
            name for column, reader in self._pairs() for name in column.feature_names(reader.width or 0)
        )

    def unknown(self) -> tuple[str, ...]:
        """Columns of which no array or vector arrived."""
        return tuple(reader.column for reader in self.readers if reader.width is None)

    def learn(self, batch: Any) -> None:
        """Take widths from a batch, where they are still unknown."""
        for i, reader in enumerate(self.readers):
            if reader.width is None:
                reader.learn(batch, i)

    def fill(self, batch: Any, rows: Array) -> None:
        """Write a batch into ``rows``, shape (rows of the batch, width); what is missing becomes NaN."""
        spans = self.spans
        if self._packed:
            block = list_rows(batch.column(NUMBERS), len(self._packed), self._dtype)
            if len(self._packed) == rows.shape[1]:
                rows[:] = block
            else:
                rows[:, [spans[i].start for i in self._packed]] = block
        for i, (column, reader) in enumerate(self._pairs()):
            if not column.packed:
                rows[:, spans[i]] = self._block(reader, reader.arrived(batch, i))

    def labels(self, batch: Any) -> Array | None:
        """The labels of a batch, NaN where one is missing; None without a label."""
        return None if self._label is None else self._label.rows([batch.column(LABEL)], self._dtype).ravel()

    def sort_texts(self, rows: Array, labels: Array | None) -> dict[str, tuple[str, ...]]:
        """Renumber codes in place by the order of their texts, once all are known; the texts by column."""
        coded = [
            (reader, rows[:, span.start])
            for reader, span in zip(self.readers, self.spans, strict=True)
            if reader.categorical
        ]
        if self._label is not None and self._label.categorical and labels is not None:
            coded.append((self._label, labels))
        return {reader.column: reader.sort(codes) for reader, codes in coded}

    def _pairs(self) -> Iterator[tuple[SourceColumn, Reader]]:
        return zip(self._columns.features, self.readers, strict=True)

    def _block(self, reader: Reader, arrays: list[Any]) -> Array:
        """The features of one column; rows of another width are filled with infinity."""
        lengths = reader.lengths(arrays)
        odd = (lengths != reader.width) & (lengths >= 0)
        if not odd.any():
            return reader.rows(arrays, self._dtype)
        self.ragged.setdefault(reader.column, set()).update(lengths[odd].tolist())
        rows = np.full((len(odd), reader.width or 0), np.inf, self._dtype)
        rows[~odd] = reader.rows([array.filter(pa.array(~odd)) for array in arrays], self._dtype)
        return rows
