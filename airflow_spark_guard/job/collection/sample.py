"""What ``collect_sample`` gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.errors import SampleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.representative import Representativeness

    Array = np.ndarray[Any, Any]


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
        sample_weight: shape (rows,), float64: how many rows of the source one row stands for. None where
            every row stands for as many. ``fit(X, y, sample_weight=...)`` undoes a balanced or weighted
            drawing.
    """

    X: Any
    y: Array | None
    feature_names: tuple[str, ...]
    report: SampleReport
    strata: Array | None = None
    sample_weight: Array | None = None

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame``, label last; text columns are categorical, and ``X`` is not copied.

        Raises:
            SampleError: without pandas.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise SampleError(
                "to_pandas needs pandas.",
                got="no package pandas on the driver",
                expected="pandas",
                advice="pip install 'pandas<3', or take sample.X, or sample.to_arrow().",
            ) from error
        if isinstance(self.X, _ndarray()):
            frame = pd.DataFrame(self.X, columns=list(self.feature_names), copy=False)
        else:
            frame = pd.DataFrame.sparse.from_spmatrix(self.X, columns=list(self.feature_names))
        if self.y is not None:
            # The name of a vector's element may be that of another column.
            frame.insert(frame.shape[1], str(self.report.label), self.y, allow_duplicates=True)
        for name, texts in self.report.categories.items():
            at = -1 if name == self.report.label else self.feature_names.index(name)
            codes = _codes(frame.iloc[:, at].to_numpy())
            frame.isetitem(at % frame.shape[1], pd.Categorical.from_codes(codes, list(texts)))
        return frame

    def to_arrow(self) -> Any:
        """A ``pyarrow.Table``, label last; text columns are dictionary-encoded.

        Raises:
            SampleError: of a sparse sample, which Arrow has no table for.
        """
        import pyarrow as pa

        if not isinstance(self.X, _ndarray()):
            raise SampleError(
                "A sparse sample has no Arrow table.",
                got=f"{type(self.X).__name__} of shape {self.X.shape}",
                expected="a dense sample",
                advice="Use sample.X (scipy.sparse), sample.to_pandas(), or collect without sparse=True.",
            )
        columns = [(name, self.X[:, i]) for i, name in enumerate(self.feature_names)]
        if self.y is not None:
            columns.append((str(self.report.label), self.y))
        arrays = [
            _encoded(values, self.report.categories[name])
            if name in self.report.categories
            else pa.array(values)
            for name, values in columns
        ]
        return pa.Table.from_arrays(arrays, names=[name for name, _ in columns])


@dataclass(eq=False)
class SampleReport:
    """How a sample came about.

    Attributes:
        rows_total: rows of the source DataFrame, before any were dropped; as given with ``total_rows=``.
        rows_read: rows that came to the driver: somewhat more than were taken, where rows were drawn.
        rows_dropped: of these, rows left out for a null (``nulls="drop"`` alone).
        rows_taken: rows of the sample.
        bytes: size of ``X`` and ``y`` together.
        seconds: wall clock of all passes over the source.
        passes: how often the source was read, by what was asked of it: ``count``, ``strata``, ``weights``,
            ``probe`` (one row, for its width), ``rows``.
        seed: of the drawing.
        nulls: what a null did.
        missing: of the rows read, those with a null or NaN, by column.
        categories: texts of each text column in the order of their codes; for ``categorical=`` and
            :func:`~airflow_spark_guard.job.predict`.
        label: name of the label column.
    """

    rows_total: int
    rows_read: int
    rows_dropped: int
    rows_taken: int
    bytes: int
    seconds: float
    passes: tuple[str, ...]
    seed: int
    nulls: str
    missing: Mapping[str, int]
    categories: Mapping[str, tuple[str, ...]]
    label: str | None = None
    # The sample and its columns, for the comparison with the source; filled when both exist.
    _of: tuple[Columns, Sample] | None = field(default=None, repr=False)
    _compared: Representativeness | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The figures, ready for JSON; without the texts, of which there may be many."""
        names = ("rows_total", "rows_read", "rows_dropped", "rows_taken", "bytes", "seconds", "seed", "nulls")
        figures: dict[str, Any] = {name: getattr(self, name) for name in names}
        return {**figures, "passes": list(self.passes), "missing": dict(self.missing)}

    def about(self, columns: Columns, sample: Sample) -> None:
        """Connect the report with what it reports of."""
        self._of = (columns, sample)

    def representativeness(self, df: Any) -> Representativeness:
        """Compare the sample with its source: means, quantiles and shares, and one verdict.

        Reads the source once more. See
        :func:`~airflow_spark_guard.job.collection.representative.compare`.

        Args:
            df: the DataFrame that the sample was drawn from.

        Raises:
            SampleError: a report that was made without a sample, or another DataFrame.
        """
        from airflow_spark_guard.job.collection.representative import compare

        if self._of is None:
            raise SampleError(
                "This report has no sample to compare.",
                got="a SampleReport that collect_sample did not make",
                expected="the report of a sample",
                advice="Call sample.report.representativeness(df).",
            )
        columns, sample = self._of
        self._compared = compare(df, columns, sample)
        return self._compared

    def plot(self, path: str | None = None) -> Any:
        """A picture of the last comparison with the source, as a ``matplotlib.figure.Figure``.

        Args:
            path: where to save it; the suffix says as what (``.png``, ``.svg``, ``.pdf``).

        Raises:
            SampleError: before the first :meth:`representativeness`, or without matplotlib.
        """
        if self._compared is None:
            raise SampleError(
                "There is nothing to draw yet.",
                got="a report that was not compared with its source",
                expected="a comparison first",
                advice="Call report.representativeness(df), then report.plot().",
            )
        return self._compared.plot(path)


def _ndarray() -> Any:
    import numpy as np

    return np.ndarray


def _codes(values: Array) -> Array:
    """Codes as whole numbers; -1 for a missing one."""
    import numpy as np

    return np.nan_to_num(values, nan=-1).astype(np.int64)


def _encoded(values: Array, texts: tuple[str, ...]) -> Any:
    import pyarrow as pa

    codes = _codes(values)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(texts, pa.string()))
