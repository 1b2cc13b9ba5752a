"""Nulls, NaN and infinite values: counted as rows arrive, judged in the rows that are taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_spark_guard.job.collection.errors import InfiniteValuesError, SampleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_spark_guard.job.collection.array_format import ArrayFormat
    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.kinds.base import Array, Reader

_ROWS_AT_ONCE = 1 << 16


@dataclass
class InvalidValues:
    """How many rows of a batch have an invalid value, by column.

    Attributes:
        missing: rows with a null or NaN.
        infinite: rows with an infinite value.
        rows: True for each row with something missing; None without such rows.
    """

    missing: dict[str, int] = field(default_factory=dict)
    infinite: dict[str, int] = field(default_factory=dict)
    rows: Array | None = None

    def add(self, name: str, values: Array) -> None:
        """Look at the values of one column, shape (rows, ...)."""
        inside = tuple(range(1, values.ndim))
        missing = np.asarray(np.isnan(values).any(axis=inside))
        infinite = np.asarray(np.isinf(values).any(axis=inside))
        if missing.any():
            self.missing[name] = int(missing.sum())
            self.rows = missing if self.rows is None else self.rows | missing
        if infinite.any():
            self.infinite[name] = int(infinite.sum())


@dataclass
class Counts:
    """What was read, what was dropped, and what was invalid.

    Attributes:
        read: rows.
        dropped: of these, for a null.
        missing: rows with a null or NaN, by column.
        infinite: rows with an infinite value, by column.
        ragged: other lengths of arrays and vectors, by column; their rows are filled with infinity.
    """

    read: int = 0
    dropped: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    infinite: dict[str, int] = field(default_factory=dict)
    ragged: dict[str, set[int]] = field(default_factory=dict)

    def add(self, rows: int, invalid: InvalidValues) -> None:
        """Count one batch."""
        self.read += rows
        for found, total in ((invalid.missing, self.missing), (invalid.infinite, self.infinite)):
            total.update({name: total.get(name, 0) + count for name, count in found.items()})


def counts_of(x: Any, y: Array | None, columns: Columns, suspects: Counts) -> Counts:
    """Invalid values of finished arrays, in the columns that had some in any row read.

    Args:
        x: shape (rows, features), dense or sparse.
        y: shape (rows,), or None.
        columns: with their widths.
        suspects: what was counted as the rows arrived.
    """
    found = Counts(x.shape[0], ragged=suspects.ragged)
    for name, values in _columns_of(x, y, columns):
        if name in suspects.missing or name in suspects.infinite:
            for begin in range(0, len(values), _ROWS_AT_ONCE):
                invalid = InvalidValues()
                invalid.add(name, values[begin : begin + _ROWS_AT_ONCE])
                found.add(0, invalid)
    return found


def check_counts(counts: Counts, columns: Columns, array_format: ArrayFormat, *, drawn: bool = False) -> None:
    """Raise for infinite values, and for nulls that are not allowed.

    With ``drawn``, the counts are those of a sample's rows, and not of all rows read.

    Raises:
        SampleError: with the columns and how many rows of each.
    """
    infinite, missing = _in_order(counts.infinite, columns), _in_order(counts.missing, columns)
    of = f"of {counts.read} rows {'drawn' if drawn else 'read'}"
    for column in columns.features:
        if column.name in infinite and column.name in counts.ragged:
            raise different_lengths(counts.ragged[column.name], column.reader())
    if infinite:
        raise _infinite(infinite, of, narrowed=array_format.dtype == "float32")
    label = columns.label
    if array_format.nulls == "error" and missing:
        raise SampleError(
            "There are nulls in the columns to collect.",
            got=_shown(missing, of),
            expected="a value in every row; NaN counts as null",
            advice="Pass nulls='drop' or nulls='nan', or fill them before the call with df.fillna(...).",
        )
    if array_format.nulls == "nan" and label is not None and label.name in missing:
        raise SampleError(
            "There are nulls in the label.",
            got=_shown({label.name: missing[label.name]}, of),
            expected="a value in every row; no model learns from a missing answer",
            advice="Filter them out before the call: df.where(df[label].isNotNull()).",
        )


def empty_columns(counts: Counts, columns: Columns) -> list[str]:
    """Columns without a value in any of these rows."""
    return [name for name, count in _in_order(counts.missing, columns).items() if count == counts.read]


def never_set(name: str, rows: int) -> SampleError:
    """The error for a column of nulls alone, where these rows are all there are."""
    return SampleError(
        f"Column {name!r} is null in every row.",
        got=f"{rows} rows without a value",
        expected="at least one value: a feature without values has no information for a model",
        advice="Look at the step that makes it, or take it out of the features.",
    )


def different_lengths(lengths: Iterable[int], reader: Reader) -> SampleError:
    """The error for arrays or vectors that do not make a matrix."""
    different = ", ".join(map(str, sorted({reader.width or 0, *lengths})[:5]))
    return SampleError(
        f"The {reader.kind}s of column {reader.column!r} differ in length.",
        got=f"lengths {different}",
        expected=f"{reader.width} values in each, as most of the first ones or the column's metadata have",
        advice=f"Make every {reader.kind} by the same step, or filter the others out before the call.",
    )


def worst_of_rows(counts: Array, values: Array) -> Array:
    """One value for each row of a sparse matrix: NaN, infinite, or finite.

    Args:
        counts: shape (rows,), values that each row stores.
        values: all of them.
    """
    of_row = np.repeat(np.arange(len(counts)), counts)
    worst = np.zeros(len(counts))
    # NaN wins over infinite: it may be allowed.
    worst[of_row[np.isinf(values)]] = np.inf
    worst[of_row[np.isnan(values)]] = np.nan
    return worst


def _columns_of(x: Any, y: Array | None, columns: Columns) -> Iterator[tuple[str, Array]]:
    """The values of each source column, shape (rows, ...); of a sparse one those that are stored."""
    for column, span in columns.spans():
        sparse = hasattr(x, "indptr")
        yield column.name, worst_of_rows(np.diff(x.indptr), x.data) if sparse else x[:, span]
    if columns.label is not None and y is not None:
        yield columns.label.name, y


def _infinite(infinite: dict[str, int], of: str, *, narrowed: bool) -> SampleError:
    return InfiniteValuesError(
        "There are infinite values in the columns to collect.",
        got=_shown(infinite, of),
        expected="finite values" + (", also after the cast to float32 (up to 3.4e38)" if narrowed else ""),
        advice="Filter them out or clip them before the call"
        + ("; dtype='float64' holds values up to 1.8e308." if narrowed else "."),
    )


def _in_order(count_by_name: dict[str, int], columns: Columns) -> dict[str, int]:
    return {c.name: count_by_name[c.name] for c in columns.all() if c.name in count_by_name}


def _shown(count_by_name: dict[str, int], of: str) -> str:
    return ", ".join(f"{name}: {count}" for name, count in count_by_name.items()) + f" ({of})"
