"""What was left, on its own; ``tests/integration/cluster/`` has it under the operator."""

from contextlib import closing

import pytest

from airflow_spark_guard.attempt import cluster_leftovers
from airflow_spark_guard.attempt.cluster_connection import cluster_connection
from airflow_spark_guard.attempt.cluster_leftovers import earlier
from airflow_spark_guard.attempt.cluster_run import ClusterRun
from airflow_spark_guard.core import errors
from airflow_spark_guard.core.cluster.manager import Marks
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.hooks.raw_connection import ConnectionGiven
from airflow_spark_guard.process.leftovers import Tag
from airflow_spark_guard.testing import FakeResourceManager
from tests.support.attempts import spec

LIMITS = GuardLimits(deadline="20s", start_timeout="10s", poll_interval="50ms")


@pytest.fixture
def yarn():
    with FakeResourceManager() as fake:
        yield fake


@pytest.fixture
def run(yarn, tmp_path):
    extra = {"yarn_resourcemanager_webapp_address": yarn.url, "channel_directory": str(tmp_path)}
    tag = Tag("t", "now")
    connection = cluster_connection(ConnectionGiven(extra), "yarn", {}, tag)
    with closing(ClusterRun(spec(LIMITS, tag), connection)) as made:
        yield made


def there(yarn, run, course, attempt="earlier"):
    marks = Marks(run.connection.marks.task, attempt)
    return yarn.add("x", run.connection.place.submit_conf({}, marks, {}), course)


def test_of_several_that_an_earlier_try_left_the_newest_is_taken_over(yarn, run):
    """The others would write beside it."""
    old, new = there(yarn, run, ["RUNNING"]), there(yarn, run, ["RUNNING"], "newer")
    new.submitted_at += 1
    found = earlier(run, adopt=True, has_launcher=True)
    assert (found.application_id, found.attempt, found.has_launcher) == (new.id, "newer", True)
    assert (old.killed, new.killed) == (True, False)
    assert found.submitted_at == pytest.approx(new.submitted_at, abs=0.01)


def test_what_has_used_up_its_budget_is_ended_and_not_taken_over(yarn, run):
    """Each retry would fail at once."""
    old = there(yarn, run, ["RUNNING"])
    old.submitted_at -= 3600
    assert earlier(run, adopt=True, has_launcher=True) is None
    assert old.killed


def test_before_anything_is_submitted_the_manager_has_to_answer(yarn, run, monkeypatch):
    """Two attempts would write over each other."""
    monkeypatch.setattr(cluster_leftovers, "_FIRST_ANSWER", 0.3)
    yarn.down = True
    with pytest.raises(errors.SubmitError, match="YARN does not answer; nothing was submitted"):
        earlier(run, adopt=False, has_launcher=True)


def test_a_manager_that_is_just_starting_is_waited_for(yarn, run):
    """Not for long."""
    answer, asked = yarn.answer, []

    def reply(*request):
        asked.append(request)
        return (503, "") if len(asked) < 3 else answer(*request)

    yarn.answer = reply
    assert earlier(run, adopt=False, has_launcher=True) is None
