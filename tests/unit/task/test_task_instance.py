"""The task instance of a context."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from airflow_spark_guard import SafeSparkSubmitOperator
from airflow_spark_guard.core.errors import ConnectionMissingError
from airflow_spark_guard.task.task_instance import task_instance


def test_airflows_own_is_taken():
    """By its names and numbers; what it has besides does not matter."""
    ti = SimpleNamespace(dag_id="d", run_id="r", task_id="t", try_number=1, max_tries=0, map_index=-1)
    assert task_instance({"ti": ti}) is ti


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"ti": None},
        MagicMock(),
        {"ti": MagicMock()},
        {"ti": MagicMock(dag_id="d", task_id="t", try_number=1)},
    ],
    ids=["empty", "none", "mock", "mock in it", "mock with a few names"],
)
def test_without_one_there_is_none(context):
    """Unit tests of DAGs execute operators with whatever stands in for a context."""
    assert task_instance(context) is None


@pytest.mark.usefixtures("airflow_db")
def test_an_operator_under_a_mocks_context_says_what_is_wrong(monkeypatch):
    """And nothing of the mock."""
    monkeypatch.delenv("AIRFLOW_CONN_NO_SUCH", raising=False)
    job = SafeSparkSubmitOperator(task_id="job", application="job.py", conn_id="no_such")
    with pytest.raises(ConnectionMissingError, match="There is no Airflow connection 'no_such'"):
        job.execute(MagicMock())
