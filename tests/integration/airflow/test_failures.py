"""A failure through real Airflow's ``dag.test()``: tries, XCom and log."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.airflow

DAG = """
import json, os
from datetime import timedelta
from airflow.sdk import dag
from airflow_spark_guard import SafeSparkSubmitOperator
folder = os.environ["RETRIES_FOLDER"]
jar = dict(spark_binary=folder + "/spark-submit", application=folder + "/app.jar", java_class="x.Y",
           retries=2, retry_delay=timedelta(0), profile="none")
script = {**jar, "application": folder + "/app.py", "java_class": None}
@dag(schedule=None)
def retries():
    SafeSparkSubmitOperator(task_id="user_code", **jar)
    SafeSparkSubmitOperator.partial(task_id="mapped", **jar).expand(application_args=[["a"]])
    SafeSparkSubmitOperator(task_id="toolchain", **script)
    SafeSparkSubmitOperator(task_id="bad_input", **{**jar, "application": folder + "/nowhere.jar"})
    SafeSparkSubmitOperator(task_id="bad_template", limits="{{ 'soon' }}", **jar)
dag_object = retries()
if __name__ == "__main__":
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    run = dag_object.test()
    for ti in run.get_task_instances():
        print("TRIES", ti.task_id, ti.state, ti.try_number)
    with create_session() as session:
        for row in session.scalars(XComModel.get_many(run_id=run.run_id, key="spark_guard_verdict")):
            value = row.value if isinstance(row.value, str) else json.dumps(row.value)
            print("VERDICT", row.task_id, row.map_index, value)
"""


SUBMIT = """#!/bin/bash
echo "Exception in thread main java.lang.RuntimeException: boo"
exit 3
"""


@pytest.fixture(scope="module")
def printed(airflow_db, tmp_path_factory):
    """What a DAG prints whose spark-submit always fails, every task with two retries."""
    folder = tmp_path_factory.mktemp("retries")
    for name, text in {"spark-submit": SUBMIT, "app.jar": "", "app.py": "", "dags/retries.py": DAG}.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    done = subprocess.run(
        [sys.executable, str(folder / "dags/retries.py")],
        capture_output=True,
        text=True,
        timeout=300,
        env={
            **os.environ,
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
            "RETRIES_FOLDER": str(folder),
        },
    )
    return done.stdout + done.stderr


def test_only_what_a_retry_can_help_is_tried_again(printed):
    """Under real Airflow, two retries each."""
    tries = {found[1]: (found[2], int(found[3])) for found in re.finditer(r"TRIES (\w+) (\w+) (\d)", printed)}
    assert tries == {
        "user_code": ("failed", 1),
        "mapped": ("failed", 1),
        "toolchain": ("failed", 3),
        "bad_input": ("failed", 1),
        "bad_template": ("failed", 1),
    }, printed[-3000:]


def test_the_verdict_is_in_xcom_after_the_failure(printed):
    """Of attempts, mapped ones too; bad input is no attempt."""
    found = {
        (row[1], int(row[2])): json.loads(row[3])
        for row in re.finditer(r"VERDICT (\w+) (-?\d+) (\{.*\})", printed)
    }
    assert set(found) == {("user_code", -1), ("mapped", 0), ("toolchain", -1)}
    verdict = found["user_code", -1]
    assert verdict["verdict"] == "USER_CODE"
    assert verdict["what"] == "The application failed."
    assert verdict["got"] == "exit code 3"
    assert verdict["retry"] is False
    assert verdict["hint"]
    assert found["toolchain", -1]["verdict"] == "TOOLCHAIN"
    assert "RuntimeException" not in str(found), "evidence stays in the log"


def test_the_log_shows_the_failure_once_under_its_own_name(printed):
    """One traceback of one exception; no class of Airflow's, no «during handling of»."""
    log = printed.partition("running task <TaskInstance: retries.user_code")[2].partition("[DAG TEST] end")[0]
    shown = "airflow_spark_guard.core.errors.UserCodeError: USER_CODE: The application failed."
    assert log.count(shown) == 1
    assert log.count("USER_CODE: ") == 1
    assert log.count("Traceback (most recent call last)") == 1
    assert "another exception occurred" not in log
    assert "AirflowFailException" not in log
    assert log.count("No retry: ") == 1
