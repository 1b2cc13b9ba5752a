"""One try of a task in a process of its own, as a scheduler that was restarted starts it.

Usage: ``python one_try.py TRY JOB FILE``; Airflow is left out but for its operator and its logging.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.log import configure_logging

from airflow_spark_guard import SafeSparkSubmitOperator
from airflow_spark_guard.core.errors import TakenOverError


def dropped(*_: Any, **__: Any) -> None:
    """XComs go nowhere."""


number, job, under_way = int(sys.argv[1]), sys.argv[2], sys.argv[3]
configure_logging()
operator = SafeSparkSubmitOperator(task_id="load", application=job, application_args=[under_way], retries=2)
ti = SimpleNamespace(
    dag_id="shop", run_id="nightly", task_id="load", map_index=-1, try_number=number, max_tries=3,
    xcom_push=dropped, xcom_pull=dropped,
)  # fmt: skip
try:
    # The mark by which Airflow's own task runner calls it.
    mark = {"SafeSparkSubmitOperator__sentinel": ExecutorSafeguard.sentinel_value}
    operator.execute({"ti": ti}, **mark)
except TakenOverError:
    operator.log.exception("Task failed with exception")
