"""Deferred task instances and their triggers, written into Airflow's database by its own models.

    python -m tools.bench.sensors.rows '{"kind": "sensors", "count": 50, "interval": 10, "ports": [...]}'

Starting a thousand task processes, each of which would defer, takes longer than what is measured.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow._shared.timezones import timezone
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.dagbundle import DagBundleModel
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import delete

from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.triggers.spark_application import SparkApplicationTrigger
from tools.bench.sensors.drivers import application_id
from tools.bench.sensors.idle import IdleTrigger

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger
    from sqlalchemy.orm import Session

DAG_ID, RUN_ID, TASK_ID = "bench_sensors", "manual__bench", "watch"
BUNDLE = "bench"
_DAG = f"""
from airflow.sdk import DAG
from airflow_spark_guard import SparkExecutorRestartSensor

with DAG({DAG_ID!r}, schedule=None):
    SparkExecutorRestartSensor.partial(task_id={TASK_ID!r}).expand(application=["app-1"])
"""
_DAY = 86_400.0


def main(wanted: dict[str, Any]) -> None:
    """Write what is wanted."""
    folder = Path.cwd() / "dags"
    folder.mkdir(exist_ok=True)
    (folder / "bench_sensors_dag.py").write_text(_DAG)
    with create_session() as session:
        session.add(DagBundleModel(name=BUNDLE))
        session.commit()
        sync_bag_to_db(DagBag(folder, bundle_path=folder, bundle_name=BUNDLE), BUNDLE, None, session=session)
        session.commit()
        _write(session, wanted)


def _write(session: Session, wanted: dict[str, Any]) -> None:
    stored = SerializedDagModel.get(DAG_ID, session=session)
    now = timezone.utcnow()
    stored.dag.create_dagrun(
        run_id=RUN_ID,
        run_after=now,
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState.RUNNING,
        start_date=now,
        session=session,
    )
    session.flush()
    session.execute(delete(TaskInstance))  # the only one so far; ours take its place
    task = stored.dag.get_task(TASK_ID)
    made = [Trigger.from_object(_trigger(wanted, number)) for number in range(wanted["count"])]
    session.add_all(made)
    session.flush()
    for number, trigger in enumerate(made):
        instance = TaskInstance(task, stored.dag_version_id, run_id=RUN_ID, map_index=number)
        instance.state, instance.trigger_id = TaskInstanceState.DEFERRED, trigger.id
        instance.next_method, instance.next_kwargs = "execute_complete", {}
        instance.start_date, instance.try_number = now, 1
        instance.trigger_timeout = now + timedelta(days=1)
        session.add(instance)


def _trigger(wanted: dict[str, Any], number: int) -> BaseTrigger:
    task = {"dag_id": DAG_ID, "run_id": RUN_ID, "task_id": TASK_ID, "map_index": number}
    if wanted["kind"] != "sensors":
        return IdleTrigger(wanted["interval"], task if wanted["kind"] == "asking" else None)
    driver = number % len(wanted["ports"])
    target = Target(application_id(driver), driver_ui=f"http://127.0.0.1:{wanted['ports'][driver]}")
    began = time.time()
    return SparkApplicationTrigger(
        Plan(target=target, budget=RestartBudget()).to_json(),
        began,
        began + _DAY,
        float(wanted["interval"]),
        task,
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
