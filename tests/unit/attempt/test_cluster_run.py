"""The run on its own; ``tests/integration/cluster/`` has it whole, under the operator."""

import json
import time
from contextlib import closing, suppress
from dataclasses import replace

import pytest

from airflow_spark_guard.attempt.cluster_connection import cluster_connection
from airflow_spark_guard.attempt.cluster_live import ClusterLive
from airflow_spark_guard.attempt.cluster_run import ClusterRun
from airflow_spark_guard.core import errors
from airflow_spark_guard.core.cluster.manager import Marks
from airflow_spark_guard.core.cluster.status import TASK_MARK
from airflow_spark_guard.core.failure.retry import advise
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.live.request import Request
from airflow_spark_guard.core.live.state import LiveState
from airflow_spark_guard.hooks.raw_connection import ConnectionGiven
from airflow_spark_guard.process.leftovers import Tag
from airflow_spark_guard.process.record import Record
from airflow_spark_guard.testing import FakeResourceManager
from tests.support.attempts import spec
from tests.unit.attempt.test_live import Asked

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


def job(run, application, *, has_launcher=False):
    return run.job(application.id, "earlier", time.time(), has_launcher=has_launcher)


def test_airflows_own_time_out_ends_the_application_too(yarn, run, monkeypatch):
    """It is raised in the middle of a wait."""
    application = there(yarn, run, ["RUNNING"])

    class TimeOutError(BaseException):
        pass

    def interrupted(_):
        raise TimeOutError

    monkeypatch.setattr(run, "sleep", interrupted)
    with pytest.raises(TimeOutError):
        run.watch(job(run, application))
    assert application.killed


def test_the_death_of_the_process_above_ends_the_application(yarn, run):
    """Airflow would start another try beside it."""
    application = there(yarn, run, ["RUNNING"])
    run.spec = replace(run.spec, supervisor=1 << 30)
    with pytest.raises(errors.KilledError, match="The Airflow process above the task is gone"):
        run.watch(job(run, application))
    assert application.killed


def test_a_driver_that_stays_after_its_script_is_ended_and_its_result_counts(yarn, run, tmp_path):
    """As in client mode."""
    application = there(yarn, run, ["RUNNING"])
    run.spec = replace(run.spec, limits=GuardLimits(exit_timeout="200ms", poll_interval="50ms"))
    folder = tmp_path / run.connection.marks.task / "earlier"
    folder.mkdir(parents=True)
    lines = '{"v":1,"kind":"result","t":1,"value":3}\n{"v":1,"kind":"bye","t":1}\n'
    (folder / "1795220516234-17-000000.jsonl").write_text(lines)
    assert run.watch(job(run, application, has_launcher=True)) == 3
    assert application.killed


def test_a_foreign_message_ends_the_application(yarn, run, tmp_path):
    """The channel is the job's alone."""
    application = there(yarn, run, ["RUNNING"])
    folder = tmp_path / run.connection.marks.task / "earlier"
    folder.mkdir(parents=True)
    (folder / "1795220516234-17-000000.jsonl").write_text("nonsense\n")
    with pytest.raises(errors.ProtocolError):
        run.watch(job(run, application, has_launcher=True))
    assert application.killed


def test_a_kill_before_there_is_an_application_is_remembered(yarn, run):
    """Nothing is asked for it in the handler."""
    run.request_kill()
    assert run.killed
    assert not yarn.requests


def test_where_the_manager_is_silent_nothing_is_found(yarn, run):
    """And nothing is raised: it is asked on the way to an error."""
    yarn.refuse = 503
    assert run.find(TASK_MARK, "x") == ()
    assert run.status("application_1_2") is None


def test_what_cannot_be_proven_gone_is_named_once_with_its_reason(yarn, run):
    """In the exception and in the log."""
    application = there(yarn, run, ["RUNNING"])
    application.immortal = True
    assert run.end(application.id, 0.5) == (
        f"{application.id} (YARN still reports RUNNING in queue default)",
    )
    with suppress(errors.KilledError):
        run.killed = True
        run.watch(job(run, application))
    assert "Could not confirm termination of: application_" in run.log.warnings


def test_a_user_who_ends_it_on_the_live_page_ends_the_application(yarn, run, tmp_path):
    """Through the manager; Airflow does not try it again."""
    application = there(yarn, run, ["RUNNING"])
    with Record(tmp_path / "record", 1 << 20) as record:
        run.live = ClusterLive(record, LiveState(), Asked(None, None, Request("a" * 32, "end", "alice", 1.0)))
        with pytest.raises(errors.KilledError, match="alice ended the application") as caught:
            run.watch(job(run, application))
    assert application.killed
    assert advise(caught.value, 1).retry is False
    assert json.loads((tmp_path / "record" / "live.json").read_text())["application_id"] == application.id
