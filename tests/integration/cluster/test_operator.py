"""``SafeSparkSubmitOperator`` in cluster mode, on the fakes of both managers."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from airflow.sdk.exceptions import TaskDeferred

from airflow_spark_guard import GuardLimits
from airflow_spark_guard.attempt import cluster_run
from airflow_spark_guard.core import errors

QUICK_END = GuardLimits(deadline="10m", start_timeout="9m", poll_interval="50ms")


@pytest.fixture(autouse=True)
def last_messages(monkeypatch):
    """Silence is waited for in seconds, not for long."""
    monkeypatch.setattr(cluster_run, "_LAST_MESSAGES", 0.5)


def with_patience(stand, seconds, action):
    """Do it with so many seconds for a proof."""
    before = cluster_run.ClusterRun.end
    try:
        cluster_run.ClusterRun.end = lambda self, application, patience=seconds: before(
            self, application, min(patience, seconds)
        )
        return action()
    finally:
        cluster_run.ClusterRun.end = before


def silence(stand, *, after, looks):
    """The manager hangs up on so many requests, after it has answered some about an application."""
    answered, answer = [], type(stand.manager).answer

    def reply(method, path, query, body):
        if stand.manager.applications and stand.application.id in path:
            answered.append(path)
            if after < len(answered) <= after + looks:
                return 503, ""
        return answer(stand.manager, method, path, query, body)

    stand.manager.answer = reply


def kill_when(operator, ready):
    """Call ``on_kill`` from another thread; whether that was called."""
    called = []

    def wait():
        while not ready():
            time.sleep(0.02)
        time.sleep(0.2)
        called.append(True)
        operator.on_kill()

    threading.Thread(target=wait, daemon=True).start()
    return called


def watched(stand):
    """Whether its status was asked for a few times: nothing is submitted any more."""
    return sum(stand.application.id in request for request in stand.manager.requests) > 3


def leave_behind(stand, application=None):
    """An application of this task, whose own task is gone."""
    with pytest.raises(TaskDeferred):
        stand.operator(application, deferrable=True).execute(stand.context)
    return stand.application


def test_the_result_comes_back_over_the_channel_directory(stand):
    """From a driver that runs somewhere else."""
    assert stand.execute() == {"rows": 3}
    assert stand.application.killed is False
    assert not list(stand.channel.rglob("*.jsonl"))


def test_an_exception_of_the_script_comes_back_with_its_line(stand):
    """As from a driver beside the task."""
    with pytest.raises(errors.UserCodeError, match="raised ZeroDivisionError: division by zero") as caught:
        stand.execute(stand.job("def mean(rows):\n    return 1 / rows\nmean(0)"))
    assert caught.value.place.endswith("job.py:2, mean")
    assert "1 / rows" in caught.value.evidence


def test_an_exit_code_of_the_script_is_its_failure(stand):
    """Not the manager's."""
    with pytest.raises(errors.UserCodeError, match=r"left with sys\.exit\(3\)"):
        stand.execute(stand.job("import sys; sys.exit(3)"))


def test_a_script_that_leaves_without_a_word_is_no_success(stand):
    """The manager says SUCCEEDED; only the script's own end makes it one."""
    with pytest.raises(errors.DriverGoneError, match="the application.s closing message never came"):
        stand.execute(stand.job("import os; os._exit(0)"), limits=QUICK_END)


def test_without_a_channel_directory_the_managers_word_counts(stand, log):
    """And the task log says that it is no more than that."""
    stand.connect(channel=False)
    assert stand.execute() is None
    assert "Only the cluster manager reported success" in log.text()


def test_without_a_channel_directory_a_failure_is_still_one(stand):
    """With as much as the manager tells."""
    stand.connect(channel=False)
    with pytest.raises(errors.UserCodeError, match="The application failed") as caught:
        stand.execute(stand.job("raise ValueError('x')"))
    assert caught.value.got


def test_a_failure_without_a_word_is_read_from_what_the_manager_says(stand):
    """By the toolchain table."""
    stand.manager.course = ["RUNNING", "FAILED"]
    stand.manager.diagnostics = (
        "Exception in thread main java.lang.OutOfMemoryError: Java heap space\n\tat org.apache.spark.X"
    )
    with pytest.raises(errors.AttemptError) as caught:
        stand.execute(limits=QUICK_END)
    assert caught.value.verdict == "TOOLCHAIN" or "memory" in str(caught.value)


def test_a_driver_that_is_never_started_ends_at_the_start_budget(stand):
    """Its own failure, with what the manager says of it; and it is gone from the queue."""
    stand.manager.course = ["WAITING"]
    stand.manager.diagnostics = "0/3 nodes are available: 3 Insufficient memory"
    limits = GuardLimits(deadline="10m", start_timeout="400ms", poll_interval="50ms")
    with pytest.raises(
        errors.StarvedError, match="^STARVED: The driver did not start within 0.4s."
    ) as caught:
        stand.execute(limits=limits)
    assert "Insufficient memory" in caught.value.got
    assert stand.application.killed


def test_the_deadline_holds_and_the_application_is_gone(stand):
    """The driver's own process too."""
    stand.put_clock_forward(600, after=3)
    with pytest.raises(errors.DeadlineError, match="did not end within 10m"):
        stand.execute(stand.job("import time; time.sleep(3600)"))
    assert stand.application.killed
    assert stand.application.exit_code is not None


def test_a_manager_that_falls_silent_is_waited_for(stand, log):
    """It answers again, and nothing was lost."""
    stand.manager.course = ["RUNNING"] * 5 + ["SUCCEEDED"]
    stand.connect(channel=False)
    silence(stand, after=2, looks=4)
    assert stand.execute() is None


def test_a_manager_that_stays_silent_ends_at_the_deadline_which_names_it(stand):
    """What cannot be proven gone is named as well."""
    stand.manager.course = ["RUNNING"]
    stand.connect(channel=False)
    silence(stand, after=2, looks=10**6)
    stand.put_clock_forward(600, after=9)
    with pytest.raises(errors.DeadlineError, match="has not answered for the last") as caught:
        with_patience(stand, 0.5, stand.execute)
    assert stand.application.id in caught.value.orphans[0]


def test_an_application_that_was_killed_from_outside_says_so(stand):
    """By an administrator, or by the cluster."""
    stand.connect(channel=False)
    stand.manager.course = ["RUNNING", "RUNNING", "KILLED" if stand.is_yarn else "VANISHED"]
    expected = errors.KilledError if stand.is_yarn else errors.VanishedError
    with pytest.raises(expected):
        stand.execute()


def test_on_kill_ends_the_application_within_airflows_five_seconds(stand):
    """By the manager's API; no command line is started for it."""
    operator = stand.operator(stand.job("import time; time.sleep(600)"))
    called = kill_when(operator, lambda: stand.manager.applications and watched(stand))
    with pytest.raises(errors.KilledError, match="The task was killed, and its application with it"):
        operator.execute(stand.context)
    assert called
    assert stand.application.killed


def test_a_kill_while_spark_submit_runs_leaves_nothing(stand):
    """Neither the process nor what it may have handed over."""
    stand.binary.write_text("#!/bin/sh\nsleep 600\n")
    operator = stand.operator()
    kill_when(
        operator, lambda: operator._hook is not None and len(operator._hook._kill_switch._killables) == 2
    )
    with pytest.raises(errors.KilledError, match="killed while its job was being submitted"):
        operator.execute(stand.context)
    assert not stand.manager.applications


def test_what_an_earlier_try_left_is_ended_before_the_next_one_starts(stand, log):
    """Also by a worker on another host: the cluster itself is asked."""
    stand.manager.course = ["RUNNING"]
    left = leave_behind(stand)
    stand.manager.course = None
    assert stand.execute(durable=False) == {"rows": 3}
    assert left.killed
    assert f"Ended what an earlier attempt had left behind: {left.id}" in log.text()


def test_what_an_earlier_try_left_is_taken_over_where_durable_is_set(stand, log):
    """Its result is this task's: nothing runs twice."""
    text = "import time\nfrom airflow_spark_guard.job import report\ntime.sleep(2)\nreport('of the first')"
    left = leave_behind(stand, stand.job(text))
    assert stand.execute(durable=True) == "of the first"
    assert len(stand.manager.applications) == 1
    assert f"Taking over {left.id}" in log.text()


def test_a_cleared_task_runs_again(stand):
    """What has succeeded before is no reason to be green at once."""
    assert stand.execute(durable=True) == {"rows": 3}
    assert stand.execute(durable=True) == {"rows": 3}
    assert len(stand.manager.applications) == 2


def test_an_earlier_application_that_cannot_be_ended_stops_the_next_one(stand):
    """Two attempts would write over each other."""
    stand.manager.course = ["RUNNING"]
    left = leave_behind(stand)
    left.immortal = True
    with pytest.raises(errors.KilledError, match="still runs on the cluster and cannot be ended") as caught:
        with_patience(stand, 0.5, lambda: stand.execute(durable=False))
    assert left.id in caught.value.orphans[0]


def test_a_spark_submit_that_fails_says_why(stand):
    """Before there is any application."""
    stand.manager.submit_exit = 1
    with pytest.raises(
        errors.AttemptError, match="spark-submit failed before the application started"
    ) as caught:
        stand.execute()
    assert "could not submit" in caught.value.evidence


def test_no_secret_reaches_the_command_line_and_the_marks_reach_the_manager(stand):
    """All configuration travels in the private file."""
    stand.execute(conf={"spark.x.password": "geheim-4713"})
    conf = stand.application.conf
    assert conf["spark.x.password"] == "geheim-4713"
    assert "spark-guard-task" in str(conf)
    assert "spark.driver.timeout" in conf
    wait = "spark.yarn.submit" if stand.is_yarn else "spark.kubernetes.submission"
    assert conf[f"{wait}.waitAppCompletion"] == "false"


def test_credentials_that_are_refused_stop_it_before_anything_is_submitted(stand):
    """No retry can help, and the message says whose they are."""
    stand.manager.refuse = 403
    with pytest.raises(errors.BadInputError, match="cannot be asked for applications"):
        stand.execute()
    assert not stand.manager.applications


def test_post_submit_commands_run_once_at_the_end(stand):
    """As upstream."""
    touched = stand.folder / "touched"
    stand.execute(post_submit_commands=[f"sh -c 'echo x >> {touched}'"])
    assert touched.read_text() == "x\n"


def test_a_script_in_the_image_is_run_where_it_is(stand):
    """Its absolute path there; nothing is shipped for it."""
    script = stand.job()
    assert stand.execute(f"local://{script}") == {"rows": 3}
    assert "spark.files" not in stand.application.conf


def test_the_record_tells_how_it_ended(stand, monkeypatch):
    """Also where the driver was somewhere else."""
    with pytest.raises(errors.UserCodeError) as caught:
        stand.execute(stand.job("raise ValueError('x')"))
    summary = json.loads((Path(caught.value.record) / "summary.json").read_text())
    assert (summary["state"], summary["verdict"]) == ("failed", "USER_CODE")


def test_a_channel_directory_that_cannot_be_read_stops_it_first(stand):
    """The job's end would never be heard."""
    stand.connect(channel=False, channel_directory="nosuchscheme://x")
    with pytest.raises(errors.BadInputError, match="The channel directory cannot be read"):
        stand.execute()
    assert not stand.manager.applications


def test_in_observe_mode_the_budgets_are_said_and_the_application_goes_on(stand, log):
    """It ends by itself; XCom, log and record say what would have ended it."""
    stand.manager.course = ["RUNNING"]
    limits = GuardLimits(deadline="700ms", start_timeout="600ms", poll_interval="50ms", on_finding="warn")
    operator = stand.operator(limits=limits)

    def succeed():
        while "spark_guard_verdict" not in stand.ti.xcoms:
            time.sleep(0.02)
        assert not stand.application.killed
        stand.application.course.append("SUCCEEDED")
        stand.application.course.popleft()

    stand.connect(channel=False)
    threading.Thread(target=succeed, daemon=True).start()
    assert operator.execute(stand.context) is None
    assert not stand.application.killed
    told = stand.ti.xcoms["spark_guard_verdict"]
    assert (told["verdict"], told["observed"], told["retry"]) == ("DEADLINE", True, False)
    text = log.text()
    assert text.count('Observed, not ended (on_finding="warn"):\nDEADLINE: The application did not end') == 1
    assert "Observed (nothing is ended) on " in text


def test_in_observe_mode_a_vanished_application_is_a_failure_all_the_same(stand):
    """Nothing succeeds by accident."""
    stand.manager.course = ["RUNNING", "VANISHED"]
    with pytest.raises(errors.VanishedError):
        stand.execute(limits=GuardLimits(poll_interval="50ms", on_finding="warn"))
    assert stand.ti.xcoms["spark_guard_verdict"]["observed"] is False


def test_in_observe_mode_a_kill_ends_the_application(stand):
    """The user's own."""
    stand.manager.course = ["RUNNING"]
    operator = stand.operator(limits=GuardLimits(poll_interval="50ms", on_finding="warn"))
    kill_when(operator, lambda: stand.manager.applications)
    with pytest.raises(errors.KilledError):
        operator.execute(stand.context)
    assert stand.application.killed


def test_no_secret_value_reaches_log_exception_or_xcom(stand, log):
    """However the job shows it; the same book of secrets as in client mode."""
    job = stand.job(
        "from airflow_spark_guard.job import report\nreport(m='geheim-1')\nraise ValueError('geheim-1')"
    )
    with pytest.raises(errors.UserCodeError, match="ValueError") as caught:
        stand.execute(job, conf={"spark.my.password": "geheim-1"}, env_vars={"A": "b"})
    verdict = stand.ti.xcoms["spark_guard_verdict"]
    assert "******" in verdict["what"]
    assert "geheim" not in f"{verdict}{caught.value}{vars(caught.value)}{log.text()}"


def test_no_secret_value_is_the_result(stand, log):
    """Whoever may read XComs would read it."""
    job = stand.job("from airflow_spark_guard.job import report\nreport({'a': 'geheim-1', 'rows': 3})")
    assert stand.execute(job, application_args=["--token", "geheim-1"]) == {"a": "******", "rows": 3}
    assert "a secret value as its result" in log.text()


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_keytab_is_private_and_gone_once_the_application_is_handed_over(stand, deferrable):
    """The manager has its copy; the application may run for hours."""
    real = stand.binary.rename(stand.binary.with_name("real-submit"))
    stand.binary.write_text(
        '#!/bin/sh\nfor word; do [ "$last" = --keytab ] && stat -c "%a %n" "$word" && cp "$word" '
        f'"{stand.folder}/seen"; last=$word; done > {stand.folder}/keytab\nexec {real} "$@"\n'
    )
    stand.binary.chmod(0o755)
    stand.connect(keytab="a2V5dGFi", principal="me@EXAMPLE.COM")
    if deferrable:
        leave_behind(stand)
    else:
        assert stand.execute() == {"rows": 3}
    mode, place = (stand.folder / "keytab").read_text().split()
    assert (mode, (stand.folder / "seen").read_bytes()) == ("600", b"keytab")
    assert not Path(place).exists()
    assert not Path(place).parent.exists()
