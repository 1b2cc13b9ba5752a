"""The sensor beside the training: wired as documented. ``tests/integration/containers`` runs it beside a real training."""

from __future__ import annotations

import runpy

from airflow_spark_guard import SparkExecutorRestartSensor
from tests.support.paths import ROOT

DAGS = ROOT / "dags"


def test_the_sensor_watches_the_trainings_application_by_name():
    """The name is the one that the training's script gives its application; both run on the same days."""
    dag = runpy.run_path(str(DAGS / "flight_delay_watch.py"))["flight_delay_watch"]()
    (sensor,) = dag.tasks
    assert isinstance(sensor, SparkExecutorRestartSensor)
    assert sensor.application == {"name": "train_flight_delay"}
    assert '.appName("train_flight_delay")' in (DAGS / "jobs" / "train_flight_delay.py").read_text()
    assert 'schedule="@daily"' in (DAGS / "flight_delay_training.py").read_text()
    assert dag.schedule == "@daily"
