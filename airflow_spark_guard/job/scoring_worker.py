"""What scoring does inside the Python workers: one Arrow batch into one matrix, in blocks of bounded size.

It is sent with the function, and so are the readers of the columns, because this package need not be
installed on the executors; so it imports nothing else of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_spark_guard.job.collection.kinds.base import Reader

BLOCK_BYTES = 64 << 20


@dataclass(frozen=True)
class Result:
    """What a model gives for each row.

    Attributes:
        spark_type: of the new column.
        dimensions: of the model's array, rows included.
    """

    spark_type: str
    dimensions: int = 1

    def arrow(self, values: Any) -> Any:
        """The values of some rows as an Arrow array; NaN is null, as pandas has it."""
        if self.spark_type == TEXT.spark_type:
            return pa.array(values.astype(object), pa.string())
        flat = pa.array(np.ascontiguousarray(values, np.float64).ravel(), from_pandas=True)
        if self.dimensions == 1:
            return flat
        offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
        return pa.ListArray.from_arrays(pa.array(offsets), flat)


NUMBER, TEXT, ARRAY = Result("double"), Result("string"), Result("array<double>", 2)


@dataclass(frozen=True)
class Input:
    """Where some columns of the matrix come from.

    Attributes:
        reader: of the source's column.
        parts: positions among the function's arguments.
        targets: columns of the matrix.
    """

    reader: Reader
    parts: tuple[int, ...]
    targets: tuple[int, ...]

    def rows(self, arguments: Sequence[Any], dtype: str) -> Any:
        """Shape (rows, targets).

        Raises:
            ValueError: arrays or vectors of another length.
        """
        arrays = [arguments[i] for i in self.parts]
        lengths = self.reader.lengths(arrays)
        wrong = lengths[(lengths != len(self.targets)) & (lengths >= 0)]
        if len(wrong):
            msg = (
                f"The {self.reader.kind}s of column {self.reader.column!r} differ in length.\n"
                f"  got: {int(wrong[0])}\n  expected: {len(self.targets)}\n"
                "  do: Filter or pad those rows before scoring."
            )
            raise ValueError(msg)
        return self.reader.rows(arrays, dtype)


@dataclass(frozen=True)
class Scoring:
    """How the arguments of a batch become a matrix, and what the model makes of it.

    Attributes:
        inputs: which together fill every column once.
        width: columns of the matrix.
        dtype: of the matrix.
        result: of the model.
        method: of the model.
        names: of the columns, for a model that takes a ``pandas.DataFrame``; None for a matrix.
    """

    inputs: tuple[Input, ...]
    width: int
    dtype: str
    result: Result
    method: str
    names: tuple[str, ...] | None = None

    def block_rows(self) -> int:
        """Rows whose matrix stays within ``BLOCK_BYTES``."""
        return max(1, BLOCK_BYTES // (self.width * (8 if self.dtype == "float64" else 4)))


def score_batches(
    model: Callable[[], Any], scoring: Scoring, batches: Iterator[Sequence[Any]]
) -> Iterator[Any]:
    """One Arrow array of results for each batch of Arrow arrays."""
    # The model first: it brings the libraries whose threads are limited.
    method = getattr(model(), scoring.method)
    empty = scoring.result.arrow(np.empty((0,) * scoring.result.dimensions))
    with _few_threads():
        for arguments in batches:
            rows, step = len(arguments[0]), scoring.block_rows()
            blocks = [
                answer(method(_input([one.slice(start, step) for one in arguments], scoring)), scoring)
                for start in range(0, rows, step)
            ]
            # An empty batch has no block, and still its type is known.
            yield pa.concat_arrays(blocks) if blocks else empty


def of_pandas(scoring: Scoring, batch: Sequence[Any]) -> tuple[Any, ...]:
    """The Arrow arrays of a batch of pandas series, whose types are lost where every value is null."""
    value = pa.float64() if scoring.dtype == "float64" else pa.float32()
    wanted = [arrow_type for one in scoring.inputs for arrow_type in one.reader.arrow_types(value)]
    pairs = zip(batch, wanted, strict=True)
    return tuple(pa.Array.from_pandas(series, type=arrow_type) for series, arrow_type in pairs)


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


def matrix(arguments: Sequence[Any], scoring: Scoring) -> Any:
    """Shape (rows, width), C-contiguous; nulls are NaN."""
    if len(scoring.inputs) == 1 and len(scoring.inputs[0].parts) == 1:
        return np.ascontiguousarray(scoring.inputs[0].rows(arguments, scoring.dtype))
    filled = np.empty((len(arguments[0]), scoring.width), scoring.dtype)
    for one in scoring.inputs:
        filled[:, list(one.targets)] = one.rows(arguments, scoring.dtype)
    return filled


def framed(rows: Any, scoring: Scoring) -> Any:
    """The matrix as a ``pandas.DataFrame``, codes as the texts that they stand for."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(scoring.names or ()), copy=False)
    for one in scoring.inputs:
        if one.reader.categorical:
            at, texts = one.targets[0], list(one.reader.categories or ())
            codes = np.nan_to_num(rows[:, at], nan=-1).astype(np.int64)
            frame.isetitem(at, pd.Categorical.from_codes(np.minimum(codes, len(texts) - 1), texts))
    return frame


def answer(result: Any, scoring: Scoring) -> Any:
    """The model's result as an Arrow array.

    Raises:
        ValueError: a result of another shape than on the driver.
    """
    values, wanted = np.asarray(result), scoring.result.dimensions
    if values.ndim != wanted:
        msg = (
            f"model.{scoring.method} gave a result of another shape than on the driver.\n"
            f"  got: {values.shape}\n  expected: {wanted} dimension(s)\n"
            "  do: Call it on a few rows on the driver and look."
        )
        raise ValueError(msg)
    return scoring.result.arrow(values)


def _input(arguments: Sequence[Any], scoring: Scoring) -> Any:
    rows = matrix(arguments, scoring)
    return rows if scoring.names is None else framed(rows, scoring)
