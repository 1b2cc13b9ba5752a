import sys
import threading

import pytest

from airflow_spark_guard.attempt.cluster_submit import ClusterSubmit, Handover
from airflow_spark_guard.core import errors
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.process.attempt import Launch
from airflow_spark_guard.process.leftovers import Tag, find, new_attempt


@pytest.fixture
def submit(tmp_path):
    """Runs a script as spark-submit."""
    shown, recorded = [], []

    def run(script, *, backstop=20.0, on_start=lambda _: None, **late):
        launch = Launch(
            command=[sys.executable, "-c", script],
            env={},
            workdir=tmp_path,
            cancel=tmp_path / "cancel",
            secrets=(tmp_path / "secrets",),
            tag=Tag(new_attempt(), new_attempt()),
            backstop=backstop,
            has_launcher=False,
            autopsy_budget=0.0,
            grace=0.5,
        )
        (tmp_path / "secrets").touch()
        handed = ClusterSubmit(
            launch, JobOutput(100), shown.extend, recorded.append, Yarn(()).printed_id, on_start, **late
        ).run()
        assert not find(launch.tag, of_this_attempt=True)
        assert not (tmp_path / "secrets").exists()
        return handed

    run.shown, run.recorded = shown, recorded
    return run


def test_it_hears_yarns_id(submit):
    """However it is cut into pieces, and wherever it stands."""
    script = (
        "import sys, time\nsys.stderr.write('INFO Client: Submitted application application_1795');"
        "sys.stderr.flush(); time.sleep(0.6); sys.stderr.write('220516234_0001\\n')"
    )
    handed = submit(script)
    assert handed.is_good
    assert handed.application_id == "application_1795220516234_0001"
    assert "application_1795220516234_0001" in submit.shown[0]
    assert b"".join(submit.recorded).endswith(b"_0001\n")


def test_a_failure_has_its_code_and_its_words(submit):
    """Nothing was handed over."""
    handed = submit("import sys; print('no route'); sys.exit(3)")
    assert (handed.is_good, handed.exit_status, handed.application_id) == (False, 3, "")
    assert "no route" in handed.evidence


def test_one_that_hangs_is_ended_in_time(submit):
    """With what it has started; nobody waits for an address that does not answer."""
    script = "import subprocess, sys, time\nsubprocess.Popen(['sleep', '600'])\nprint('waiting', flush=True)\ntime.sleep(600)"
    handed = submit(script, backstop=0.8)
    assert (handed.reason, handed.is_good) == ("deadline", False)


def test_a_kill_ends_it(submit):
    """From a signal's handler."""
    handed = submit(
        "import time; time.sleep(600)",
        on_start=lambda attempt: threading.Timer(0.5, attempt.request_kill).start(),
    )
    assert (handed.reason, handed.is_good, handed.orphans) == ("signal", False, ())


def test_one_that_takes_long_is_said_once_and_may_take_longer(submit):
    """Observe mode: nothing is ended for it."""
    late = []
    handed = submit(
        "import time; time.sleep(1)", backstop=float("inf"), late_after=0.1, on_late=lambda: late.append(1)
    )
    assert (handed.is_good, late) == (True, [1])


@pytest.mark.parametrize(
    ("killed", "reason", "status", "kind", "text"),
    [
        (True, "signal", None, errors.KilledError, "killed while its job was being submitted"),
        (False, "deadline", None, errors.SubmitError, "did not submit the application within 15m"),
        (False, "ended", 1, errors.SubmitError, "failed before the application started"),
        (False, None, None, errors.SubmitError, "failed before the application started"),
    ],
)
def test_a_failed_submission_explains_itself(killed, reason, status, kind, text):
    """Its orphans are named."""
    error = Handover(status, reason, "", "").failure(("7 java",), killed=killed, limit=900.0)
    assert (type(error), error.orphans) == (kind, ("7 java",))
    assert text in error.what
