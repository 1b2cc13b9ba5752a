"""Arrow record batches into numpy arrays, without pandas and without a Python object per value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.sample import SampleError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np


def smallest(batches: Iterable[Any], rows: int) -> np.ndarray[Any, Any]:
    """True for the rows with the ``rows`` smallest random values: exact, and the same for any surplus."""
    import numpy as np

    drawn = np.concatenate([batch.column("r").to_numpy() for batch in batches])
    keep = np.zeros(len(drawn), dtype=bool)
    keep[np.argpartition(drawn, rows - 1)[:rows]] = True
    return keep


def to_arrays(
    batches: list[Any], keep: np.ndarray[Any, Any] | None, dtype: str, width: int | None
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    """Fill arrays of the final size batch by batch; each batch is freed as soon as it is copied."""
    import numpy as np

    total = sum(batch.num_rows for batch in batches) if keep is None else int(keep.sum())
    width = _width(batches) if width is None else width
    x = np.empty((total, width), dtype=dtype)
    y = np.empty(total, dtype=dtype) if "y" in batches[0].schema.names else None
    batches.reverse()
    seen = at = 0
    while batches:
        batch = batches.pop()
        kept = slice(None) if keep is None else keep[seen : seen + batch.num_rows]
        block = _matrix(batch.column("x"), width, dtype)[kept]
        x[at : at + len(block)] = block
        if y is not None:
            y[at : at + len(block)] = batch.column("y").to_numpy(zero_copy_only=False)[kept]
        seen += batch.num_rows
        at += len(block)
    return x, y


def _width(batches: Iterable[Any]) -> int:
    """Length of the first vector that is not null."""
    for batch in batches:
        lists = batch.column("x").drop_null()
        if len(lists):
            return len(lists[0])
    raise SampleError(
        "Every vector of the sample is null.",
        got="no vector",
        expected="at least one vector",
        advice="Look at the step that makes the vectors; nulls='error' names the column and the count.",
    )


def _matrix(lists: Any, width: int, dtype: str) -> np.ndarray[Any, Any]:
    """An Arrow list array as an array of shape (lists, width); a null list becomes a row of NaN."""
    import numpy as np

    # A slice shares its parent's values, so the offsets say where its own begin; null lists may hold
    # some too.
    offsets = lists.offsets.to_numpy()
    filled = lists.is_valid().to_numpy(zero_copy_only=False)
    lengths = np.diff(offsets)
    if (lengths[filled] != width).any():
        raise SampleError(
            "The vectors differ in length.",
            got=f"lengths {', '.join(str(length) for length in np.unique(lengths[filled])[:5])}",
            expected=f"{width} values in each, as in the first one",
            advice="Make every vector with the same fitted stage, or filter out the others.",
        )
    if filled.all():
        values: np.ndarray[Any, Any] = lists.values[offsets[0] : offsets[-1]].to_numpy(zero_copy_only=False)
        return values.reshape(len(lists), width)
    matrix = np.full((len(lists), width), np.nan, dtype=dtype)
    matrix[filled] = lists.drop_null().flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
    return matrix
