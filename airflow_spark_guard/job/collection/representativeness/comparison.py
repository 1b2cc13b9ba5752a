"""Does a sample stand for its source? Figures of both, compared with what a fair draw may deviate by."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.representativeness import picture
from airflow_spark_guard.job.collection.representativeness.deviation import (
    Figure,
    NumberSource,
    limit,
    number_figures,
    text_figures,
)
from airflow_spark_guard.job.collection.representativeness.source_figures import (
    FEATURES,
    Cell,
    cells,
    source_figures,
)
from airflow_spark_guard.job.text import shown, shown_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.kinds.base import Array

_NAMED = 5


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a comparison with the source looks at in a sample and its report; see there.

    Of the weights their proportions are enough.
    """

    columns: Columns
    X: Any
    y: Array | None
    feature_names: tuple[str, ...]
    sample_weight: Array | None
    categories: Mapping[str, tuple[str, ...]]
    nulls: str


@dataclass(frozen=True)
class Representativeness:
    """Whether a sample stands for its source.

    Attributes:
        stands: no figure is further off than ``limit``. Of samples drawn fairly, 1 % fail.
        verdict: one line that says so, and what differs most.
        rows: the figures compared, column by column.
        limit: expected errors that no figure may exceed; the more figures, the larger.
        left_out: features that were not compared: those after the first 50.
    """

    stands: bool
    verdict: str
    rows: tuple[Figure, ...]
    limit: float
    left_out: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Its fields for JSON; a number that is not finite is None."""
        return asdict(self) | {
            "rows": [{name: _finite(value) for name, value in asdict(figure).items()} for figure in self.rows]
        }

    def by_column(self) -> dict[str, list[Figure]]:
        """The figures of each column, in the order of the columns."""
        found: dict[str, list[Figure]] = {}
        for figure in self.rows:
            found.setdefault(figure.column, []).append(figure)
        return found

    def plot(self, path: str | None = None) -> Any:
        """A picture of the comparison; see :func:`.picture.draw`."""
        return picture.draw(self.verdict, self.by_column(), self.limit, path)

    def __str__(self) -> str:
        """The verdict, and each column's worst figure, worst column first."""
        worst = (max(figures, key=_size) for figures in self.by_column().values())
        lines = [("", "column", "worst figure", "source", "sample", "errors")]
        for row in sorted(worst, key=_size, reverse=True):
            mark = "!" if abs(row.errors) > self.limit else ""
            numbers = (shown_number(row.source), shown_number(row.sample), f"{row.errors:+.1f}")
            lines.append((mark, shown(row.column), shown(row.figure), *numbers))
        widths = [max(len(line[i]) for line in lines) for i in range(6)]
        table = ("  ".join(_padded(line, widths)).rstrip() for line in lines)
        return "\n".join((self.verdict, *table))


def compare(df: Any, sample: Drawn) -> Representativeness:
    """Compare a sample with the DataFrame it was drawn from.

    Of numbers, and of the elements of arrays and vectors, the mean and five quantiles are compared; of texts
    the shares of the source's 20 most frequent ones, and that of all others; of all the share of nulls.

    The source is read once, and once more if there are text columns. Its figures are those of every row that
    could have been drawn: with ``nulls="drop"`` of rows without a null. It must be the source that the sample
    was drawn from; the table of a month later differs where it has changed.

    Only the first 50 features are compared, and the label. The quantiles take most of the time: about half a
    second per million values and core.

    Raises:
        SampleError: the sample's features are not those of its columns; or source or sample have no rows.
    """
    compared = cells(sample.columns, sample.feature_names)
    sources = source_figures(df, sample.columns, compared, drop=sample.nulls == "drop")
    _check_rows(sources[0].rows, sample.X.shape[0])
    values = _values(sample)
    weights = _weights(sample.sample_weight, sources[0].rows)
    figures: list[Figure] = []
    for cell, source in zip(compared, sources, strict=True):
        if isinstance(source, NumberSource):
            figures.extend(number_figures(source, values(cell), weights))
        else:
            texts = sample.categories.get(cell.column.name, ())
            figures.extend(text_figures(source, values(cell), texts, weights))
    return judge(figures, len(compared), max(0, len(sample.feature_names) - FEATURES))


def judge(figures: Sequence[Figure], columns: int, left_out: int = 0) -> Representativeness:
    """The verdict on the figures of so many columns."""
    bound = limit(len(figures))
    off = [figure for figure in figures if abs(figure.errors) > bound]
    if off:
        verdict = f"differs from the source in: {_named(off)}"
    else:
        verdict = (
            f"stands for the source: {len(figures)} figures of {columns} columns"
            f" within {bound:.1f} expected errors"
        )
    if left_out:
        verdict += f"; {left_out} further features not compared"
    return Representativeness(not off, verdict, tuple(figures), bound, left_out)


def _check_rows(source: int, sample: int) -> None:
    if not source or not sample:
        raise SampleError(
            "There is nothing to compare.",
            got=f"{source} rows that could have been drawn, and {sample} in the sample",
            expected="at least one of each",
            advice="Pass the DataFrame that the sample was collected from.",
        )


def _values(sample: Drawn) -> Callable[[Cell], Any]:
    """How to get the floats of a cell."""
    features = sample.X[:, :FEATURES]
    dense = features.toarray() if hasattr(features, "toarray") else features

    def values(cell: Cell) -> Any:
        found = np.asarray(sample.y if cell.place is None else dense[:, cell.place])
        return found if found.dtype.kind == "f" else found.astype("float64")

    return values


def _weights(weights: Any, rows: int) -> Any:
    """Weights that add up to the rows of the source: a model wants proportions alone, errors want more."""
    if weights is None:
        return None
    plain = np.asarray(weights, dtype="float64")
    return plain * (rows / plain.sum())


def _size(figure: Figure) -> float:
    return abs(figure.errors)


def _named(off: Sequence[Figure]) -> str:
    """The columns that differ, worst first, each with its worst figure."""
    worst: dict[str, Figure] = {}
    for figure in sorted(off, key=_size, reverse=True):
        worst.setdefault(figure.column, figure)
    parts = [_described(figure) for figure in list(worst.values())[:_NAMED]]
    more = len(worst) - _NAMED
    return ", ".join(parts) + (f" and {more} more columns" if more > 0 else "")


def _described(figure: Figure) -> str:
    values = f"{shown_number(figure.sample)} instead of {shown_number(figure.source)}"
    apart = f"{abs(figure.errors):.1f} expected errors" if math.isfinite(figure.errors) else "not by chance"
    return f"{shown(figure.column)} ({shown(figure.figure)} {values}, {apart})"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _padded(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Texts to the left, numbers to the right."""
    left = 3
    return [
        text.ljust(width) if i < left else text.rjust(width)
        for i, (text, width) in enumerate(zip(line, widths, strict=True))
    ]
