"""``check_environment``: what executors have of Python, compared with the driver, by one small job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.executors import environment_probe
from airflow_spark_guard.job.instruments.executors.environment_report import (
    EnvironmentReport,
    report_of,
    report_of_failure,
)
from airflow_spark_guard.job.instruments.executors.local_modules import local_modules

if TYPE_CHECKING:
    from collections.abc import Sequence

DISTRIBUTIONS = ("numpy", "pandas", "pyarrow", "pyspark")
MOST_TASKS, TASKS_OF_CONNECT = 200, 8
MOST_MODULES = 200
# An executor that was busy, or has just registered, gets its turn in a later round.
_ROUNDS = 3


def check_environment(spark: Any, modules: Sequence[str] = ()) -> EnvironmentReport:
    """Compare Python, numpy, pandas, pyarrow, PySpark and the job's modules on executors with the driver's.

    ::

        report = check_environment(spark)
        print(report)

    It runs a job of as many tasks as the application has cores (at most 200; with Spark Connect 8), so that
    each executor gets one if all are free, and up to two more if some have not answered; the report names the
    hosts that did. Nothing is imported, and
    a module that is missing does not raise an error.

    Args:
        spark: a session, classic or Spark Connect, from Spark 3.5.
        modules: names of modules that functions of the job import. Without them, the loaded modules whose
            file is below the script's folder, at most 200.
    """
    names = tuple(modules)[:MOST_MODULES] or tuple(sorted(_loaded()))[:MOST_MODULES]
    driver = environment_probe.probe(DISTRIBUTIONS, names)
    answers: list[dict[str, Any]] = []
    try:
        for _ in range(_ROUNDS):
            answers += _ask(spark, names)
            executors = _executors(spark)
            if executors is None or len({(row["host"], row["executor"]) for row in answers}) >= executors:
                break
    except Exception as error:  # noqa: BLE001 - the check is there to explain what fails
        return report_of_failure(driver, str(error), _executors(spark))
    return report_of(driver, answers, executors)


def _loaded() -> set[str]:
    return {name for name, module in local_modules().items() if getattr(module, "__file__", None)}


def _ask(spark: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
    from pyspark import cloudpickle
    from pyspark.sql import functions as sf

    tasks = _tasks(spark)
    distributions, probe_as_text = DISTRIBUTIONS, environment_probe.probe_as_text

    def ask(_: int) -> str:
        return probe_as_text(distributions, names)

    cloudpickle.register_pickle_by_value(environment_probe)
    try:
        # Not by Arrow: pyarrow may be what is missing. Not deterministic: else Spark may ask twice.
        asks = sf.udf(ask, "string", useArrow=False).asNondeterministic()
        rows = spark.range(0, tasks, 1, tasks).select(asks("id")).collect()
    finally:
        cloudpickle.unregister_pickle_by_value(environment_probe)
    return [json.loads(row[0]) for row in rows]


def _tasks(spark: Any) -> int:
    context = _context(spark)
    return min(MOST_TASKS, context.defaultParallelism) if context is not None else TASKS_OF_CONNECT


def _executors(spark: Any) -> int | None:
    """Without the driver; the driver itself if it runs the tasks."""
    context = _context(spark)
    if context is None:
        return None
    try:
        found = len(context._jsc.sc().statusTracker().getExecutorInfos())  # noqa: SLF001 - no public way
    except Exception:  # noqa: BLE001 - the context may be stopping
        return None
    return max(1, found - 1)


def _context(spark: Any) -> Any:
    """None with Spark Connect."""
    try:
        return spark.sparkContext
    except Exception:  # noqa: BLE001 - each version of Connect has its own error
        return None
