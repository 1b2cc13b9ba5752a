"""What belongs to one try of a task; its tag is the same for all tries, another one for every other task."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from airflow_spark_guard.task.this_try import application_name, record, record_page, tag


def tagged(dag="d", run="r", task="t", index=-1, number=1):
    ti = SimpleNamespace(dag_id=dag, run_id=run, task_id=task, map_index=index, try_number=number)
    return tag({"ti": ti})


def test_tries_share_the_task_and_differ_in_the_attempt():
    """Else no try could find what an earlier one has left."""
    one, two = tagged(number=1), tagged(number=2)
    assert one.task == two.task
    assert one.attempt != two.attempt
    assert two.attempt.startswith("2-")


@pytest.mark.parametrize(
    "other", [{"dag": "d2"}, {"run": "r2"}, {"task": "t2"}, {"index": 0}, {"dag": "d\0r", "run": ""}]
)
def test_no_other_task_has_it(other):
    """Nor a mapped one."""
    assert tagged(**other).task != tagged().task


@pytest.mark.parametrize(
    "name", ["AIRFLOW_HOME", "AIRFLOW__API__BASE_URL", "AIRFLOW__SPARK_GUARD__DEPLOYMENT"]
)
def test_two_deployments_with_the_same_names_do_not_share_it(monkeypatch, name):
    """The younger would end the elder's job."""
    monkeypatch.setenv(name, "/one")
    one = tagged().task
    monkeypatch.setenv(name, "/two")
    assert tagged().task != one


def test_an_environment_that_is_no_text_raises_nothing(monkeypatch):
    """Nor do ids with half a character."""
    monkeypatch.setitem(os.environb, b"AIRFLOW__SPARK_GUARD__DEPLOYMENT", b"\xff\xfe")
    assert not os.environ["AIRFLOW__SPARK_GUARD__DEPLOYMENT"].isprintable()
    assert len(tagged(run="r\ud800").task) == 32


def test_outside_a_task_there_is_no_record_and_upstreams_name():
    """As where a hook is used by itself."""
    assert record({}, None) is None
    assert application_name({}) == "arrow-spark"
    assert tag({}).task != tag({}).task


def test_a_task_names_its_application_and_its_record(monkeypatch, tmp_path):
    """By DAG, task, map index and try."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", str(tmp_path))
    ti = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=3, try_number=2)
    assert application_name({"ti": ti}) == "d.t.3.2"
    assert record({"ti": ti}, None).is_relative_to(tmp_path)
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "none")
    assert record({"ti": ti}, None) is None


def test_a_record_in_a_store_is_written_locally_and_a_store_that_is_none_is_a_warning(monkeypatch):
    """A record never ends a job."""
    lines = []
    log = SimpleNamespace(warning=lambda text, *words: lines.append(text % words))
    ti = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=-1, try_number=1)
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "s3://aws@logs/guard")
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_URL", "https://records")
    found = record({"ti": ti}, log)
    assert str(found) == "s3://aws@logs/guard/d/r/t/try-1"
    assert record_page(found, log) == "https://records/d/r/t/try-1/"
    assert record_page(None, log) == ""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "s3://key:hidden-4711@logs")
    assert record({"ti": ti}, log) is None
    assert lines[0].startswith("The attempt has no record. The address of the record store has a password.")
    assert "hidden-4711" not in lines[0]
