"""Ways to bring a DataFrame to the driver as a matrix, ours and the usual ones, and how two are compared."""

from __future__ import annotations

import gc
import random
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.ml.functions import vector_to_array
from scipy.sparse import csr_array

from airflow_spark_guard.job import collect_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import DataFrame

WARM_UP = 2
SEED = 7
Matrix = tuple[Any, Any]


def ours(frame: DataFrame, features: Sequence[str] | str, rows: int, **options: Any) -> Matrix:
    """With the defaults, but for the number of rows."""
    sample = collect_sample(frame, features, "label", seed=SEED, max_rows=rows, **options)
    return sample.X, sample.y


def collect(frame: DataFrame) -> Matrix:
    """The recipe that is found everywhere: objects row by row."""
    rows = frame.collect()
    return np.array([row.features.toArray() for row in rows]), np.array([row.label for row in rows])


def collect_sparse(frame: DataFrame) -> Matrix:
    """The same of sparse vectors."""
    rows = frame.collect()
    vectors = [row.features for row in rows]
    ends = np.cumsum([0, *(len(vector.indices) for vector in vectors)])
    parts = (
        np.concatenate([vector.values for vector in vectors]),
        np.concatenate([vector.indices for vector in vectors]),
        ends,
    )
    return csr_array(parts, shape=(len(rows), vectors[0].size)), np.array([row.label for row in rows])


def topandas_vector(frame: DataFrame) -> Matrix:
    """``toPandas`` with Arrow, the vectors stacked."""
    table = frame.toPandas()
    matrix = np.stack([vector.toArray() for vector in table["features"]]).astype(np.float32)
    return matrix, table["label"].to_numpy(np.float32)


def topandas_plain(frame: DataFrame, columns: Sequence[str]) -> Matrix:
    """``toPandas`` with Arrow, the columns side by side."""
    table = frame.select(*columns, "label").toPandas()
    return table[list(columns)].to_numpy(np.float32), table["label"].to_numpy(np.float32)


def vector_to_array_arrow(frame: DataFrame) -> Matrix:
    """``vector_to_array`` and ``toArrow``; in doubles, which spares this way a copy."""
    table = frame.select(vector_to_array("features").alias("features"), "label").toArrow()
    values = table["features"].combine_chunks().flatten().to_numpy()
    return values.reshape(len(table), -1), table["label"].to_numpy()


def sample_arrow(frame: DataFrame, columns: Sequence[str], share: float) -> Any:
    """Spark's own sample, as a table: other rows in other partitions, and never exactly so many."""
    return frame.select(*columns, "label").sample(share, SEED).toArrow()


def noop(frame: DataFrame, columns: Sequence[str]) -> None:
    """Spark reads the columns and does nothing with them: no way can be faster."""
    frame.select(*columns).write.format("noop").mode("overwrite").save()


Ways = dict[str, "Callable[[], Any]"]


def interleave(ways: Ways, rounds: int) -> dict[str, list[float]]:
    """Seconds of each way: all in turn, in another order each round, after two rounds of warming up."""
    order = random.Random(SEED)  # noqa: S311 - an order, not a secret
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(WARM_UP + rounds):
        for name in order.sample(sorted(ways), len(ways)):
            gc.collect()
            start = time.perf_counter()
            result = ways[name]()
            took = time.perf_counter() - start
            del result  # what freeing it takes is not measured
            if number >= WARM_UP:
                seconds[name].append(took)
    return seconds


@dataclass(frozen=True)
class Comparison:
    """Two ways of one run.

    Attributes:
        what: for the table.
        ours: name of the way.
        theirs: the other's.
        faster: whether the ratio tells how many times faster we are; otherwise our share of their time.
        bar: at least, or at most, so much.
    """

    what: str
    ours: str
    theirs: str
    faster: bool = True
    bar: float | None = None


def compare(seconds: Mapping[str, Sequence[float]], comparison: Comparison, rows: int) -> dict[str, Any]:
    """As it stands in ``build/bench.json``."""
    mine, other = seconds[comparison.ours], seconds[comparison.theirs]
    pairs = zip(mine, other, strict=True)
    ratios = [theirs / ours if comparison.faster else ours / theirs for ours, theirs in pairs]
    return {
        "what": comparison.what,
        "rows": rows,
        **judged(ratios, comparison.bar, at_least=comparison.faster),
        "ours_s": round(statistics.median(mine), 4),
        "theirs_s": round(statistics.median(other), 4),
    }


def judged(ratios: Sequence[float], bar: float | None, *, at_least: bool = False) -> dict[str, Any]:
    """The median, its spread, and whether it holds the bar; without a bar it is only reported."""
    median = statistics.median(ratios)
    found = {
        "ratio": round(median, 4),
        "min": round(min(ratios), 4),
        "max": round(max(ratios), 4),
        "rounds": len(ratios),
    }
    if bar is None:
        return found
    return {
        **found,
        "bar": f"{'>=' if at_least else '<='} {bar}",
        "held": median >= bar if at_least else median <= bar,
    }
