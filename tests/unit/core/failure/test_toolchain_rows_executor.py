"""What the rows of the executor's failures advise; that each is recognised is in ``test_classify.py``."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.failure.toolchain_rows_executor import EXECUTORS, SOURCES, WORKERS

ADVICE = {row.name: row.advice for row in (*WORKERS, *EXECUTORS, *SOURCES)}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("executor_memory", "spark.executor.memoryOverhead"),
        ("executor_lost", "spark.executor.memoryOverhead"),
        ("executor_heap", "spark.executor.memory"),
        ("executor_silent", "spark.executor.memory"),
        ("worker_memory", "spark.executor.pyspark.memory"),
        ("worker_threads", "spark.executorEnv.OMP_NUM_THREADS"),
        ("vector_past_function", "columnarInput.enabled"),
        ("worker_crashed", "spark.python.worker.faulthandler.enabled"),
        ("no_space", "spark.local.dir"),
        ("python_version", "spark.pyspark.python"),
        ("python_missing", "spark.pyspark.python"),
        ("module_missing", "spark.submit.pyFiles"),
    ],
)
def test_the_key_to_change_is_named(name, key):
    """The point of the table."""
    assert key in ADVICE[name]


def test_the_more_specific_signs_stand_first():
    """An executor out of heap was also lost; a worker that says why it died has also crashed."""
    names = list(ADVICE)
    assert names.index("executor_heap") < names.index("executor_lost")
    assert names.index("no_pyarrow") < names.index("module_missing")
    assert names.index("worker_segfault") < names.index("worker_crashed")
