"""Texts, which become codes: their places among the different texts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from airflow_spark_guard.job.collection.kinds.base import Array, Reader, SourceColumn, numbers_of, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

# Names of Spark's types.
TEXTS = frozenset(["StringType", "VarcharType", "CharType"])


class TextReader(Reader):
    """Codes: places among the known categories, or numbers in the order in which new texts arrive.

    A null, and a text that is not among known categories, becomes NaN.
    """

    fields = ("text",)
    kind = "text"
    categorical = True

    def __init__(self, column: str, width: int | None, categories: tuple[str, ...] | None = None) -> None:
        super().__init__(column, width, categories)
        self._codes: dict[str, int] = {}  # of the texts that arrived, or of known categories

    def rows(self, arrays: Sequence[Any], dtype: str) -> Array:
        texts, known = arrays[0], self.categories
        if known is not None and len(known) <= len(texts):  # else it would cost more than the rows
            codes = numbers_of(pc.index_in(texts, value_set=pa.array(known, texts.type))).astype(dtype)
        else:
            codes = self._codes_of(texts, dtype)
        return codes.reshape(-1, 1)

    def arrow_types(self, value: Any) -> tuple[Any, ...]:
        return (pa.string(),)

    def sort(self, codes: Array) -> tuple[str, ...]:
        """See :class:`Reader`; texts without a row are forgotten, but those of known categories."""
        if self.categories is not None:
            return self.categories
        missing = np.isnan(codes)
        numbers = codes[~missing].astype(np.int64)
        texts = list(self._codes)
        ordered = sorted(texts[number] for number in np.unique(numbers))
        self._codes = {text: i for i, text in enumerate(ordered)}
        new = np.array([self._codes.get(text, -1) for text in texts], dtype=codes.dtype)
        codes[~missing] = new[numbers]
        return tuple(ordered)

    def _codes_of(self, column: Any, dtype: str) -> Array:
        encoded = column.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        if self.categories is None:
            new = [text for text in texts if text not in self._codes]
            self._codes.update({text: at for at, text in enumerate(new, len(self._codes))})
            self.text_bytes += sum(map(sys.getsizeof, new))
        elif not self._codes:
            self._codes = {text: at for at, text in enumerate(self.categories)}
        own = np.array([self._codes.get(text, np.nan) for text in texts] + [np.nan], dtype)
        codes: Array = own[numbers_of(encoded.indices.fill_null(len(texts)))]
        return codes


class Text(SourceColumn):
    """Compared letter by letter once it has left the column, whatever the column's collation is."""

    reads = TextReader

    @classmethod
    def takes(cls, data_type: Any) -> bool:
        return type(data_type).__name__ in TEXTS

    def parts(self, spark_type: str) -> list[str]:
        value = quoted(self.name)
        return [f"CAST({value} AS STRING)" if "collate" in self.type else value]

    def is_set(self) -> Any:
        present = self.is_there()
        return present if self.categories is None else present & self._value().isin(list(self.categories))

    def figure(self, element: int | None) -> Any:
        from pyspark.sql import functions as sf

        return sf.when(self.is_set(), self._value())

    def _value(self) -> Any:
        from pyspark.sql import functions as sf

        return sf.expr(self.parts("")[0])
