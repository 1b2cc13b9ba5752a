"""Is the weighted draw by key unbiased? Thousands of seeds, in numpy, with the numbers of Spark.

    python -m tools.check_weighted_draw [--seeds 2000] [--rows 5000] [--drawn 250]

A row's number is that of ``Draw.priority_sql``: xxhash64 of seed and key, made exponential with the weight as
its rate. Of each seed the estimates by ``sample_weight`` are compared with the truth: rows of the source, and
the sum of a column. Printed is how far their mean lies off, in standard errors.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from airflow_spark_guard.job.collection.draw import own_seed
from airflow_spark_guard.job.collection.selection import smallest

P1, P2, P3, P4, P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
SPARKS_SEED = 42


def xxhash64(number: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """Spark's ``XXH64.hashLong`` of 64-bit numbers, shape (rows,), under seeds of the same shape."""
    u = np.uint64
    mask = u(0xFFFFFFFFFFFFFFFF)

    def turned(value: np.ndarray, bits: int) -> np.ndarray:
        return ((value << u(bits)) | (value >> u(64 - bits))) & mask

    value = seed + u(P5) + u(8)
    value = value ^ (turned(number * u(P2), 31) * u(P1))
    value = turned(value, 27) * u(P1) + u(P4)
    value = (value ^ (value >> u(33))) * u(P2)
    value = (value ^ (value >> u(29))) * u(P3)
    return value ^ (value >> u(32))


def key_hashes(seed: int, keys: np.ndarray) -> np.ndarray:
    """``xxhash64(own_seed, key)`` as Spark chains it: each column's hash is the seed of the next."""
    first = np.full(len(keys), SPARKS_SEED, dtype=np.uint64)
    own = np.full(len(keys), own_seed(seed), dtype=np.int64).view(np.uint64)
    return xxhash64(keys.astype(np.int64).view(np.uint64), xxhash64(own, first))


def estimates(seed: int, weights: np.ndarray, values: np.ndarray, drawn: int) -> tuple[float, float]:
    """Rows and sum of the source, as one weighted sample estimates them."""
    hashed = key_hashes(seed, np.arange(len(weights)))
    uniform = ((hashed >> np.uint64(11)).astype("float64") + 0.5) * 2.0**-53
    priority = np.log(-np.log1p(-uniform)) - np.log(weights)
    order = smallest(priority, drawn + 1)
    last = order[np.argmax(priority[order])]
    taken = order[order != last]
    stands_for = 1 / -np.expm1(-np.exp(np.log(weights[taken]) + priority[last]))
    return float(stands_for.sum()), float((stands_for * values[taken]).sum())


def main() -> None:
    """Print the figures of weights of three shapes."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.check_weighted_draw", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--drawn", type=int, default=250)
    wanted = parser.parse_args()
    rng = np.random.default_rng(1)
    shapes = {
        "lognormal weights": rng.lognormal(0, 1.5, wanted.rows),
        "weights of 1 to 7": 1.0 + np.arange(wanted.rows) % 7,
        "equal weights of 1e-310": np.full(wanted.rows, 1e-310),
    }
    values = rng.normal(10, 3, wanted.rows)
    for name, weights in shapes.items():
        found = np.array(
            [estimates(seed, weights, values, wanted.drawn) for seed in range(wanted.seeds)], dtype="float64"
        )
        for what, column, truth in (("rows", 0, float(wanted.rows)), ("sum", 1, float(values.sum()))):
            mean, error = found[:, column].mean(), found[:, column].std(ddof=1) / math.sqrt(wanted.seeds)
            print(
                f"{name}, {what}: mean {mean:,.1f}, truth {truth:,.1f},"
                f" off by {100 * (mean / truth - 1):+.3f} %"
                f" or {(mean - truth) / error:+.2f} standard errors ({wanted.seeds} seeds)"
            )


if __name__ == "__main__":
    with np.errstate(over="ignore"):
        main()
