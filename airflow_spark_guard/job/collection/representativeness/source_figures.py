"""Spark's figures of the columns of a source: one pass, and a second one for texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.representativeness.deviation import (
    QUANTILES,
    NumberSource,
    TextSource,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.kinds.base import SourceColumn

FEATURES = 50
TEXTS = 20
# Half the rank error of Spark's default, for twice its memory; small against the error of 200,000 rows.
_ACCURACY = 20_000


@dataclass(frozen=True)
class Cell:
    """One feature, or the label.

    Attributes:
        name: of the feature.
        column: it comes from.
        place: its column in X; None: it is the label.
        element: its position in an array or vector; None: the column is the feature.
    """

    name: str
    column: SourceColumn
    place: int | None
    element: int | None = None


def cells(columns: Columns, feature_names: Sequence[str]) -> list[Cell]:
    """The first 50 features, by position in X, and the label.

    Raises:
        SampleError: there are more or fewer features than the columns become.
    """
    found: list[tuple[SourceColumn, int | None]] = []
    for column in columns.features:
        width = _width(column, columns, feature_names[len(found) :])
        found.extend((column, i if column.several else None) for i in range(width))
    if len(found) != len(feature_names):
        raise SampleError(
            "The sample is not one of these columns.",
            got=f"{len(feature_names)} features",
            expected=f"{len(found)}, from {', '.join(column.name for column in columns.features)}",
            advice="Compare a sample with the columns that it was collected from.",
        )
    compared = [
        Cell(feature_names[place], column, place, element)
        for place, (column, element) in enumerate(found[:FEATURES])
    ]
    label = columns.label
    return compared if label is None else [*compared, Cell(label.name, label, None)]


def source_figures(
    df: Any, columns: Columns, compared: Sequence[Cell], *, drop: bool
) -> list[NumberSource | TextSource]:
    """The source's figures of each cell; with ``drop``, of the rows that have a value in every column."""
    from pyspark.sql import functions as sf

    for column in columns.all() if drop else ():
        df = df.where(column.is_set())
    # Named by position: the source's own names may repeat, or hold a dot.
    values = df.select(*(cell.column.figure(cell.element).alias(f"v{i}") for i, cell in enumerate(compared)))
    parts = [_figures(f"v{i}", cell).alias(f"v{i}") for i, cell in enumerate(compared)]
    rows, *found = values.agg(sf.count(sf.lit(1)), *parts).first()
    texts = _common_texts(values, [i for i, cell in enumerate(compared) if cell.column.categorical])
    return [
        TextSource(cell.name, rows, figures["filled"], texts[i])
        if i in texts
        else _number_source(cell.name, rows, figures)
        for i, (cell, figures) in enumerate(zip(compared, found, strict=True))
    ]


def _width(column: SourceColumn, columns: Columns, names: Sequence[str]) -> int:
    """How many features a column became: known, or what later columns leave over, or by the names."""
    if column.width is not None:
        return column.width
    later = columns.features[columns.features.index(column) + 1 :]
    widths = [other.width for other in later]
    known = [width for width in widths if width is not None]
    if len(known) == len(widths):
        return max(0, len(names) - sum(known))
    pairs = enumerate(names)
    return next((i for i, name in pairs if name != column.names.get(i, f"{column.name}_{i}")), len(names))


def _figures(name: str, cell: Cell) -> Any:
    from pyspark.sql import functions as sf

    filled = sf.count(name).alias("filled")
    if cell.column.categorical:
        return sf.struct(filled)
    return sf.struct(
        filled,
        sf.avg(name).alias("mean"),
        sf.stddev_pop(name).alias("sd"),
        sf.min(name).alias("low"),
        sf.max(name).alias("high"),
        sf.percentile_approx(name, list(QUANTILES), _ACCURACY).alias("quantiles"),
    )


def _number_source(name: str, rows: int, figures: Any) -> NumberSource:
    if not figures["filled"]:
        return NumberSource(name, rows, 0)
    moments = (figures["mean"], figures["sd"], figures["low"], figures["high"])
    # Spark's ranks are whole rows: one more or less comes on top.
    rank_error = 1 / _ACCURACY + 1 / figures["filled"]
    return NumberSource(name, rows, figures["filled"], *moments, tuple(figures["quantiles"]), rank_error)


def _common_texts(values: Any, places: Sequence[int]) -> dict[int, dict[str, int]]:
    """Rows of the 20 most frequent texts of each text column, most frequent first: one pass for all."""
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    found: dict[int, dict[str, int]] = {place: {} for place in places}
    if not places:
        return found
    pairs = [sf.struct(sf.lit(i).alias("place"), sf.col(f"v{i}").alias("text")) for i in places]
    stacked = values.select(sf.explode(sf.array(*pairs)).alias("pair")).select("pair.place", "pair.text")
    counted = stacked.where(sf.col("text").isNotNull()).groupBy("place", "text").count()
    order = Window.partitionBy("place").orderBy(sf.desc("count"), "text")
    ranked = counted.withColumn("rank", sf.row_number().over(order)).where(sf.col("rank") <= TEXTS)
    for row in ranked.orderBy("place", "rank").collect():
        found[row["place"]][row["text"]] = row["count"]
    return found
