"""What handing over can end in; ``tests/integration/cluster/`` has the whole way."""

import json

import pytest

from airflow_spark_guard.attempt import cluster_handover as cluster_attempt
from airflow_spark_guard.core import errors
from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook
from airflow_spark_guard.testing import FakeKubernetes, FakeResourceManager

pytestmark = pytest.mark.usefixtures("airflow_db")


@pytest.fixture
def submitted(tmp_path, monkeypatch):
    """Submits a script by a spark-submit of the test's own."""
    script = tmp_path / "job.py"
    script.write_text("pass")

    def submit(manager, text, **conf):
        host = f"k8s://{manager.url}" if isinstance(manager, FakeKubernetes) else "yarn"
        extra = {
            "channel_directory": str(tmp_path),
            "yarn_resourcemanager_webapp_address": manager.url,
        }
        given = {"conn_type": "spark", "host": host, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SPARK_X", json.dumps(given))
        binary = tmp_path / "spark-submit"
        binary.write_text(text)
        binary.chmod(0o755)
        given = {"conf": conf, "profile": "none", "verbosity": 2}
        hook = SafeSparkSubmitHook(
            conn_id="spark_x", spark_binary=str(binary), deploy_mode="cluster", **given
        )
        return hook.submit(str(script))

    return submit


def test_a_submission_that_left_no_application_is_no_success(submitted, monkeypatch):
    """spark-submit said that all was well; its manager knows of nothing."""
    monkeypatch.setattr(cluster_attempt, "_LISTED_WITHIN", 0.1)
    with FakeResourceManager() as yarn, pytest.raises(errors.SubmitError, match="cannot be found"):
        submitted(yarn, "#!/bin/sh\nexit 0\n")


def test_a_submission_that_takes_too_long_is_ended(submitted, monkeypatch):
    """The manager's address does not answer, say."""
    monkeypatch.setattr(cluster_attempt, "_SUBMIT_LIMIT", 0.5)
    with (
        FakeResourceManager() as yarn,
        pytest.raises(errors.SubmitError, match="did not submit the application"),
    ):
        submitted(yarn, "#!/bin/sh\nsleep 60\n")


def test_a_submission_that_fails_after_all_leaves_nothing_running(submitted):
    """It had handed the application over before."""
    with FakeResourceManager() as yarn:
        application = yarn.add("x", {}, ["RUNNING"])
        with pytest.raises(errors.AttemptError):
            submitted(yarn, f"#!/bin/sh\necho Submitted application {application.id}\nexit 1\n")
        assert application.killed


def test_on_kubernetes_without_an_upload_path_the_script_runs_without_launcher(submitted, tmp_path, capsys):
    """Its files could not reach the pod; the log says so."""
    text = f'#!/bin/sh\necho "$@" > {tmp_path}/seen\nexit 1\n'
    with FakeKubernetes() as kubernetes, pytest.raises(errors.SubmitError):
        submitted(kubernetes, text)
    log = capsys.readouterr().out
    assert "No launcher: its files cannot reach the driver's pod" in log
    assert "verbosity=2 has no effect: instruments need the guard's launcher" in log
    assert (tmp_path / "seen").read_text().split()[-1] == str(tmp_path / "job.py")


def test_where_the_manager_falls_silent_what_may_have_been_handed_over_is_named(submitted):
    """By the mark that it would carry."""
    with FakeResourceManager() as yarn:
        answer, asked = yarn.answer, []

        def once(*request):
            asked.append(request)
            return answer(*request) if len(asked) == 1 else (503, "")

        yarn.answer = once
        with pytest.raises(errors.SubmitError) as caught:
            submitted(yarn, "#!/bin/sh\nexit 1\n")
    assert "all applications with the mark spark-guard-attempt-" in caught.value.orphans[0]
