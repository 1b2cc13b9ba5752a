"""The warnings about a sample that is what was asked for, and may not be what was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_spark_guard.job.text import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.kinds.base import Array, SourceColumn

# Beyond these not every whole number has a float of its own.
_EXPONENTS = {"float32": 24, "float64": 53}
_EXACT = ("int", "bigint", "decimal", "timestamp")
_NAMED, _LONGEST = 5, 60


def digits_lost(x: Any, y: Array | None, columns: Columns) -> list[str]:
    """Source columns with whole numbers (or seconds) that the floats of the arrays cannot distinguish.

    Args:
        x: shape (rows, features).
        y: shape (rows,), or None.
        columns: with their widths.
    """
    found: list[str] = []
    if x.shape[0] and any(map(_is_exact, columns.features)):
        beyond = _beyond(x)
        found = [column.name for column, span in columns.spans() if _is_exact(column) and beyond[span].any()]
    label = columns.label
    if label is not None and _is_exact(label) and y is not None and len(y) and _beyond(y):
        found.append(label.name)
    return found


def digits_warning(names: Sequence[str], dtype: str) -> str:
    """Of columns that lost digits."""
    limit = f"2^{_EXPONENTS[dtype]} ({2 ** _EXPONENTS[dtype]:,})"
    advice = (
        "pass dtype='float64' or dtype='auto'"
        if dtype == "float32"
        else "take identifiers as text, or leave them out"
    )
    return (
        f"Columns with whole numbers of {limit} or more lose digits in {dtype}: {_some(names)}. Different "
        f"values may have become one; {advice}."
    )


def key_warnings(key: Sequence[str], keyless: float, repeated: float) -> list[str]:
    """Of a draw by a key that does not identify every row.

    Args:
        key: its columns.
        keyless: share of the rows read with a null in the key.
        repeated: share of the rows read that have the key of another row.
    """
    name = ", ".join(key)
    warnings = []
    if keyless:
        warnings.append(
            f"{keyless:.1%} of the rows have no key (a null in {name}); they were drawn by a hash of all "
            "their columns, so that a change of any of these draws anew."
        )
    if repeated:
        warnings.append(
            f"{repeated:.1%} of the rows share their key ({name}) with another row; rows of one key are "
            "drawn together, so fewer of them are independent. Add columns to key= until it identifies a row."
        )
    return warnings


def strata_warnings(
    column: str, unusable: Sequence[Any], counts: Mapping[Any, int], wanted: Sequence[int]
) -> list[str]:
    """Of strata without a row in the sample.

    Args:
        column: of the strata.
        unusable: strata without a row that may be drawn.
        counts: rows of the others.
        wanted: rows to take of each of these.
    """
    warnings = []
    if unusable:
        warnings.append(
            f"{len(unusable)} strata of {column!r} have no complete row, so none is in the sample: "
            f"{_some([repr(stratum) for stratum in unusable])}."
        )
    none = [stratum for stratum, rows in zip(counts, wanted, strict=True) if not rows]
    if none:
        warnings.append(
            f"{len(none)} strata of {column!r} got no row of this sample: "
            f"{_some([repr(stratum) for stratum in none])}. Raise max_rows or Stratify.at_least."
        )
    return warnings


def empty_warning(names: Sequence[str], rows: int) -> str:
    """Of features without a value in the sample."""
    return f"Columns without a value in any of the {rows} rows drawn: {_some(names)}."


def _beyond(values: Array) -> Any:
    """Whether a column has numbers that are too large; NaN is not one."""
    largest = np.fmax(np.fmax.reduce(values, axis=0), -np.fmin.reduce(values, axis=0))
    return largest >= 2.0 ** _EXPONENTS[str(values.dtype)]


def _is_exact(column: SourceColumn) -> bool:
    return column.element_type.startswith(_EXACT)


def _some(names: Sequence[str]) -> str:
    shown = [name if len(name) <= _LONGEST else name[: _LONGEST - 3] + "..." for name in names[:_NAMED]]
    more = len(names) - len(shown)
    return listed(shown) + (f" and {more} more" if more else "")
