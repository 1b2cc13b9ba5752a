"""What reading a lineage costs, and what cutting it saves in a job of many small steps.

Driver time is CPU time of the JVM's thread that answers this Python's calls: it builds and plans the
DataFrames, and the machine's other load does not count. Wall time is compared as a ratio, in turns.
"""

from __future__ import annotations

import itertools
import math
import statistics
import time
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.frames.analysis import MOST_PLANNED, analyze
from airflow_spark_guard.job.instruments.frames.checkpoints import Checkpoints
from airflow_spark_guard.job.instruments.frames.jvm_plans import JvmPlans, walked_height
from airflow_spark_guard.job.instruments.frames.lineage import lineage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import DataFrame, SparkSession

OPERATORS = (10, 50, 200, 1000)
EVERY = 10  # steps between two actions
ROWS = 1000


class DriverClock:
    """CPU seconds of the JVM's thread that serves this thread of Python."""

    def __init__(self, spark: SparkSession) -> None:
        management = spark.sparkContext._jvm.java.lang.management  # noqa: SLF001 - there is no public way
        self._threads = management.ManagementFactory.getThreadMXBean()

    def __call__(self) -> float:
        """Seconds since the thread began."""
        return float(self._threads.getCurrentThreadCpuTime()) / 1e9


def chain(spark: SparkSession, operators: int) -> DataFrame:
    """A range and filters: so many operators on one path."""
    frame = spark.range(ROWS)
    for number in range(operators - 1):
        frame = frame.filter(f"id >= {-number}")
    return frame


def depth_costs(spark: SparkSession, repeats: int) -> list[dict[str, Any]]:
    """For each number of operators what the looks cost; the first of all is not counted."""
    _depth_cost(spark, 3, repeats)
    return [_depth_cost(spark, operators, repeats) for operators in OPERATORS]


def _depth_cost(spark: SparkSession, operators: int, repeats: int) -> dict[str, Any]:
    """Milliseconds of the first look at a DataFrame and of later ones, these in calls of Py4J as well."""
    jvm_time = spark.sparkContext._jvm.System.nanoTime  # noqa: SLF001 - there is no public way
    frame = chain(spark, operators)
    first = _milliseconds(lambda: lineage_of(frame), 1)
    call = _milliseconds(jvm_time, repeats)
    later = _milliseconds(lambda: lineage_of(frame), repeats)
    short = _milliseconds(lambda: analyze(frame, plan=False), repeats)
    row = {"operators": operators, "first_ms": first, "later_ms": later, "without_plan_ms": short}
    row |= {"py4j_call_ms": call, "later_in_calls": round(later / call, 1)}
    if operators <= MOST_PLANNED:
        row["planned_ms"] = _milliseconds(lambda: analyze(frame), max(1, repeats // 10))
        plan = JvmPlans(frame).analyzed
        row["node_by_node_ms"] = _milliseconds(lambda: walked_height(plan), 1)
    return row


def iterative(spark: SparkSession, steps: int, *, cut: bool) -> dict[str, Any]:
    """A job of two operators a step and an action every tenth, as one that looks whether it has converged.

    Returns:
        ``wall_s``, ``driver_s`` (CPU), ``checkpoints``, ``planning``: CPU seconds of planning by step.
    """
    clock, points = DriverClock(spark), Checkpoints()
    frame, made, planning = spark.range(0, ROWS, 1, 2).selectExpr("id", "id AS x"), 0, {}
    started, driver = time.perf_counter(), clock()
    for step in range(1, steps + 1):
        frame = frame.selectExpr("id", f"x + {step} AS x").filter(f"x >= {-step}")
        if cut:
            frame, done = points.checkpoint_if_needed(frame, "loop")
            made += done is not None
        if step % EVERY == 0:
            before = clock()
            JvmPlans(frame).execution().executedPlan()
            planning[step] = clock() - before
            frame.agg({"x": "sum"}).collect()
    return {
        "wall_s": round(time.perf_counter() - started, 2),
        "driver_s": round(clock() - driver, 2),
        "checkpoints": made,
        "planning": {step: round(seconds, 4) for step, seconds in planning.items()},
    }


def exponent(planning: dict[int, float]) -> float:
    """Of all planning up to a step, as a power of the step: 1 is linear. From the fit of the second half."""
    total = list(itertools.accumulate(planning.values()))
    points = [(math.log(step), math.log(sum_)) for step, sum_ in zip(planning, total, strict=True)]
    half = points[len(points) // 2 :]
    return round(statistics.linear_regression([x for x, _ in half], [y for _, y in half]).slope, 2)


def measure(spark: SparkSession, rounds: int, steps: int) -> dict[str, Any]:
    """Depth costs, then the job with and without checkpoints in turns.

    Returns:
        ``depth``; ``iterative``: of both ways the medians, the curve of the last round, the exponent; and the
        ratios with / without.
    """
    found: dict[str, Any] = {"spark": spark.version, "depth": depth_costs(spark, 50), "steps": steps}
    iterative(spark, EVERY, cut=True)  # warm up
    runs: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for number, cut in _turns(rounds):
        runs[cut].append(iterative(spark, steps, cut=cut))
        print(
            f"round {number + 1} of {rounds}, {'with' if cut else 'without'}: {runs[cut][-1]['driver_s']} s"
        )
    for cut, name in ((True, "with_checkpoints"), (False, "without")):
        medians = {key: statistics.median(run[key] for run in runs[cut]) for key in ("wall_s", "driver_s")}
        last = runs[cut][-1]
        found[name] = {**last, **medians, "exponent": exponent(last["planning"])}
    for key in ("wall_s", "driver_s"):
        ratios = [one[key] / other[key] for one, other in zip(runs[True], runs[False], strict=True)]
        found[f"{key[:-2]}_ratio"] = round(statistics.median(ratios), 3)
    return found


def _turns(rounds: int) -> Iterator[tuple[int, bool]]:
    for number in range(rounds):
        yield from ((number, cut) for cut in ((True, False) if number % 2 else (False, True)))


def _milliseconds(work: Callable[[], Any], repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return round(statistics.median(seconds) * 1000, 3)
