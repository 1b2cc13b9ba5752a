"""How a sample came about, and its comparison with the source."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.representativeness.comparison import Drawn, compare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.representativeness.comparison import Representativeness
    from airflow_spark_guard.job.collection.sample import Sample


@dataclass(eq=False)
class _Comparison:
    """The arrays of a sample, and their last comparison with the source."""

    drawn: Drawn
    last: Representativeness | None = None


@dataclass(frozen=True, eq=False)
class SampleReport:
    """How a sample was drawn.

    Attributes:
        rows_total: rows of the source DataFrame, before any were dropped; as given with ``total_rows=``.
        rows_read: rows that came to the driver: slightly more than were taken, if rows were drawn.
        rows_dropped: number of these that were left out because of a null (only with ``nulls="drop"``).
        rows_taken: rows of the sample.
        bytes: size of ``X`` and ``y`` together.
        seconds: wall clock of all passes over the source.
        passes: the purpose of each pass over the source: ``count``, ``strata``, ``weights``, ``probe`` (one
            row, for its width), ``rows``.
        seed: the seed.
        nulls: the option ``nulls``.
        missing: number of the rows read that have a null or NaN, by column.
        categories: texts of each text column in the order of their codes; for ``categorical=`` and
            :func:`~airflow_spark_guard.job.predict`.
        label: name of the label column.
        warnings: possible mistakes, one or two sentences each: rows without a unique key, digits that floats
            lose, strata or parts without rows. They were also shown as ``SampleWarning``.
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
    _comparison: _Comparison | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The figures, ready for JSON; without the texts, of which there may be many."""
        names = ("rows_total", "rows_read", "rows_dropped", "rows_taken", "bytes", "seconds", "seed", "nulls")
        figures: dict[str, Any] = {name: getattr(self, name) for name in names}
        lists = {"passes": list(self.passes), "warnings": list(self.warnings)}
        return {**figures, **lists, "missing": dict(self.missing)}

    def about(self, sample: Sample, columns: Columns) -> SampleReport:
        """This report, connected with the arrays of its sample for a comparison with the source."""
        arrays = (sample.X, sample.y, sample.feature_names, sample.sample_weight)
        return replace(self, _comparison=_Comparison(Drawn(columns, *arrays, self.categories, self.nulls)))

    def representativeness(self, df: Any) -> Representativeness:
        """Compare the sample with its source: means, quantiles and shares, and one verdict.

        Reads the source once more. See
        :func:`~airflow_spark_guard.job.collection.representativeness.comparison.compare`.

        Args:
            df: the DataFrame that the sample was drawn from.

        Raises:
            SampleError: a report that was made without a sample, or another DataFrame.
        """
        if self._comparison is None:
            raise SampleError(
                "This report has no sample to compare.",
                got="a SampleReport that collect_sample did not make",
                expected="the report of a sample",
                advice="Call sample.report.representativeness(df).",
            )
        self._comparison.last = compare(df, self._comparison.drawn)
        return self._comparison.last

    def plot(self, path: str | None = None) -> Any:
        """A picture of the last comparison with the source, as a ``matplotlib.figure.Figure``.

        Args:
            path: where to save it; the suffix decides the format (``.png``, ``.svg``, ``.pdf``).

        Raises:
            SampleError: before the first :meth:`representativeness`, or without matplotlib.
        """
        if self._comparison is None or self._comparison.last is None:
            raise SampleError(
                "There is nothing to draw yet.",
                got="a report that was not compared with its source",
                expected="a comparison first",
                advice="Call report.representativeness(df), then report.plot().",
            )
        return self._comparison.last.plot(path)
