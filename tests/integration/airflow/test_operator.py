"""The operator through real Airflow's ``dag.test()``: what is rendered, mapped and timed out before our code sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.paths import TESTS
from tests.support.processes import MARK, marked

pytestmark = [pytest.mark.spark, pytest.mark.airflow]
SCRIPT = str(TESTS / "integration" / "jobs" / "misbehave.py")


def _dag_test(tmp_path, task: str) -> str:
    """What a DAG of one task prints under ``dag.test()``."""
    file = tmp_path / "one_task.py"
    file.write_text(
        "from datetime import timedelta\n"
        "from airflow.sdk import dag\n"
        "from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator\n"
        "@dag(schedule=None)\n"
        "def one_task():\n"
        f"    {task}\n"
        "dag_object = one_task()\n"
        "if __name__ == '__main__':\n"
        "    print('STATE', dag_object.test().state)\n"
    )
    env = {**os.environ, "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path)}
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=300, env=env)
    return done.stdout + done.stderr


def test_rendered_fields_and_mapped_tasks(airflow_db, tmp_path):
    """Through real Airflow: default_args, templates inside limits and profile, .partial().expand()."""
    dag_file = tmp_path / "mapped.py"
    dag_file.write_text(
        "from airflow.sdk import dag\n"
        "from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator, SparkProfile\n"
        f"@dag(schedule=None, default_args={{'application': {SCRIPT!r}, 'limits': GuardLimits(deadline='{{{{ 3 + 4 }}}}m')}})\n"
        "def mapped():\n"
        "    plain = SafeSparkSubmitOperator(task_id='plain', application_args=['fine', '{{ 1 + 1 }}'], driver_memory='{{ 1 }}g',\n"
        "        conn_id='{{ \"spark\" }}_default', profile=SparkProfile('{{ \"none\" }}', {'spark.x': '{{ 5 }}'}))\n"
        "    many = SafeSparkSubmitOperator.partial(task_id='many', profile='strict').expand(application_args=[['fine', 'a'], ['fine', 'b']])\n"
        "    limits = SafeSparkSubmitOperator.partial(task_id='limits', application_args=['fine']).expand(\n"
        "        limits=[GuardLimits('{{ ti.map_index + 8 }}m'), GuardLimits(9 * 60)])\n"
        "    plain >> many >> limits\n"
        "dag_object = mapped()\n"
        "if __name__ == '__main__':\n"
        "    run = dag_object.test()\n"
        "    print('STATE', run.state)\n"
    )
    done = subprocess.run(
        [sys.executable, str(dag_file)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path)},
    )
    text = done.stdout + done.stderr
    assert "STATE success" in text, text[-3000:]
    assert "Guarded: deadline 7m, profile none" in text
    assert "--driver-memory 1g" in text
    assert "spark.x=5" in text
    assert text.count("Guarded: deadline 7m, profile strict") == 2
    assert "Guarded: deadline 8m, profile default" in text
    assert "Guarded: deadline 9m, profile default" in text


def test_airflows_execution_timeout_ends_the_whole_tree(airflow_db, tmp_path):
    """Raised by Airflow in the middle of our watch: its own exception, and no processes left."""
    mark = f"execution-timeout-{os.getpid()}"
    done = _dag_test(
        tmp_path,
        f"SafeSparkSubmitOperator(task_id='job', application={SCRIPT!r}, application_args=['sleep'],\n"
        f"        execution_timeout=timedelta(seconds=8), env_vars={{{MARK!r}: {mark!r}}})",
    )
    assert marked(mark) == []
    assert "STATE failed" in done
    assert "AirflowTaskTimeout" in done


def test_the_instruments_of_a_job_that_was_not_written_for_them(airflow_db, tmp_path, monkeypatch):
    """``verbosity=`` alone: the captured variable is in the log, in the record and on the report page."""
    records = tmp_path / "records"
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", str(records))
    job = TESTS.parent / "dags" / "jobs" / "score_partitions.py"
    log = _dag_test(
        tmp_path, f"SafeSparkSubmitOperator(task_id='job', application={str(job)!r}, verbosity=2)"
    )
    assert "STATE success" in log, log[-3000:]
    warning = "`score` takes 3.8 MiB (limit: 1000.0 KiB) and captures `self.model` (3.8 MiB"
    assert log.count(warning) == 1
    assert "Instrumentation Metrics Summary" in log
    (record,) = records.glob("*/*/job/try-1")
    rows = [json.loads(line) for line in (record / "instruments.jsonl").read_text().splitlines()]
    large = [row for row in rows if row["what"] == "closure" and row["warning"]]
    assert [row["values"]["captured"][0]["path"] for row in large] == ["self.model"]
    assert large[0]["line"].startswith("score_partitions.py:")
    assert {row["what"] for row in rows} >= {"closure", "broadcast", "stage"}
    assert "captures `self.model`" in (record / "report.html").read_text()
