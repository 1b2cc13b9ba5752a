"""What the hook adds to a run; ``tests/integration/cluster/`` has the whole way."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.cluster.cluster_watch import Step
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus
from airflow_spark_guard.core.cluster.trigger_event import event_of
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook
from airflow_spark_guard.sources import cluster_access
from airflow_spark_guard.testing import FakeResourceManager

pytestmark = pytest.mark.usefixtures("airflow_db")
# The applications end within a second.
OFTEN = GuardLimits(poll_interval="100ms")


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
        kwargs = {"limits": OFTEN, **kwargs}
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


MEASURES = """\
import os
from airflow_spark_guard.job import report
from airflow_spark_guard.job.wire import open_channel
open_channel().send("instrument", what="closure", name="f", values={"bytes": 5}, line="", warning="Too large.")
report(os.environ.get("SPARK_GUARD_VERBOSITY"))
"""


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({}, None),
        ({"verbosity": 2}, "2"),
        ({"env_vars": {"SPARK_GUARD_VERBOSITY": "3"}}, "3"),
        ({"env_vars": {"SPARK_GUARD_VERBOSITY": "3"}, "verbosity": 0}, "0"),
    ],
)
def test_the_verbosity_reaches_the_driver_and_its_measurements_the_record(
    hooked, tmp_path, capsys, given, level
):
    """As in client mode: a warning of the job is in the log, and on the live page."""
    Path(hooked.script).write_text(MEASURES)
    assert hooked(record=tmp_path / "record", **given).submit(hooked.script) == level
    assert "Too large." in capsys.readouterr().out
    rows = [json.loads(line) for line in (tmp_path / "record" / "instruments.jsonl").read_text().splitlines()]
    assert [(row["name"], row["values"], row["warning"]) for row in rows] == [
        ("f", {"bytes": 5}, "Too large.")
    ]


def test_what_is_deferred_says_what_to_wait_for(hooked):
    """Nothing else is needed to go on."""
    hook = hooked(deferrable=True)
    hook.submit(hooked.script)
    job, place = hook.deferred.job, hook.deferred.place
    assert (job.has_launcher, place.key) == (True, "yarn")
    final = ClusterStatus(ClusterState.SUCCEEDED, job.application_id).to_json()
    event = {"v": 1, "final": final, "finding": None}
    kwargs = {"job": job.to_json(), "place": place.to_json()}
    assert hooked(tag=hook.tag).resume(event, **kwargs) == 3


def test_the_event_alone_is_enough_to_go_on(hooked):
    """``dag.test()`` gives nothing else."""
    hook = hooked(deferrable=True)
    hook.submit(hooked.script)
    final = ClusterStatus(ClusterState.SUCCEEDED, hook.deferred.job.application_id)
    event = event_of(Step(final=final), hook.deferred.job, hook.deferred.place)
    assert hooked(tag=hook.tag).resume(event) == 3


def test_where_neither_says_what_was_watched_whatever_runs_is_ended(hooked, yarn):
    """And the task fails."""
    yarn.course = ["RUNNING"]
    hook = hooked(deferrable=True)
    hook.submit(hooked.script)
    with pytest.raises(errors.AttemptError, match="does not say how the application ended"):
        hooked(tag=hook.tag).resume(None)
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
    assert hooked(tag=hook.tag).cancel() == ()
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
    hooked(limits=replace(OFTEN, log_lines=5)).submit(hooked.script)
    text = capsys.readouterr().out
    assert [n for n in range(101, 111) if f"{n} " in text][:5] == [101, 102, 103, 104, 105]
    assert text.count("[guard] loss=") == 2  # beyond the budget: one a minute, and the last one


class Negotiating:
    """The manager wants a Kerberos token with every question, a new one each time."""

    def __init__(self, yarn):
        self.reply, self.tokens = yarn.reply, []
        yarn.reply = self

    def __call__(self, handler):
        sent = handler.headers.get("Authorization", "")
        if not handler.path.startswith("/ws/") or (
            sent.startswith("Negotiate ") and sent not in self.tokens and not self.tokens.append(sent)
        ):
            return self.reply(handler)
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", "Negotiate")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return None


class HTTPKerberosAuth:
    """As ``requests_kerberos`` names it."""


HTTPKerberosAuth.__module__ = "requests_kerberos.kerberos_"


@pytest.fixture
def tickets(monkeypatch):
    """Stands in for the library and the ticket."""
    made = iter(f"token{number}" for number in range(10**6))
    machine = replace(cluster_access.THIS_MACHINE, kerberos_token=lambda host: f"{host}-{next(made)}")
    monkeypatch.setattr(cluster_access, "THIS_MACHINE", machine)


@pytest.mark.usefixtures("tickets")
@pytest.mark.parametrize(
    "given",
    [{"keytab": "/etc/airflow.keytab", "principal": "airflow@X"}, {"yarn_rm_auth": HTTPKerberosAuth()}],
)
def test_a_resource_manager_behind_kerberos_is_asked_with_tokens(hooked, yarn, given):
    """Upstream's two ways to say it: a keytab with a principal, or its auth object."""
    manager = Negotiating(yarn)
    assert hooked(**given).submit(hooked.script) == 3
    assert manager.tokens
    assert all(token.startswith("Negotiate 127.0.0.1-token") for token in manager.tokens)


@pytest.mark.usefixtures("tickets")
def test_a_trigger_is_told_that_the_manager_wants_kerberos(hooked, yarn):
    """It has no keytab: its own process has a ticket."""
    Negotiating(yarn)
    hook = hooked(deferrable=True, keytab="/etc/airflow.keytab", principal="airflow@X")
    assert hook.submit(hooked.script) is None
    assert hook.deferred.place.to_json()["kerberos"] is True


def test_without_the_library_a_manager_that_asks_for_kerberos_is_an_error_before_the_submit(hooked, yarn):
    """With the line that installs it."""
    Negotiating(yarn)
    with pytest.raises(
        errors.BadInputError, match="asks for a Kerberos token, and none can be made"
    ) as caught:
        hooked(keytab="/etc/airflow.keytab", principal="airflow@X").submit(hooked.script)
    assert "pip install 'airflow-spark-guard[kerberos]'" in str(caught.value)
    assert not yarn.applications


def test_a_keytab_without_a_principal_is_no_sign_of_kerberos(hooked, yarn):
    """As upstream has it."""
    assert hooked(keytab="/etc/airflow.keytab").submit(hooked.script) == 3


def test_without_the_library_a_manager_that_lets_everybody_in_is_no_trouble(hooked, yarn):
    """A keytab may be for Spark alone."""
    assert yarn
    assert hooked(keytab="/etc/airflow.keytab", principal="airflow@X").submit(hooked.script) == 3
