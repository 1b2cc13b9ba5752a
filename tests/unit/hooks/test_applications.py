"""Which applications of a job are announced."""

from types import SimpleNamespace

import pytest

from airflow_spark_guard.attempt.observer import Application
from airflow_spark_guard.core.conf.effective_conf import effective_conf
from airflow_spark_guard.hooks import applications
from airflow_spark_guard.hooks.applications import Applications

HOOK = SimpleNamespace(java_class=None, master="spark://h:7077", master_ui=None, history_server=None)


@pytest.fixture
def announced(monkeypatch):
    monkeypatch.setattr(applications, "_MOST", 2)
    targets = []
    known = Applications(HOOK, SimpleNamespace(conf=effective_conf({})), targets.append)

    def find(*ids):
        for name in ids:
            known.found(Application(name, f"http://h:4040/{name}"))
        return [target.application_id for target in targets]

    return find


def test_each_is_announced_once(announced):
    """Spark names it in more than one line."""
    assert announced("app-0", "app-0", "app-1", "app-0") == ["app-0", "app-1"]


def test_a_job_that_names_ever_new_ones_is_not_followed_for_ever(announced):
    """Each announcement is a message to Airflow."""
    assert announced("app-0", "app-1", "app-2") == ["app-0", "app-1"]
