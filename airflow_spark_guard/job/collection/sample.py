"""What ``collect_sample`` gives back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.frames import to_arrow, to_pandas

if TYPE_CHECKING:
    import os

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.frames import FrameTypes
    from airflow_spark_guard.job.collection.kinds.base import Array
    from airflow_spark_guard.job.collection.report import SampleReport


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of a DataFrame as arrays in the driver's memory.

    Attributes:
        X: shape (rows, features), C-contiguous, of the ``dtype`` asked for; a ``scipy.sparse.csr_array``
            with ``sparse=True``. Text is there as codes: ``report.categories``.
        y: shape (rows,), of the same ``dtype``; None without a label.
        feature_names: one name for each column of ``X``.
        report: how the sample came about.
        strata: shape (rows,), the stratum of each row; None without ``stratify``.
        sample_weight: shape (rows,), float64: how many rows of the source one row stands for. None if
            every row stands for as many. ``fit(X, y, sample_weight=...)`` undoes a balanced or weighted
            drawing.
        parts: shape (rows,), the name of each row's part; None without ``split``. See :meth:`part`.
        columns: the source's columns; None for a sample that ``collect_sample`` did not make.
    """

    X: Any
    y: Array | None
    feature_names: tuple[str, ...]
    report: SampleReport
    strata: Array | None = None
    sample_weight: Array | None = None
    parts: Array | None = None
    columns: Columns | None = None

    def __post_init__(self) -> None:
        if self.columns is not None:
            object.__setattr__(self, "report", self.report.about(self, self.columns))

    def part(self, name: str) -> Sample:
        """The rows of one part of the split, in their order, with arrays of their own.

        Raises:
            SampleError: a sample without a split, or without rows in this part.
        """
        known = [] if self.parts is None else sorted(set(self.parts))
        if name not in known:
            raise SampleError(
                f"The sample has no part {name!r}.",
                got=f"parts with rows: {', '.join(known)}" if known else "a sample without a split",
                expected="a part of the split that has rows",
                advice="Collect with split={'train': 0.8, 'test': 0.2} and group=, and look at sample.parts.",
            )
        chosen: Any = self.parts == name
        return self._rows(chosen)

    def to_pandas(self, dtypes: FrameTypes = "floats") -> Any:
        """A ``pandas.DataFrame``, label last; text columns are categorical.

        Args:
            dtypes: ``"floats"``: numbers as in ``X``, which is not copied; ``"source"``: whole numbers,
                booleans, dates and times as in the source, and nulls as pandas has them.

        Raises:
            SampleError: without pandas; or values that the floats of this sample cannot give back.
        """
        return to_pandas(self, dtypes)

    def to_arrow(self) -> Any:
        """A ``pyarrow.Table``, label last; text columns are dictionary-encoded.

        Raises:
            SampleError: of a sparse sample, which Arrow has no table for.
        """
        return to_arrow(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the sample with its report into one Parquet file, whole or not at all.

        Args:
            path: of this machine; a file that is there is replaced.

        Raises:
            SampleError: a path that cannot be written.
        """
        from airflow_spark_guard.job.collection.files import (
            save,
        )  # with pyarrow.parquet, which takes its time

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Sample:
        """The sample that :meth:`save` wrote, to the bit.

        Raises:
            SampleError: no such file, or one that is not of a sample.
        """
        from airflow_spark_guard.job.collection.files import load  # as above

        return load(path, cls)

    def _rows(self, chosen: Array) -> Sample:
        beside: dict[str, Any] = {
            name: values[chosen]
            for name in ("strata", "sample_weight", "parts")
            if (values := getattr(self, name)) is not None
        }
        x, y = self.X[chosen], None if self.y is None else self.y[chosen]
        report = replace(self.report, rows_taken=x.shape[0], bytes=nbytes(x, y))
        return replace(self, X=x, y=y, report=report, **beside)


def nbytes(x: Any, y: Array | None) -> int:
    """Bytes of features, dense or sparse, and label."""
    parts = (x.data, x.indices, x.indptr) if hasattr(x, "indptr") else (x,)
    return sum(int(part.nbytes) for part in (*parts, *([] if y is None else [y])))
