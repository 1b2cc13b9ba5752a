"""Values, arguments and paths that are easily changed on their way, and what a real job got of them."""

from __future__ import annotations

import json
import tempfile

import pytest

from airflow_spark_guard import SafeSparkSubmitOperator
from tests.support.task_instance import TaskInstance

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("airflow_db")]

VALUES = {
    "separator": "\t",
    "lead": "  x",
    "trail": "x ",
    "blank": "   ",
    "lines": " a\nb ",
    "line_end": "x\n",
    "form_feed": "\x0cx",
    "quotes": ' it\'s "$HOME" `x` \\ ',
    "unicode": " \u2603 ",
    "hash": "#x ",
    "equals": "=a=b ",
    "empty": "",
    "plain": "a b",
}
JOB = """
from pyspark.sql import SparkSession
from airflow_spark_guard.job import report
spark = SparkSession.builder.getOrCreate()
conf = spark.sparkContext.getConf()
report({"name": spark.sparkContext.appName,
        "values": {key[10:]: value for key, value in conf.getAll() if key.startswith("spark.lab.")}})
"""


class Instance(TaskInstance):
    """One that the operator's links can ask as well."""

    def xcom_pull(self, **_):
        return None


def test_they_arrive_as_they_were_given(tmp_path, monkeypatch):
    """In a temporary folder with quotes and a blank in its name; the application is named after its task."""
    folder = tmp_path / 'it\'s a "folder"'
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "none")
    monkeypatch.setenv("AIRFLOW_CONN_LAB", json.dumps({"conn_type": "spark", "host": "local[1]"}))
    job = folder / "job.py"
    job.write_text(JOB)
    operator = SafeSparkSubmitOperator(
        task_id="t",
        application=str(job),
        conn_id="lab",
        conf={f"spark.lab.{name}": value for name, value in VALUES.items()},
    )
    found = operator.execute({"ti": Instance()})
    assert found == {"name": "d.sensor.1", "values": VALUES}
