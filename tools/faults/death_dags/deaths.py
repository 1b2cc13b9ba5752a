"""The DAG whose task dies in different ways; run conf chooses operator, place of the hang, and limits."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import dag

from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator

_CONF = "{{ dag_run.conf['%s'] }}"
_COMMON = {
    "application": str(Path(os.environ["DEATHS_JOBS"], "hang.py")),
    "application_args": [_CONF % "ready", _CONF % "where"],
    "env_vars": {"SPARK_GUARD_TEST_MARK": _CONF % "mark"},
    "conf": {"spark.ui.enabled": "false"},
    "retry_delay": timedelta(seconds=1),
}


_LIMITS = GuardLimits(deadline="{{ dag_run.conf.get('deadline', '10m') }}")


@dag(schedule=None)
def guarded() -> None:
    """Our operator, one try."""
    SafeSparkSubmitOperator(task_id="job", retries=0, limits=_LIMITS, **_COMMON)


@dag(schedule=None)
def guarded_with_retry() -> None:
    """Our operator, two tries."""
    SafeSparkSubmitOperator(task_id="job", retries=1, limits=_LIMITS, **_COMMON)


@dag(schedule=None)
def upstream() -> None:
    """The provider's operator."""
    SparkSubmitOperator(task_id="job", retries=0, execution_timeout=timedelta(seconds=60), **_COMMON)


guarded()
guarded_with_retry()
upstream()
