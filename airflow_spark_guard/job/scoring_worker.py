"""What scoring does inside the Python workers: one Arrow batch into one matrix, in blocks of bounded size.

It is sent with the function, so that executors need not have this package; so it uses nothing else of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BLOCK_BYTES = 64 << 20


@dataclass(frozen=True)
class Source:
    """Where some columns of the matrix come from.

    Attributes:
        name: of the column, for errors.
        kind: number, array, vector or text.
        parts: positions among the function's arguments.
        targets: columns of the matrix.
        categories: texts in order of their codes.
    """

    name: str
    kind: str
    parts: tuple[int, ...]
    targets: tuple[int, ...]
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Layout:
    """How the parts of a batch become a matrix, and what comes out of the model.

    Attributes:
        sources: which together fill every column once.
        width: columns of the matrix.
        dtype: of the matrix.
        result: number, array or text.
        method: of the model.
        names: of the columns, for a model that takes a ``pandas.DataFrame``; None for a matrix.
    """

    sources: tuple[Source, ...]
    width: int
    dtype: str
    result: str
    method: str
    names: tuple[str, ...] | None = None

    def block_rows(self) -> int:
        """Rows whose matrix stays within ``BLOCK_BYTES``."""
        return max(1, BLOCK_BYTES // (self.width * (8 if self.dtype == "float64" else 4)))


def score_batches(
    model: Callable[[], Any], layout: Layout, batches: Iterator[Sequence[Any]]
) -> Iterator[Any]:
    """One Arrow array of results for each batch of Arrow arrays."""
    import pyarrow as pa

    # The model first: it brings the libraries whose threads are limited.
    method = getattr(model(), layout.method)
    with _few_threads():
        for parts in batches:
            rows, step = len(parts[0]), layout.block_rows()
            blocks = [
                answer(method(_input([part.slice(start, step) for part in parts], layout)), layout)
                for start in range(0, rows, step)
            ]
            # An empty batch has no block, and its type is known all the same.
            yield pa.concat_arrays(blocks) if blocks else pa.array([], _arrow_type(layout.result))


def of_pandas(layout: Layout, batch: Sequence[Any]) -> tuple[Any, ...]:
    """The Arrow arrays of a batch of pandas series, whose types are lost where every value is null."""
    import pyarrow as pa

    value = pa.float64() if layout.dtype == "float64" else pa.float32()
    types = {
        "number": (value,),
        "array": (pa.list_(value),),
        "text": (pa.string(),),
        "vector": (pa.int32(), pa.int32(), pa.list_(pa.int32()), pa.list_(value)),
    }
    wanted = [kind for source in layout.sources for kind in types[source.kind]]
    return tuple(pa.Array.from_pandas(series, type=kind) for series, kind in zip(batch, wanted, strict=True))


@contextmanager
def _few_threads() -> Iterator[None]:
    """As many native threads as the task has cores.

    Every core has a worker of its own. More threads only wait for each other; within a memory limit their
    stacks do not fit, and OpenMP then ends the process; and where the workers' parent has used OpenMP, a
    forked worker that asks for a second thread waits for ever.
    """
    import warnings

    from pyspark import TaskContext

    context = TaskContext.get()
    cores = context.cpus() if context is not None else 1
    with warnings.catch_warnings():
        # The names were compared on the driver; this would come with every batch.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        try:
            from threadpoolctl import threadpool_limits
        except ImportError:  # then no scikit-learn either, which needs it
            yield
            return
        with threadpool_limits(cores):
            yield


def matrix(parts: Sequence[Any], layout: Layout) -> Any:
    """Shape (rows, width), C-contiguous; nulls are NaN."""
    import numpy as np

    if len(layout.sources) == 1 and len(layout.sources[0].parts) == 1:
        return np.ascontiguousarray(_block(layout.sources[0], parts, layout.dtype))
    filled = np.empty((len(parts[0]), layout.width), layout.dtype)
    for source in layout.sources:
        filled[:, list(source.targets)] = _block(source, parts, layout.dtype)
    return filled


def framed(rows: Any, layout: Layout) -> Any:
    """The matrix as a ``pandas.DataFrame``, codes as the texts that they stand for."""
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(layout.names or ()), copy=False)
    for source in layout.sources:
        if source.kind == "text":
            at, texts = source.targets[0], list(source.categories or ())
            codes = np.nan_to_num(rows[:, at], nan=-1).astype(np.int64)
            frame.isetitem(at, pd.Categorical.from_codes(np.minimum(codes, len(texts) - 1), texts))
    return frame


def _input(parts: Sequence[Any], layout: Layout) -> Any:
    rows = matrix(parts, layout)
    return rows if layout.names is None else framed(rows, layout)


def answer(result: Any, layout: Layout) -> Any:
    """The model's result as an Arrow array."""
    import numpy as np
    import pyarrow as pa

    values = np.asarray(result)
    wanted = 2 if layout.result == "array" else 1
    if values.ndim != wanted:
        msg = (
            f"model.{layout.method} gave a result of another shape than on the driver.\n"
            f"  got: {values.shape}\n  expected: {wanted} dimension(s)\n"
            "  do: Call it on a few rows on the driver and look."
        )
        raise ValueError(msg)
    if layout.result == "text":
        return pa.array(values.astype(object), pa.string())
    # NaN is null, as Spark's own way through pandas makes it in versions without Arrow functions.
    flat = pa.array(np.ascontiguousarray(values, np.float64).ravel(), from_pandas=True)
    if wanted == 1:
        return flat
    offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), flat)


def _arrow_type(result: str) -> Any:
    import pyarrow as pa

    return {"number": pa.float64(), "text": pa.string(), "array": pa.list_(pa.float64())}[result]


def _block(source: Source, parts: Sequence[Any], dtype: str) -> Any:
    """Shape (rows, width of this source)."""
    own = [parts[i] for i in source.parts]
    if source.kind == "vector":
        return _vectors(source, own, dtype)
    if source.kind == "array":
        return _arrays(source, own[0], dtype)
    if source.kind == "text":
        import pyarrow as pa
        import pyarrow.compute as pc

        known = pa.array(source.categories or (), own[0].type)
        # A text that is not among them, like a null, has no index.
        own = [pc.index_in(own[0], value_set=known)]
    return own[0].to_numpy(zero_copy_only=False).astype(dtype, copy=False).reshape(-1, 1)


def _arrays(source: Source, lists: Any, dtype: str) -> Any:
    import numpy as np

    width = len(source.targets)
    present = lists.is_valid().to_numpy(zero_copy_only=False)
    lengths = lists.value_lengths().drop_null().to_numpy(zero_copy_only=False)
    _check_lengths(source, lengths, width)
    values = lists.flatten().to_numpy(zero_copy_only=False).astype(dtype, copy=False).reshape(-1, width)
    if len(values) == len(present):
        return values
    filled = np.full((len(present), width), np.nan, dtype)
    filled[present] = values
    return filled


def _vectors(source: Source, own: Sequence[Any], dtype: str) -> Any:
    """Dense and sparse ones, from Spark's own four fields; a missing vector is a row of NaN."""
    import numpy as np

    kinds, sizes, indices, values = own
    width = len(source.targets)
    kind = kinds.fill_null(-1).to_numpy(zero_copy_only=False)
    dense, sparse = kind == 1, kind == 0
    filled = np.zeros((len(kind), width), dtype)
    filled[kind == -1] = np.nan
    lengths = values.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    flat = values.flatten().to_numpy(zero_copy_only=False)
    _check_lengths(source, lengths[dense], width)
    _check_lengths(source, sizes.fill_null(-1).to_numpy(zero_copy_only=False)[sparse], width)
    of_dense = np.repeat(dense, lengths)
    filled[dense] = flat[of_dense].reshape(-1, width)
    rows = np.repeat(np.arange(len(kind)), np.where(sparse, lengths, 0))
    # Dense vectors have no indices, so these are the sparse ones' alone.
    filled[rows, indices.flatten().to_numpy(zero_copy_only=False)] = flat[~of_dense]
    return filled


def _check_lengths(source: Source, lengths: Any, width: int) -> None:
    wrong = lengths[lengths != width]
    if len(wrong):
        msg = (
            f"The {source.kind}s of column {source.name!r} differ in length.\n  got: {int(wrong[0])}\n"
            f"  expected: {width}\n  do: Filter or pad those rows before scoring."
        )
        raise ValueError(msg)
