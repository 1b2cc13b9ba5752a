"""One case as Airflow runs it: a DAG of one task; what became of the task goes to a file.

The case stands in the file that FAULT_SPEC names.
"""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG


def build(spec: dict[str, Any]) -> None:
    """The DAG."""
    outcome = Outcome(Path(spec["outcome"]))
    with DAG("fault", schedule=None, catchup=False):
        operator(spec)(
            task_id="job",
            retries=0,
            application=spec["application"],
            application_args=spec["arguments"],
            env_vars=spec["env_vars"],
            conf=spec["conf"],
            on_execute_callback=outcome.begun,
            on_success_callback=outcome.success,
            on_failure_callback=outcome.failure,
            **options(spec),
        )


def operator(spec: dict[str, Any]) -> Any:
    """Upstream's operator or ours; the other one is not imported."""
    if spec["operator"] == "upstream":
        from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator  # noqa: PLC0415

        return SparkSubmitOperator
    from airflow_spark_guard import SafeSparkSubmitOperator  # noqa: PLC0415

    return SafeSparkSubmitOperator


def options(spec: dict[str, Any]) -> dict[str, Any]:
    """How long it may run."""
    if spec["operator"] == "upstream":
        return {"execution_timeout": timedelta(seconds=spec["limits"]["deadline"])}
    from airflow_spark_guard import GuardLimits  # noqa: PLC0415

    return {"limits": GuardLimits(**spec["limits"])}


class Outcome:
    """Written as Airflow's callbacks come, times in seconds since the epoch."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known: dict[str, Any] = {}

    def _write(self, **known: Any) -> None:
        self.known |= known
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.known))
        new.replace(self.file)

    def begun(self, _: Any) -> None:
        """The operator is about to be executed."""
        self._write(begun=time.time())

    def success(self, context: Any) -> None:
        """What the task returned, and what the guard observed."""
        at = time.time()
        result = context["ti"].xcom_pull(task_ids="job")
        observed = context["ti"].xcom_pull(task_ids="job", key="spark_guard_verdict")
        self._write(state="success", at=at, result=result, observed=observed)

    def failure(self, context: Any) -> None:
        """The exception and what it carries."""
        error = context.get("exception")
        self._write(
            state="failed",
            at=time.time(),
            exception=type(error).__name__,
            verdict=str(getattr(error, "verdict", "")),
            place=str(getattr(error, "place", "")),
            orphans=list(getattr(error, "orphans", ())),
            text=str(error)[:2000],
        )


build(json.loads(Path(os.environ["FAULT_SPEC"]).read_text()))
