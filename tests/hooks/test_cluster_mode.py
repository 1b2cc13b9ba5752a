"""What the hook adds to a run; ``tests/cluster/`` has the whole way."""

import json
from types import SimpleNamespace

import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.cluster.cluster_watch import Step
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus
from airflow_spark_guard.core.cluster.trigger_event import event_of
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.hooks import cluster_mode
from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook
from airflow_spark_guard.testing import FakeResourceManager

pytestmark = pytest.mark.usefixtures("airflow_db")


@pytest.fixture
def yarn():
    with FakeResourceManager() as fake:
        yield fake


@pytest.fixture
def hooked(yarn, tmp_path, monkeypatch):
    """A hook that submits to the fake, and what it submits."""
    extra = {"channel_directory": str(tmp_path / "channel"), "yarn_resourcemanager_webapp_address": yarn.url}
    (tmp_path / "channel").mkdir()
    given = {"conn_type": "spark", "host": "yarn", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_X", json.dumps(given))
    script = tmp_path / "job.py"
    script.write_text("from airflow_spark_guard.job import report; report(3)")

    def hook(**kwargs):
        binary = str(yarn.spark_submit(tmp_path))
        return SafeSparkSubmitHook(conn_id="spark_x", spark_binary=binary, deploy_mode="cluster", **kwargs)

    hook.script = str(script)
    return hook


def test_the_application_is_told_as_soon_as_it_is_known(hooked, yarn):
    """For links and for whoever watches it from another task."""
    told = []
    assert hooked(on_application=told.append).submit(hooked.script) == 3
    assert told[0].application_id == next(iter(yarn.applications))


def test_the_record_has_a_beginning_and_an_end(hooked, tmp_path):
    """Whoever watches it to its end writes it."""
    assert hooked(record=tmp_path / "record").submit(hooked.script) == 3
    assert json.loads((tmp_path / "record" / "summary.json").read_text())["state"] == "success"
    assert hooked(record=tmp_path / "left", deferrable=True).submit(hooked.script) is None
    assert json.loads((tmp_path / "left" / "summary.json").read_text())["state"] == "deferred"


def test_what_is_deferred_says_what_to_wait_for(hooked):
    """Nothing else is needed to go on."""
    hook = hooked(deferrable=True)
    hook.submit(hooked.script)
    job, place = hook.waiting.job, hook.waiting.place
    assert (job.speaks, place.manager) == (True, "yarn")
    event = {"v": 1, "final": {"state": "SUCCEEDED", "application_id": job.application_id}, "finding": None}
    kwargs = {"job": job.to_json(), "place": place.to_json()}
    assert cluster_mode.resume(hooked(tag=hook.tag), event, **kwargs) == 3


def test_the_event_alone_is_enough_to_go_on(hooked):
    """``dag.test()`` gives nothing else."""
    hook = hooked(deferrable=True)
    hook.submit(hooked.script)
    final = ClusterStatus(ClusterState.SUCCEEDED, hook.waiting.job.application_id)
    event = event_of(Step(final=final), hook.waiting.job, hook.waiting.place)
    assert cluster_mode.resume(hooked(tag=hook.tag), event) == 3


def test_where_neither_says_what_was_watched_whatever_runs_is_ended(hooked, yarn):
    """And the task fails."""
    yarn.course = ["RUNNING"]
    hook = hooked(deferrable=True)
    hook.submit(hooked.script)
    with pytest.raises(errors.AttemptError, match="does not say how the application ended"):
        cluster_mode.resume(hooked(tag=hook.tag), None)
    assert next(iter(yarn.applications.values())).killed


def test_a_basic_login_of_upstreams_argument_is_used(hooked, yarn):
    """``yarn_rm_auth=HTTPBasicAuth(...)``."""
    auth = SimpleNamespace(username="a", password="b")
    assert hooked(yarn_rm_auth=auth).submit(hooked.script) == 3


@pytest.mark.parametrize(
    ("auth", "deferrable"), [(object(), False), (SimpleNamespace(username="a", password="b"), True)]
)
def test_any_other_is_refused_before_anything_is_submitted(hooked, yarn, auth, deferrable):
    """An object cannot be stored for a trigger, and a secret shall not be."""
    with pytest.raises(errors.BadInputError, match="yarn_rm_auth cannot be used here"):
        hooked(yarn_rm_auth=auth, deferrable=deferrable).submit(hooked.script)
    assert not yarn.applications


def test_cancel_ends_whatever_of_the_task_runs(hooked, yarn):
    """Whoever submitted it, and whoever watched it."""
    yarn.course = ["RUNNING"]
    hook = hooked(deferrable=True)
    hook.submit(hooked.script)
    assert cluster_mode.cancel(hooked(tag=hook.tag)) == ()
    assert next(iter(yarn.applications.values())).killed


def test_a_kill_before_the_submission_prevents_it(hooked, yarn):
    """Nothing is started for nobody."""
    hook = hooked()
    hook.on_kill()
    with pytest.raises(errors.KilledError):
        hook.submit(hooked.script)
    assert not yarn.applications


def test_a_script_that_is_not_there_is_named(hooked, yarn):
    """Before anything starts."""
    with pytest.raises(errors.ApplicationError):
        hooked().submit(hooked.script + "x.py")
    assert not yarn.applications


def test_output_of_spark_submit_and_messages_of_the_job_share_one_budget(hooked, yarn, tmp_path, capsys):
    """``log_lines`` means what it says in cluster mode too."""
    real = yarn.spark_submit(tmp_path)
    talking = tmp_path / "talking"
    talking.write_text(f'#!/bin/sh\nseq 101 110\nexec {real} "$@"\n')
    talking.chmod(0o755)
    (tmp_path / "job.py").write_text(
        "from airflow_spark_guard.job import report\nfor n in range(8): report(loss=n)\n"
    )
    yarn.spark_submit = lambda _: talking
    hooked(limits=GuardLimits(log_lines=5)).submit(hooked.script)
    text = capsys.readouterr().out
    assert [n for n in range(101, 111) if f"{n} " in text][:5] == [101, 102, 103, 104, 105]
    assert text.count("[guard] loss=") == 2  # beyond the budget: one a minute, and the last one
