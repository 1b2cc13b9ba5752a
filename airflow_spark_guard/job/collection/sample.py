"""What ``collect_sample`` gives back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.frames import to_arrow, to_pandas
from airflow_spark_guard.job.collection.representativeness.comparison import Drawn, compare

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.kinds.base import Array
    from airflow_spark_guard.job.collection.representativeness.comparison import Representativeness


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
            self.report.about(self, self.columns)

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

    def to_pandas(self, dtypes: str = "floats") -> Any:
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
        from airflow_spark_guard.job.collection.files import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Sample:
        """The sample that :meth:`save` wrote, to the bit.

        Raises:
            SampleError: no such file, or one that is not of a sample.
        """
        from airflow_spark_guard.job.collection.files import load

        return load(path)

    def _rows(self, chosen: Array) -> Sample:
        beside: dict[str, Any] = {
            name: values[chosen]
            for name in ("strata", "sample_weight", "parts")
            if (values := getattr(self, name)) is not None
        }
        x, y = self.X[chosen], None if self.y is None else self.y[chosen]
        report = replace(self.report, rows_taken=x.shape[0], bytes=nbytes(x, y))
        return replace(self, X=x, y=y, report=report, **beside)


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
        warnings: what may not be meant so, one sentence or two each: rows without a key of their own, digits
            that floats lose, strata or parts without rows. They were shown as ``SampleWarning``, too.
        strata_left_out: strata of which no row is in the sample.
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
    warnings: tuple[str, ...] = ()
    strata_left_out: tuple[Any, ...] = ()
    # The arrays and not the sample, which holds this report.
    _drawn: Drawn | None = field(default=None, repr=False)
    _compared: Representativeness | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The figures, ready for JSON; without the texts, of which there may be many."""
        names = ("rows_total", "rows_read", "rows_dropped", "rows_taken", "bytes", "seconds", "seed", "nulls")
        figures: dict[str, Any] = {name: getattr(self, name) for name in names}
        lists = {"passes": list(self.passes), "warnings": list(self.warnings)}
        return {**figures, **lists, "missing": dict(self.missing)}

    def about(self, sample: Sample, columns: Columns) -> None:
        """Connect the report with the arrays of its sample, for a comparison with the source."""
        arrays = (sample.X, sample.y, sample.feature_names, sample.sample_weight)
        self._drawn, self._compared = Drawn(columns, *arrays, self.categories, self.nulls), None

    def representativeness(self, df: Any) -> Representativeness:
        """Compare the sample with its source: means, quantiles and shares, and one verdict.

        Reads the source once more. See
        :func:`~airflow_spark_guard.job.collection.representativeness.comparison.compare`.

        Args:
            df: the DataFrame that the sample was drawn from.

        Raises:
            SampleError: a report that was made without a sample, or another DataFrame.
        """
        if self._drawn is None:
            raise SampleError(
                "This report has no sample to compare.",
                got="a SampleReport that collect_sample did not make",
                expected="the report of a sample",
                advice="Call sample.report.representativeness(df).",
            )
        self._compared = compare(df, self._drawn)
        return self._compared

    def plot(self, path: str | None = None) -> Any:
        """A picture of the last comparison with the source, as a ``matplotlib.figure.Figure``.

        Args:
            path: where to save it; the suffix decides the format (``.png``, ``.svg``, ``.pdf``).

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


def nbytes(x: Any, y: Array | None) -> int:
    """Bytes of features, dense or sparse, and label."""
    parts = (x.data, x.indices, x.indptr) if hasattr(x, "indptr") else (x,)
    return sum(int(part.nbytes) for part in (*parts, *([] if y is None else [y])))
