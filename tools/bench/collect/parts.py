"""The parts of the benchmark: which ways run in turn over which table, and the bars of their figures."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.bench.collect import memory as driver_memory
from tools.bench.collect import predict, ways
from tools.bench.collect.data import COLUMNS, NON_ZEROS, SPARSE_SIZE, WIDE_COLUMNS
from tools.bench.collect.ways import Comparison

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.bench.collect.data import Data

EXPONENT_BAR = 1.1
# Sides that take many seconds, or hardly vary.
_SLOW_ROUNDS, _MEMORY_ROUNDS = 5, 3
_NOOP_BAR = 2.4


@dataclass(frozen=True)
class Bench:
    """What the parts share.

    Attributes:
        data: the tables.
        scale: of all numbers of rows.
        rounds: that count.
    """

    data: Data
    scale: float
    rounds: int

    def rows(self, full: int) -> int:
        """So many, or the same share of them as of all."""
        return int(full * self.scale)

    def compare(
        self, rows: int, made: ways.Ways, figures: dict[str, Comparison], most: int = 99
    ) -> dict[str, Any]:
        """Every figure of one interleaved run."""
        seconds = ways.interleave(made, min(self.rounds, most))
        return {name: ways.compare(seconds, comparison, rows) for name, comparison in figures.items()}


def vector_small(bench: Bench) -> dict[str, Any]:
    """What used to be called large, as vectors."""
    rows = bench.rows(200_000)
    frame = bench.data.vector(rows)
    made = {
        "ours": lambda: ways.ours(frame, "features", rows),
        "collect": lambda: ways.collect(frame),
        "topandas": lambda: ways.topandas_vector(frame),
    }
    figures = {
        "vs_collect": Comparison("collect(), vectors", "ours", "collect", bar=30.0),
        "vs_topandas_arrow_vector_small": Comparison("toPandas, vectors", "ours", "topandas", bar=6.0),
    }
    return bench.compare(rows, made, figures)


def vector_slow(bench: Bench) -> dict[str, Any]:
    """Two million vectors through pandas: apart, for it takes long."""
    rows = bench.rows(2_000_000)
    frame = bench.data.vector(rows)
    made = {
        "ours": lambda: ways.ours(frame, "features", rows),
        "topandas": lambda: ways.topandas_vector(frame),
    }
    figure = Comparison("toPandas, vectors", "ours", "topandas", bar=6.0)
    return bench.compare(rows, made, {"vs_topandas_arrow_vector": figure}, _SLOW_ROUNDS)


def vector_fast(bench: Bench) -> dict[str, Any]:
    """Two million vectors against the best that Spark offers, and against a scan."""
    rows = bench.rows(2_000_000)
    frame = bench.data.vector(rows)
    made = {
        "ours": lambda: ways.ours(frame, "features", rows),
        "arrow": lambda: ways.vector_to_array_arrow(frame),
        "noop": lambda: ways.noop(frame, ["features", "label"]),
    }
    figures = {
        "vs_vector_to_array": Comparison("vector_to_array + toArrow", "ours", "arrow", bar=1.6),
        "vs_noop_scan": Comparison("noop scan, vectors", "ours", "noop", faster=False, bar=_NOOP_BAR),
    }
    return bench.compare(rows, made, figures)


def plain(bench: Bench) -> dict[str, Any]:
    """Two million rows of twenty columns."""
    rows = bench.rows(2_000_000)
    frame = bench.data.plain(rows)
    made = {
        "ours": lambda: ways.ours(frame, COLUMNS, rows),
        "topandas": lambda: ways.topandas_plain(frame, COLUMNS),
        "noop": lambda: ways.noop(frame, [*COLUMNS, "label"]),
    }
    figures = {
        "vs_topandas_arrow_plain": Comparison("toPandas, 20 columns", "ours", "topandas", bar=4.0),
        "vs_noop_scan_plain": Comparison(
            "noop scan, 20 columns", "ours", "noop", faster=False, bar=_NOOP_BAR
        ),
    }
    return bench.compare(rows, made, figures)


def wide(bench: Bench) -> dict[str, Any]:
    """Two hundred columns."""
    rows = bench.rows(200_000)
    frame = bench.data.wide(rows)
    made = {
        "ours": lambda: ways.ours(frame, WIDE_COLUMNS, rows),
        "topandas": lambda: ways.topandas_plain(frame, WIDE_COLUMNS),
        "noop": lambda: ways.noop(frame, [*WIDE_COLUMNS, "label"]),
    }
    figures = {
        "wide_vs_topandas": Comparison("toPandas, 200 columns", "ours", "topandas"),
        "wide_vs_noop": Comparison("noop scan, 200 columns", "ours", "noop", faster=False),
    }
    return bench.compare(rows, made, figures)


def sparse(bench: Bench) -> dict[str, Any]:
    """Sparse vectors that stay sparse."""
    rows = bench.rows(200_000)
    frame = bench.data.sparse(rows)
    made = {
        "ours": lambda: ways.ours(frame, "features", rows, sparse=True),
        "collect": lambda: ways.collect_sparse(frame),
        "noop": lambda: ways.noop(frame, ["features", "label"]),
    }
    kind = f"sparse vectors ({NON_ZEROS} of {SPARSE_SIZE})"
    figures = {
        "sparse_vs_noop": Comparison(f"noop scan, {kind}", "ours", "noop", faster=False, bar=2.0),
        "sparse_vs_collect": Comparison(f"collect(), {kind}", "ours", "collect", bar=15.0),
    }
    return bench.compare(rows, made, figures)


def memory(bench: Bench) -> dict[str, Any]:
    """The driver's peak."""
    # A process and a JVM for each measurement: the trial needs no more than one.
    rounds = min(bench.rounds, _MEMORY_ROUNDS) if bench.scale == 1 else 1
    small, large = bench.rows(200_000), bench.rows(2_000_000)
    for rows in (small, large):
        bench.data.vector(rows)  # made here, so that the processes find it
    return driver_memory.measure(small, large, rounds)


def sampling(bench: Bench) -> dict[str, Any]:
    """One row in twenty-five, the same ones whatever the partitions."""
    total = bench.rows(5_000_000)
    rows, share = total // 25, 0.04
    frame = bench.data.plain(total)

    def keyed(key: str, **options: Any) -> Callable[[], ways.Matrix]:
        return lambda: ways.ours(frame, COLUMNS, rows, key=key, **options)

    made = {
        "id": keyed("id"),
        "id_known": keyed("id", total_rows=total),
        "name": keyed("name"),
        "name_known": keyed("name", total_rows=total),
        "strata": keyed("id", stratify="k"),
        "sample": lambda: ways.sample_arrow(frame, COLUMNS, share),
    }

    def against(what: str, way: str, bar: float = 1.0) -> Comparison:
        return Comparison(f"sample({share}).toArrow(), {what}", way, "sample", faster=False, bar=bar)

    figures = {
        "sample_by_key": against("by key", "id"),
        "sample_by_key_total_known": against("by key, total_rows given", "id_known"),
        "sample_by_text_key": against("by text key", "name"),
        "sample_by_text_key_total_known": against("by text key, total_rows given", "name_known"),
        "stratified": against("by key, 7 strata", "strata", 1.1),
    }
    return bench.compare(total, made, figures)


def exponent(bench: Bench) -> dict[str, Any]:
    """Whether twice the rows take twice the time."""
    sizes = [bench.rows(rows) for rows in (500_000, 1_000_000, 2_000_000, 4_000_000)]
    frames = {rows: bench.data.plain(rows) for rows in sizes}
    made = {
        f"{rows:09}": lambda rows=rows: ways.ours(frames[rows], COLUMNS, rows)  # type: ignore[misc]
        for rows in sizes
    }
    seconds = ways.interleave(made, bench.rounds)
    turns = [[seconds[f"{rows:09}"][turn] for rows in sizes] for turn in range(bench.rounds)]
    slopes = [float(np.polyfit(np.log(sizes), np.log(turn), 1)[0]) for turn in turns]
    curve = {str(rows): round(statistics.median(seconds[f"{rows:09}"]), 4) for rows in sizes}
    figure = {"what": f"exponent of rows in the time: {curve}", "rows": max(sizes), "curve_s": curve}
    return {"exponent": {**figure, **ways.judged(slopes, EXPONENT_BAR)}}


def scoring(bench: Bench) -> dict[str, Any]:
    """Speed of ``predict``."""
    rounds = min(bench.rounds, _SLOW_ROUNDS)
    return predict.measure_speed(bench.data, bench.rows(5_000_000), rounds)


def growth(bench: Bench) -> dict[str, Any]:
    """Memory of the workers that score."""
    rounds = min(bench.rounds, _SLOW_ROUNDS)
    return predict.measure_growth(bench.data, bench.rows(5_000_000), rounds)


def trees(bench: Bench) -> dict[str, Any]:
    """A model with native threads."""
    rounds = min(bench.rounds, _MEMORY_ROUNDS)
    return predict.measure_trees(bench.data, bench.rows(5_000_000), rounds)


# Growth first: its workers should not be those that ran something else before.
PARTS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    part.__name__: part
    for part in (
        growth,
        vector_small,
        vector_fast,
        vector_slow,
        plain,
        wide,
        sparse,
        sampling,
        exponent,
        memory,
        scoring,
        trees,
    )
}
