"""Arrow record batches of a projection into rows of a numpy matrix: no pandas, no object per value."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.flaws import check_lengths
from airflow_spark_guard.job.collection.projection import LABEL, NUMBERS, SPARSE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from airflow_spark_guard.job.collection.columns import Columns

    Array = np.ndarray[Any, Any]


class NotUnrolledError(Exception):
    """A vector that the unrolled projection cannot carry; the general one can."""


class Layout:
    """Where each feature stands in a row.

    The width of arrays and vectors is that of the first one seen; metadata may tell it before.

    Args:
        columns: of the collection.
        dtype: of the matrix.

    Attributes:
        ragged: lengths of arrays and vectors that differ from the others, by column. Their rows are filled
            with infinity, so that they are refused if they are taken, and only then.
    """

    def __init__(self, columns: Columns, dtype: str) -> None:
        self._columns, self._dtype = columns, dtype
        self._widths = [column.width for column in columns.features]
        self._texts = {i: Texts(c.categories) for i, c in enumerate(columns.features) if c.kind == "text"}
        label = columns.label
        self._label = Texts(label.categories) if label is not None and label.kind == "text" else None
        self.ragged: dict[str, set[int]] = {}
        self._numbers = [i for i, column in enumerate(columns.features) if column.kind == "number"]

    @property
    def width(self) -> int | None:
        """Features of a row; None until the first array or vector of each column is seen."""
        known = [width for width in self._widths if width is not None]
        return sum(known) if len(known) == len(self._widths) else None

    @property
    def spans(self) -> list[slice]:
        """The features of each source column."""
        spans, at = [], 0
        for width in self._widths:
            spans.append(slice(at, at + (width or 0)))
            at += width or 0
        return spans

    @property
    def text_bytes(self) -> int:
        """Memory of the different texts seen so far."""
        return sum(texts.size for texts in (*self._texts.values(), *([self._label] if self._label else [])))

    def known(self) -> Columns:
        """The columns with the widths that were seen."""
        pairs = zip(self._columns.features, self._widths, strict=True)
        return replace(self._columns, features=tuple(replace(c, width=width) for c, width in pairs))

    def feature_names(self) -> tuple[str, ...]:
        """One name for each feature."""
        pairs = zip(self._columns.features, self._widths, strict=True)
        return tuple(name for column, width in pairs for name in column.feature_names(width or 0))

    def unknown(self) -> tuple[str, ...]:
        """Columns of which no array or vector was seen."""
        pairs = zip(self._columns.features, self._widths, strict=True)
        return tuple(column.name for column, width in pairs if width is None)

    def learn(self, batch: Any, places: Mapping[int, int] | None = None) -> None:
        """Take widths from a batch, where they are still unknown.

        Args:
            batch: of the collection, or of some of its columns.
            places: the feature of each of these columns; None for those of the collection.
        """
        places = {i: i for i in range(len(self._widths))} if places is None else places
        for i, feature in places.items():
            if self._widths[feature] is None:
                self._widths[feature] = _seen_width(batch, i, self._columns.features[feature].kind)

    def fill(self, batch: Any, rows: Array) -> None:
        """Write a batch into ``rows``, shape (rows of the batch, width); what is missing becomes NaN."""
        spans = self.spans
        if self._numbers:
            block = matrix(batch.column(NUMBERS), len(self._numbers), "array")
            if len(self._numbers) == rows.shape[1]:
                rows[:] = block
            else:
                rows[:, [spans[i].start for i in self._numbers]] = block
        for i, column in enumerate(self._columns.features):
            if column.kind != "number":
                rows[:, spans[i]] = self._block(batch, i, spans[i].stop - spans[i].start)

    def labels(self, batch: Any) -> Array:
        """The labels of a batch, NaN where one is missing."""
        column = batch.column(LABEL)
        if self._label is not None:
            return self._label.codes(column)
        values: Array = column.to_numpy(zero_copy_only=False)
        return values

    def settle(self, rows: Array, labels: Array | None) -> dict[str, tuple[str, ...]]:
        """Put the codes of texts into the order of their texts, once all are known; the texts by column."""
        spans, categories = self.spans, {}
        for i, texts in self._texts.items():
            texts.settle(rows[:, spans[i].start])
            categories[self._columns.features[i].name] = texts.categories
        if self._label is not None and labels is not None and self._columns.label is not None:
            self._label.settle(labels)
            categories[self._columns.label.name] = self._label.categories
        return categories

    def _block(self, batch: Any, i: int, width: int) -> Array:
        column = self._columns.features[i]
        if column.kind == "text":
            return self._texts[i].codes(batch.column(f"text_{i}"))[:, None]
        if column.kind == "array":
            return self._even(batch.column(f"array_{i}"), width, column.name)
        if f"dense_{i}" in batch.schema.names:
            usual = batch.column(f"usual_{i}")
            if usual.true_count < len(usual):
                raise NotUnrolledError
            return matrix(batch.column(f"dense_{i}"), width, "vector", column.name)
        if batch.column(f"size_{i}").null_count == batch.num_rows:
            return self._even(batch.column(f"values_{i}"), width, column.name)
        lengths = _vector_lengths(batch, i)
        odd = (lengths != width) & (lengths >= 0)
        if not odd.any():
            return _vectors(batch, i, width, self._dtype)
        even = batch.filter(pa_array(~odd))
        return self._with_odd(_vectors(even, i, width, self._dtype), odd, lengths, column.name)

    def _even(self, lists: Any, width: int, name: str) -> Array:
        """Lists as rows; those of another length as rows of infinity."""
        import numpy as np

        lengths = lists.value_lengths().fill_null(width).to_numpy(zero_copy_only=False)
        odd = lengths != width
        if not odd.any():
            return matrix(lists, width, "array", name)
        rows = matrix(lists.filter(pa_array(~odd)), width, "array", name)
        return self._with_odd(rows, odd, np.asarray(lengths), name)

    def _with_odd(self, even: Array, odd: Array, lengths: Array, name: str) -> Array:
        import numpy as np

        self.ragged.setdefault(name, set()).update(lengths[odd].tolist())
        rows = np.full((len(odd), even.shape[1]), np.inf, dtype=even.dtype)
        rows[~odd] = even
        return rows


class Texts:
    """Codes of the texts of one column.

    Args:
        categories: all texts in the order of their codes; others become NaN. None: whatever comes.
    """

    def __init__(self, categories: tuple[str, ...] | None) -> None:
        self._known = categories
        self._codes: dict[str, int] = {text: i for i, text in enumerate(categories or ())}
        self.size = 0  # bytes of the texts that came; those that the caller knew before are the caller's

    @property
    def categories(self) -> tuple[str, ...]:
        """The texts in the order of their codes."""
        return tuple(self._codes)

    def codes(self, column: Any) -> Array:
        """One code for each row; NaN for null and, with given categories, for any other text."""
        import numpy as np

        encoded = column.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        if self._known is None:
            new = [text for text in texts if text not in self._codes]
            self._codes.update({text: at for at, text in enumerate(new, len(self._codes))})
            self.size += sum(map(sys.getsizeof, new))
        own = np.array([self._codes.get(text, np.nan) for text in texts] + [np.nan])
        codes: Array = own[encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)]
        return codes

    def settle(self, codes: Array) -> None:
        """Renumber ``codes`` in place, in the order of their texts; texts without a row are forgotten."""
        import numpy as np

        if self._known is not None:
            return
        missing = np.isnan(codes)
        numbers = codes[~missing].astype(np.int64)
        texts = list(self._codes)
        ordered = sorted(texts[number] for number in np.unique(numbers))
        rank = {text: i for i, text in enumerate(ordered)}
        new = np.array([rank.get(text, -1) for text in texts], dtype=codes.dtype)
        codes[~missing] = new[numbers]
        self._codes = rank


def matrix(lists: Any, width: int, what: str, name: str = "") -> Array:
    """An Arrow list array as an array of shape (lists, width); a null list becomes a row of NaN.

    Raises:
        SampleError: a list of another length.
    """
    import numpy as np

    # A slice shares its parent's values, so the offsets say where its own begin; null lists may hold some.
    offsets = lists.offsets.to_numpy()
    if not lists.null_count and offsets[-1] - offsets[0] == len(lists) * width:
        lengths = np.diff(offsets)
        if (lengths == width).all():
            values: Array = lists.values[offsets[0] : offsets[-1]].to_numpy(zero_copy_only=False)
            return values.reshape(len(lists), width)
    filled = lists.is_valid().to_numpy(zero_copy_only=False)
    check_lengths(np.diff(offsets)[filled], width, what, name)
    flat = lists.drop_null().flatten().to_numpy(zero_copy_only=False)
    rows = np.full((len(lists), width), np.nan, dtype=flat.dtype)
    rows[filled] = flat.reshape(int(filled.sum()), width)
    return rows


def _seen_width(batch: Any, i: int, kind: str) -> int | None:
    """The length that most arrays or vectors of a batch have; of several such, the first one's."""
    import numpy as np

    if kind == "array":
        lengths = batch.column(f"array_{i}").value_lengths().drop_null().to_numpy(zero_copy_only=False)
    else:
        lengths = _vector_lengths(batch, i)
        lengths = lengths[lengths >= 0]
    if not len(lengths):
        return None
    found, first, counts = np.unique(lengths, return_index=True, return_counts=True)
    return int(found[np.lexsort((first, -counts))[0]])


def _vector_lengths(batch: Any, i: int) -> Array:
    """The length of each vector, dense and sparse mixed; -1 for a null."""
    import numpy as np

    kinds = batch.column(f"type_{i}").fill_null(-1).to_numpy(zero_copy_only=False)
    sizes = batch.column(f"size_{i}").fill_null(-1).to_numpy(zero_copy_only=False)
    counts = batch.column(f"values_{i}").value_lengths().fill_null(-1).to_numpy(zero_copy_only=False)
    lengths: Array = np.where(kinds == SPARSE, sizes, np.where(kinds < 0, -1, counts))
    return lengths


def _vectors(batch: Any, i: int, width: int, dtype: str) -> Array:
    """Vectors of one length, dense and sparse mixed, as dense rows; a null becomes a row of NaN."""
    import numpy as np

    kinds, values = batch.column(f"type_{i}"), batch.column(f"values_{i}")
    sparse = kinds.fill_null(-1).to_numpy(zero_copy_only=False) == SPARSE
    present = kinds.is_valid().to_numpy(zero_copy_only=False)
    rows = np.full((len(kinds), width), np.nan, dtype=dtype)
    rows[sparse] = 0
    indices = batch.column(f"indices_{i}")
    counts = np.diff(values.offsets.to_numpy())
    rows[np.repeat(np.arange(len(kinds))[sparse], counts[sparse]), _flat(indices, sparse)] = _flat(
        values, sparse
    )
    dense = present & ~sparse
    rows[dense] = _flat(values, dense).reshape(int(dense.sum()), width)
    return rows


def pa_array(values: Array) -> Any:
    """An Arrow array of these values."""
    import pyarrow as pa

    return pa.array(values)


def _flat(lists: Any, chosen: Array) -> Array:
    flat: Array = lists.filter(pa_array(chosen)).flatten().to_numpy(zero_copy_only=False)
    return flat
