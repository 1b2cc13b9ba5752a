"""The hook from its plan to its result, on a script that stands in for spark-submit."""

from __future__ import annotations

import base64
import json
import math
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spark_guard import SafeSparkSubmitOperator
from airflow_spark_guard.attempt.client_run import ClientRun
from airflow_spark_guard.core import errors
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.hooks import applications, safe_spark_submit
from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook
from airflow_spark_guard.process import channel, toolchain
from airflow_spark_guard.process.leftovers import TAG_ENV, Tag, new_attempt
from airflow_spark_guard.report.writing import NAME
from tests.support.processes import ROOT, seconds_until
from tests.support.task_instance import TaskInstance

pytestmark = pytest.mark.usefixtures("airflow_db")
# Says that it was started, and runs the driver's Python that the configuration names; a jar it only shows.
SUBMIT = """\
#!{python}
import os, sys
sys.path.insert(0, {root!r})
from airflow_spark_guard.core.conf.properties import parse
arguments = sys.argv[1:]
with open(os.path.join({folder!r}, "started"), "w") as file:
    file.write(" ".join(arguments))
with open(arguments[arguments.index("--properties-file") + 1]) as file:
    conf = parse(file.read())
print("executor tag", conf.get("spark.executorEnv.{tag}"))
scripts = [word for word in arguments if word.endswith(".py")]
if scripts and "spark.pyspark.driver.python" in conf:
    driver = conf["spark.pyspark.driver.python"]
    os.execv(driver, [driver, *arguments[arguments.index(scripts[-1]):]])
"""
JOB = "from airflow_spark_guard.job import report\nimport sys\nreport(sys.argv[1:])\n"
WAIT = "import time\nprint('waits', flush=True)\ntime.sleep(300)\n"


class Stand:
    """A Spark as far as files go, a job, and the task log."""

    def __init__(self, tmp_path, monkeypatch, capsys) -> None:
        self.folder, self._monkeypatch, self._capsys, self._log = tmp_path, monkeypatch, capsys, ""
        home = tmp_path / "spark"
        (home / "bin").mkdir(parents=True)
        (home / "jars").mkdir()
        (home / "jars" / "spark-core_2.13-4.2.0.jar").touch()
        program = home / "bin" / "spark-submit"
        program.write_text(
            SUBMIT.format(python=sys.executable, root=str(ROOT), folder=str(tmp_path), tag=TAG_ENV)
        )
        program.chmod(0o755)
        self.home = home

    def hook(self, kind=SafeSparkSubmitHook, master="local[1]", extra=None, **kwargs) -> SafeSparkSubmitHook:
        connection = {
            "conn_type": "spark",
            "host": master,
            "extra": {"deploy-mode": "client", **(extra or {})},
        }
        self._monkeypatch.setenv("AIRFLOW_CONN_SPARK_HOOK", json.dumps(connection))
        env = {"SPARK_HOME": str(self.home), "PYSPARK_PYTHON": sys.executable}
        return kind(conn_id="spark_hook", env_vars=env, **kwargs)

    def job(self, text: str = JOB) -> str:
        file = self.folder / "job.py"
        file.write_text(text)
        return str(file)

    @property
    def started(self) -> bool:
        return (self.folder / "started").exists()

    @property
    def log(self) -> str:
        self._log += self._capsys.readouterr().out
        return self._log


@pytest.fixture
def stand(tmp_path, monkeypatch, capsys):
    return Stand(tmp_path, monkeypatch, capsys)


def test_the_result_is_what_the_job_reports(stand):
    """Under the default deadline; executors are told the tag, which no environment carries to them."""
    hook = stand.hook(application_args=["a b", 3])
    assert hook.submit(stand.job()) == ["a b", "3"]
    assert hook.result == ["a b", "3"]
    assert "Guarded: deadline 1h, profile default, Spark 4.2." in stand.log
    assert f"executor tag {hook.tag}" in stand.log


def test_waiting_reads_what_is_deferred(stand):
    """Its name until 0.7."""
    hook = stand.hook()
    assert hook.waiting is None
    hook.deferred = object()
    assert hook.waiting is hook.deferred


def test_the_shorter_of_deadline_and_execution_timeout_is_the_backstop(stand):
    """The deadline is the guard's own; the time-out is Airflow's."""
    both = stand.hook(limits=GuardLimits(deadline="2h"), execution_timeout=420.0)._spec()
    assert (both.deadline, both.backstop) == (7200.0, 420.0)
    alone = stand.hook(execution_timeout=420.0)._spec()
    assert (alone.deadline, alone.backstop) == (None, 420.0)


def test_an_error_of_the_configuration_stops_it_before_the_launch(stand):
    """It says what contradicts what."""
    hook = stand.hook(conf={"spark.executor.heartbeatInterval": "200s", "spark.network.timeout": "100s"})
    with pytest.raises(errors.ConfError, match="heartbeatInterval"):
        hook.submit(stand.job())
    assert not stand.started


def test_a_warning_of_the_configuration_is_logged(stand):
    """And the job runs."""
    stand.hook(conf={"spark.executor.memry": "1g"}).submit(stand.job())
    assert "spark.executor.memry" in next(
        line for line in stand.log.splitlines() if "warning" in line.lower()
    )


def test_a_mixed_pyspark_is_a_warning_in_the_log_once(stand, monkeypatch, tmp_path):
    """And the job runs; no other module of ours looks."""
    for name, version in (("pyspark", "4.3.0"), ("pyspark-client", "4.2.0")):
        metadata = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(toolchain, "installed_pyspark", lambda: stand.home)
    assert stand.hook(application_args=["x"]).submit(stand.job()) == ["x"]
    assert stand.log.count("got: pyspark==4.3.0, pyspark-client==4.2.0") == 1
    assert stand.log.count("pip install pyspark==4.2.0 pyspark-client==4.2.0") == 1


def test_an_executor_that_fits_nowhere_stops_it_before_the_launch(stand):
    """Not after an hour."""
    hook = stand.hook(master="local-cluster[1,1,1024]", conf={"spark.executor.memory": "4g"})
    with pytest.raises(errors.ImpossibleError):
        hook.submit(stand.job())
    assert not stand.started


def test_an_application_that_is_no_python_says_no_more_than_its_exit_code(stand):
    """No launcher, no result."""
    jar = stand.folder / "app.jar"
    jar.touch()
    assert stand.hook(java_class="org.x.Main").submit(str(jar)) is None
    assert stand.started
    key = "spark.submit.callSystemExitOnMainExit"
    assert key not in stand.log, "its main may return before its threads have done their work"
    stand.hook().submit(stand.job())
    assert f"{key}=true" in stand.log
    assert "verbosity=" not in stand.log
    stand.hook(java_class="org.x.Main", verbosity=2).submit(str(jar))
    assert "verbosity=2 has no effect: instruments need the guard's launcher" in stand.log


def test_the_verbosity_reaches_the_drivers_python(stand):
    """Text too, as a template leaves it; a wrong one starts nothing."""
    job = "import os\nfrom airflow_spark_guard.job import report\nreport(os.environ.get('SPARK_GUARD_VERBOSITY'))"
    found = [stand.hook(verbosity=level).submit(stand.job(job)) for level in (None, 0, "3")]
    assert found == [None, "0", "3"]
    with pytest.raises(errors.ArgumentError, match="^verbosity is not valid"):
        stand.hook(verbosity="loud")


def test_a_kill_before_the_launch_prevents_it(stand):
    """Nothing is started for nobody."""
    hook = stand.hook()
    hook.on_kill()
    with pytest.raises(errors.KilledError, match="killed before its job was submitted"):
        hook.submit(stand.job())
    assert not stand.started


def test_a_kill_just_before_the_launch_ends_it(stand, monkeypatch):
    """Between the last look at the kill switch and the process."""
    hook, command = stand.hook(), ClientRun.command

    def killed(run):
        hook.on_kill()
        return command(run)

    monkeypatch.setattr(ClientRun, "command", killed)
    with pytest.raises(errors.KilledError, match="the task was killed"):
        hook.submit(stand.job(WAIT))


def test_a_kill_while_it_runs_ends_it(stand):
    """By the reaper; the record tells."""
    hook = stand.hook(record=stand.folder / "record")

    def kill():
        seconds_until(lambda: stand.started, 60, "the start")
        time.sleep(0.3)
        hook.on_kill()

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(errors.KilledError) as caught:
        hook.submit(stand.job(WAIT))
    thread.join()
    assert caught.value.record == str(stand.folder / "record")
    assert json.loads((stand.folder / "record" / "summary.json").read_text())["verdict"] == "KILLED"


def test_in_cluster_mode_elsewhere_upstream_submits_with_our_configuration(stand):
    """Neither YARN nor Kubernetes: its kill is upstream's, and the task log says so."""
    # Upstream takes env_vars for a master with this word in it.
    declared = {"external_cluster_manager": True}
    hook = stand.hook(master="mesos://yarn:5050", extra=declared, deploy_mode="cluster")
    hook.submit(stand.job())
    assert "deploy_mode=cluster: the profile's configuration is applied" in stand.log
    assert "--properties-file" in (stand.folder / "started").read_text()
    hook.on_kill()


def test_what_an_earlier_attempt_left_is_ended_first(stand):
    """Two attempts would write over each other."""
    task = new_attempt()
    left = subprocess.Popen(
        ["sh", "-c", f"exec {sys.executable} -c 'import time; time.sleep(300)' &"],
        env={**os.environ, TAG_ENV: str(Tag(task, "earlier"))},
    )
    left.wait()
    hook = stand.hook(tag=Tag(task, "now"))
    assert hook.submit(stand.job()) == []
    assert "Ended what an earlier try had left on this host before submitting: " in stand.log


def try_of(hook, job, output):
    """One try, in a process of its own."""
    with output.open("w", buffering=1) as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        sys.stdout = sys.stderr = file
        try:
            hook.submit(job)
        except errors.AttemptError as error:
            print(f"ENDED {error}", flush=True)


def test_of_two_tries_the_earlier_says_who_took_over_and_the_newer_whom_it_ended(stand):
    """Two processes, as after a restart of Airflow's scheduler: no word of an out-of-memory killer."""
    task, tries = new_attempt(), []

    def start(number, job):
        hook = stand.hook(tag=Tag(task, new_attempt(number)))
        words = (hook, job, stand.folder / f"try-{number}")
        # A fork has Airflow, which is seconds of CPU to import.
        tries.append(multiprocessing.get_context("fork").Process(target=try_of, args=words))
        tries[-1].start()

    def said(number):
        output = stand.folder / f"try-{number}"
        return output.read_text() if output.exists() else ""

    try:
        start(2, stand.job(WAIT))
        seconds_until(lambda: "waits" in said(2), 200, lambda: said(2))
        start(3, stand.job())
        for process in reversed(tries):
            process.join(200)
        assert [process.exitcode for process in tries] == [0, 0]
    finally:
        for process in tries:
            process.kill()
    ended = said(2).partition("ENDED ")[2]
    assert re.match(
        r"TAKEN_OVER: Try 3 of this task took over at \d\d:\d\d:\d\d UTC and ended this one\.\n"
        r"  do: See the log of try 3\. ",
        ended,
    ), said(2)
    assert "memory" not in ended
    assert re.search(r"Try 2 was still running on this host \(pid \d+\); ended before submitting\.", said(3))
    assert "had left" not in said(3)
    assert "ENDED" not in said(3)
    assert list(Path(tempfile.gettempdir()).glob(f"spark-guard-{task}-*")) == []


def test_a_traceback_at_the_end_of_the_output_is_known_to_be_there(stand):
    """The operator then does not log it a second time as evidence."""
    with pytest.raises(errors.UserCodeError) as caught:
        stand.hook().submit(stand.job("raise KeyError('a')"))
    assert caught.value.evidence_shown
    assert stand.log.count("KeyError: 'a'") == 1
    flood = "for number in range(100):\n    print(number, file=sys.stderr)\n"
    job = f"import atexit, sys\ndef flood():\n    {flood.replace(chr(10), chr(10) + '    ')}\natexit.register(flood)\n"
    with pytest.raises(errors.UserCodeError) as caught:
        stand.hook().submit(stand.job(job + "raise KeyError('a')"))
    assert not caught.value.evidence_shown


def test_post_submit_commands_run_whatever_happens(stand):
    """As upstream."""
    touched = Path(stand.folder, "touched")
    with pytest.raises(errors.UserCodeError):
        stand.hook(post_submit_commands=[f"touch {touched}"]).submit(stand.job("raise ValueError"))
    assert touched.exists()


NAMES = """\
import json, os
with open(os.environ["SPARK_GUARD_CHANNEL"], "a") as channel:
    for number in range({count}):
        print(json.dumps({{"v": 1, "kind": "hello", "t": 1.0, "pid": os.getpid(), "python": "3",
            "application_id": "app-%d" % number, "ui_url": "http://h:4040"}}), file=channel, flush=True)
        time.sleep(0.3) if number < {slow} else None
""".replace("import json", "import time, json")


def test_whoever_wants_to_know_is_told_the_application_and_its_addresses(stand):
    """The connection's history server goes before the configuration's."""
    told = []
    for extra, history_server in (({}, "http://past:18080"), ({"history_server": "https://h"}, "https://h")):
        hook = stand.hook(
            extra=extra, conf={"spark.yarn.historyServer.address": "past:18080"}, on_application=told.append
        )
        hook.submit(stand.job(NAMES.format(count=1, slow=0)))
        assert told.pop() == Target("app-0", driver_ui="http://h:4040", history_server=history_server)
    assert told == []


def test_of_a_job_that_names_ever_new_applications_the_first_are_told(stand, monkeypatch):
    """Each telling is a message to Airflow."""
    monkeypatch.setattr(applications, "_MOST", 2)
    told = []
    stand.hook(on_application=told.append).submit(stand.job(NAMES.format(count=4, slow=4)))
    assert [found.application_id for found in told] == ["app-0", "app-1"]


DRIVER = """\
#!/bin/sh
case "$*" in
  *--status*) echo '  "driverState" : "{state}",' ;;
  *--kill*) touch "{folder}/killed" ;;
  *) echo 'INFO RestSubmissionClient: Submission successfully created as driver-20260101000000-0001' ;;
esac
"""
# Two masters: upstream asks by spark-submit, not by curl.
MASTERS = "spark://127.0.0.1:7099,127.0.0.1:7098"


def elsewhere(stand, monkeypatch, state, extra=None, **options):
    """The operator on a standalone master whose driver ends in this state."""
    (stand.home / "bin" / "spark-submit").write_text(DRIVER.format(state=state, folder=stand.folder))
    (stand.folder / "app.jar").touch()
    connection = {"conn_type": "spark", "host": MASTERS, "extra": extra or {}}
    monkeypatch.setenv("AIRFLOW_CONN_MASTERS", json.dumps(connection))
    return SafeSparkSubmitOperator(
        task_id="t",
        application=str(stand.folder / "app.jar"),
        java_class="x.Main",
        conn_id="masters",
        spark_binary=str(stand.home / "bin" / "spark-submit"),
        status_poll_interval=0,
        **options,
    )


PLACES = {
    "operator": {"deploy_mode": "cluster"},
    "conf": {"conf": {"spark.submit.deployMode": "cluster"}},
    "connection's extra": {"extra": {"deploy-mode": "cluster"}},
    "connection's conf": {"extra": {"conf": {"spark.submit.deployMode": "cluster"}}},
    "file": {"properties_file": "cluster.conf"},
    "defaults": {},
    "environment": {},
}


@pytest.mark.parametrize("state", ["FAILED", "UNKNOWN", "KILLED", "ERROR", "LOST", "FINISHED"])
@pytest.mark.parametrize("place", PLACES)
def test_whatever_place_says_cluster_mode_the_driver_is_followed(stand, monkeypatch, tmp_path, place, state):
    """On a standalone master: only FINISHED is a success, and not the word of spark-submit alone."""
    options = dict(PLACES[place])
    (tmp_path / "cluster.conf").write_text("spark.submit.deployMode cluster\n")
    if "properties_file" in options:
        options["properties_file"] = str(tmp_path / "cluster.conf")
    if place == "defaults":
        (tmp_path / "cluster.conf").rename(tmp_path / "spark-defaults.conf")
        monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    if place == "environment":
        monkeypatch.setenv("DEPLOY_MODE", "cluster")
    operator = elsewhere(stand, monkeypatch, state, **options)
    if state == "FINISHED":
        assert operator.execute({}) is None
        return
    with pytest.raises(RuntimeError, match=f"exited with status ({state}|UNKNOWN)"):
        operator.execute({})


def test_a_driver_that_an_earlier_try_has_submitted_is_killed_too(stand, monkeypatch):
    """After a retry upstream polls it without a submission of its own."""
    operator = elsewhere(stand, monkeypatch, "RUNNING", conf={"spark.submit.deployMode": "cluster"})
    operator._hook = hook = operator._get_hook()
    hook._driver_id = "driver-20260101000000-0001"
    operator.on_kill()
    assert (stand.folder / "killed").exists()


def test_the_operators_client_mode_wins_over_conf_and_the_log_says_so(stand):
    """As in spark-submit."""
    hook = stand.hook(deploy_mode="client", conf={"spark.submit.deployMode": "cluster"})
    assert hook.submit(stand.job()) == []
    assert (
        "Deploy mode client, from deploy_mode; spark.submit.deployMode in conf says 'cluster', w" in stand.log
    )


@pytest.mark.parametrize(
    ("master", "application", "said"),
    [
        ("local[*]", "", r"The master local\[\*\] does not support cluster mode."),
        (MASTERS, "", "Spark does not run Python applications in cluster mode on a standalone master."),
        (MASTERS, "/x/app.jar", "env_vars does not reach the driver in cluster mode on a standalone master."),
    ],
)
@pytest.mark.parametrize(
    "options", [{"deploy_mode": "cluster"}, {"conf": {"spark.submit.deployMode": "cluster"}}]
)
def test_a_cluster_mode_that_spark_refuses_is_refused_before_a_jvm(stand, master, application, said, options):
    """By whatever place it was asked for."""
    hook = stand.hook(master=master, extra={"deploy-mode": ""}, **options)
    with pytest.raises(errors.ConfError, match=f"^{said}"):
        hook.submit(application or stand.job())
    assert not stand.started


def test_a_flood_of_reports_is_a_success_with_its_result_and_a_bounded_log(stand, monkeypatch):
    """12,000 metrics, more than one read takes: exit code 0 was DRIVER_GONE once, and the log had most of them."""
    monkeypatch.setattr(channel, "_READ_AT_ONCE", 1 << 16)
    code = "from airflow_spark_guard.job import report\nfor n in range(12_000): report(step=n)\nreport({'n': n})\n"
    hook = stand.hook(limits=GuardLimits(log_lines=1000))
    assert hook.submit(stand.job(code)) == {"n": 11_999}
    steps = [line for line in stand.log.splitlines() if "step=" in line]
    assert 800 <= len(steps) <= 1002
    assert "step=11999" in steps[-1]
    assert "messages of the job (metrics, warnings) were left out of this log" in stand.log


FORGED = """\
import json, os
with open(os.environ["SPARK_GUARD_CHANNEL"], "a") as channel:
    value = {value}
    print(json.dumps({{"v": 1, "kind": "result", "t": 1.0, "value": value}}), file=channel, flush=True)
"""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"__classname__": "x"}, "the key '__classname__' of result is reserved by Airflow"),
        ({"__type": "airflow.models.Connection", "__var": {}}, "the key '__type' of result is reserved"),
        ([float("1e300")] * 40_000, "bytes of JSON (limit: 65536, GuardLimits.result_size)"),
    ],
    ids=["classname", "type", "size"],
)
def test_a_result_that_slips_past_report_is_left_out_and_the_job_stays_a_success(stand, value, said):
    """Whatever a job starts can write to its channel."""
    assert stand.hook().submit(stand.job(FORGED.format(value=repr(value)))) is None
    assert "RESULT LEFT OUT: the job succeeded, but its result cannot be stored in XCom" in stand.log
    assert said in stand.log


@pytest.mark.parametrize(
    "options",
    [
        {"application_args": "--day 2026-01-01"},
        {"conf": "{'spark.a': 1}"},
        {"env_vars": "{'A': 1}"},
        {"application_args": ["a", None]},
        {"post_submit_commands": "curl x"},
    ],
    ids=str,
)
def test_an_argument_of_another_type_ends_the_task_without_a_retry(stand, monkeypatch, options):
    """Before anything starts; the name of the argument is in the first line."""
    operator = elsewhere(stand, monkeypatch, "FINISHED", **options)
    with pytest.raises(errors.ArgumentError, match=f"^{next(iter(options))}") as caught:
        operator.execute({})
    assert isinstance(caught.value, AirflowFailException)
    assert "No retry: " in stand.log


def test_the_deployments_observe_mode_holds_unless_the_task_says_otherwise(stand, monkeypatch):
    """Also beside limits of the task's own."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__ON_FINDING", "warn")
    assert stand.hook().limits.observes
    assert stand.hook(limits=GuardLimits(deadline="2h")).limits.observes
    assert not stand.hook(limits=GuardLimits(on_finding="end")).limits.observes
    monkeypatch.delenv("AIRFLOW__SPARK_GUARD__ON_FINDING")
    assert not stand.hook().limits.observes
    assert stand.hook(limits="observe").limits.observes


def test_in_observe_mode_no_deadline_reaches_the_jvm(stand):
    """Spark's own backstop would end the driver two minutes behind it."""
    observing = stand.hook(limits="observe")
    spec = observing._spec()
    assert (spec.deadline, spec.budget, spec.backstop) == (3600.0, 3600.0, math.inf)
    assert observing._request().deadline is None
    assert stand.hook(limits="observe", execution_timeout=600.0)._request().deadline == 600.0
    assert stand.hook()._request().deadline == 3600.0


def test_in_observe_mode_a_job_outlives_its_deadline_and_succeeds(stand):
    """By its own outcome; the verdict is told once."""
    told, flag = [], stand.folder / "told"

    def tell(error):
        told.append(error)
        flag.touch()

    limits = GuardLimits(deadline="1s", on_finding="warn", autopsy_budget="1s")
    hook = stand.hook(limits=limits, on_observed=tell, application_args=["x"])
    waits = f"import os, time\nwhile not os.path.exists({str(flag)!r}): time.sleep(0.05)\n"
    assert hook.submit(stand.job(waits + JOB)) == ["x"]
    assert [str(error.verdict) for error in told] == ["DEADLINE"]
    assert "Observed (nothing is ended): deadline 1s, profile default" in stand.log
    assert stand.log.count("Observed, not ended") == 1
    assert told[0].what == "The attempt was still running at its deadline of 1s."


def test_in_observe_mode_an_executor_that_fits_nowhere_is_a_warning(stand):
    """A larger worker may come, as it may without us."""
    conf = {"spark.executor.memory": "4g"}
    hook = stand.hook(master="local-cluster[1,1,1024]", conf=conf, limits="observe", application_args=["x"])
    assert hook.submit(stand.job()) == ["x"]
    assert "Observed only; the job starts anyway:" in stand.log


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ('{"conn_type": "spark", "host": "spark-master"}', "it has no scheme. Check its host."),
        ("spark://spark-master", "it has no scheme. Check its host."),
        ('{"conn_type": "spark", "host": "local[1] "}', "it contains white space."),
        (
            '{"conn_type": "spark", "extra": {"master": "local[2]"}}',
            "it names no host. Check its host (empty) and extras (master).",
        ),
        ("yarn://", "it is written as a URL. Check its host."),
        ("local://", "it is written as a URL. Check its host."),
        ('{"conn_type": "spark", "host": "http://spark-master", "port": 7077}', "it begins with 'http'"),
        ("generic://spark-master:7077", "Check its connection type."),
        ('{"conn_type": "spark", "host": "local[x]"}', "it is not a valid form of local."),
        ('{"conn_type": "spark", "host": "k8s://"}', "it names no host."),
        ('{"conn_type": "spark", "host": "spark://h:7077", "port": 7077}', "it has two ports."),
    ],
)
def test_a_master_that_spark_cannot_parse_is_refused_before_a_jvm_and_not_retried(
    stand, monkeypatch, connection, said
):
    """By hook and operator; the script is not to blame."""
    hook = stand.hook()
    monkeypatch.setenv("AIRFLOW_CONN_TEAM", connection)
    options = {"conn_id": "team", "env_vars": hook.user_environment}
    for submit in (
        lambda job: SafeSparkSubmitHook(**options).submit(job),
        lambda job: SafeSparkSubmitOperator(task_id="t", application=job, **options).execute({}),
    ):
        with pytest.raises(errors.ConnectionMissingError) as caught:
            submit(stand.job())
        assert "Spark cannot parse the master of Airflow connection 'team'" in caught.value.what
        assert said in caught.value.what
        assert caught.value.advice
    assert isinstance(caught.value, AirflowFailException)
    assert not stand.started


@pytest.mark.parametrize(
    ("connection", "master"),
    [
        ("spark://spark-master:7077", "spark://spark-master:7077"),
        ("k8s://https://h:6443", "k8s://https://h:6443"),
        ("spark://yarn", "yarn"),
        ("spark://local%5B1%5D", "local[1]"),
        (
            '{"conn_type": "spark", "host": "spark://m1:7077,m2:7077"}',
            "spark://m1:7077,m2:7077",
        ),
        (
            '{"conn_type": "spark", "host": "armada://h", "port": 1, "extra": {"external_cluster_manager": true}}',
            "armada://h:1",
        ),
    ],
)
def test_a_master_that_spark_can_parse_is_let_through(stand, monkeypatch, connection, master):
    """Whatever form the connection has."""
    hook = stand.hook()
    monkeypatch.setenv("AIRFLOW_CONN_TEAM", connection)
    found = SafeSparkSubmitHook(conn_id="team", env_vars=hook.user_environment)
    assert found.settle_deploy_mode().mode == "client"
    assert found.master == master


def test_extras_that_nobody_reads_and_that_are_almost_right_are_said(stand):
    """The job would run another way than its connection was meant to say."""
    stand.hook(extra={"deploy_mode": "cluster"}).submit(stand.job())
    assert "The extra 'deploy_mode' is not read. Did you mean 'deploy-mode'?" in stand.log


class Instance(TaskInstance):
    """One that the operator's links can ask as well."""

    def xcom_pull(self, **_):
        return None


@pytest.mark.parametrize(
    ("options", "extra", "map_index", "name"),
    [
        ({}, {}, -1, "d.sensor.1"),
        ({}, {}, 4, "d.sensor.4.1"),
        ({"name": None}, {}, -1, "d.sensor.1"),
        ({"name": "mine"}, {}, -1, "mine"),
        ({"name": "arrow-spark"}, {}, -1, "arrow-spark"),
        ({"default_args": {"name": "ours"}}, {}, -1, "ours"),
        ({"conf": {"spark.app.name": "by conf"}}, {}, -1, None),
        ({}, {"conf": {"spark.app.name": "by connection"}}, -1, None),
        ({"properties_file": "names"}, {}, -1, None),
    ],
)
def test_an_application_without_a_name_gets_that_of_its_task(
    stand, monkeypatch, options, extra, map_index, name
):
    """Upstream calls every one arrow-spark, and its option would win over the configuration."""
    hook = stand.hook(extra=extra)
    file = stand.folder / "names"
    file.write_text("spark.app.name by file\n")
    if "properties_file" in options:
        options = {"properties_file": str(file)}
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "none")
    jar = stand.folder / "app.jar"  # no driver is started for it
    jar.touch()
    operator = SafeSparkSubmitOperator(
        task_id="t",
        application=str(jar),
        java_class="x.Main",
        conn_id="spark_hook",
        env_vars=hook.user_environment,
        **options,
    )
    operator.execute({"ti": Instance(map_index=map_index)})
    words = (stand.folder / "started").read_text()
    assert (f" --name {name} " in words) if name else ("--name" not in words)


SECRETS = {
    "conf": "geheim-conf",
    "url": "geheim-url",
    "extra": "geheim-extra",
    "password": "geheim-password",
    "env": "geheim/env w=1",
    "argument": "geheim-argument",
}
LEAK = """\
import json, os, sys, urllib.parse
from airflow_spark_guard.job import heartbeat, report
secrets = json.load(open({file!r}))
for value in secrets.values():
    print("bare", value, flush=True)
    print("coded", urllib.parse.quote(value, safe=""), json.dumps(value), flush=True)
    report(metric=value)
heartbeat(secrets["conf"])
print("password=GEHEIM-named jdbc:x://me:GEHEIM-jdbc@host", flush=True)
print("https://host/x?sv=1&sig=GEHEIM-sig", flush=True)
{end}
"""


def leak(stand, end, **options):
    """The hook of a job that shows all that it was given."""
    (stand.folder / "secrets.json").write_text(json.dumps(SECRETS))
    extra = {"api_key": SECRETS["extra"], "conf": {"spark.url": f"jdbc:x://u:{SECRETS['url']}@h"}}
    hook = stand.hook(
        extra=extra,
        conf={"spark.my.password": SECRETS["conf"], "spark.task.reaper.enabled": "true"},
        application_args=["--token", SECRETS["argument"]],
        record=stand.folder / "record",
        **options,
    )
    return hook, stand.job(LEAK.format(file=str(stand.folder / "secrets.json"), end=end))


def with_secrets(stand, monkeypatch):
    """The same connection and environment, with a password and a secret variable."""
    made = stand.hook

    def hook(**options):
        found = made(**options)
        connection = json.loads(os.environ["AIRFLOW_CONN_SPARK_HOOK"])
        monkeypatch.setenv(
            "AIRFLOW_CONN_SPARK_HOOK", json.dumps({**connection, "password": SECRETS["password"]})
        )
        env = {**found._env_vars, "DB_PASS": SECRETS["env"]}
        return SafeSparkSubmitHook(**{**options_of(options), "env_vars": env})

    monkeypatch.setattr(stand, "hook", hook)


def options_of(options):
    return {"conn_id": "spark_hook", **{key: value for key, value in options.items() if key != "extra"}}


def written(stand):
    """The record, byte by byte, but for the page that is drawn from it."""
    files = [file for file in (stand.folder / "record").iterdir() if file.name != NAME]
    return b"".join(file.read_bytes() for file in files).decode()


def test_no_secret_value_reaches_log_record_or_result(stand, monkeypatch):
    """However the job prints it; what is true or short stays readable."""
    with_secrets(stand, monkeypatch)
    hook, job = leak(stand, "report({'value': secrets, 'rows': 3})")
    result = hook.submit(job)
    assert result == {"value": dict.fromkeys(SECRETS, "******"), "rows": 3}
    for text in (stand.log, written(stand)):
        assert "geheim" not in text.lower(), next(
            line for line in text.splitlines() if "geheim" in line.lower()
        )
        assert text.count("bare ******") == len(SECRETS)
        assert "password=****** jdbc:x://me:******@host" in text
        assert re.search(r"spark\.task\.reaper\.enabled\W{1,4}true  \[conf\]", text)
    assert "geheim" not in (stand.folder / "record" / NAME).read_text().lower()
    assert "The job has reported a secret value as its result" in stand.log
    assert KNOWN.mask("geheim-conf") == "geheim-conf", "forgotten with the attempt"


def test_no_secret_value_reaches_the_exception(stand, monkeypatch):
    """Nor the record of a failure."""
    with_secrets(stand, monkeypatch)
    hook, job = leak(stand, "raise ValueError(' and '.join(secrets.values()))")
    with pytest.raises(errors.UserCodeError, match="ValueError") as caught:
        hook.submit(job)
    for text in (f"{caught.value}{vars(caught.value)}", stand.log, written(stand)):
        assert "geheim" not in text.lower()
    assert "****** and ******" in str(caught.value)


KEYTAB = b"\x05\x02keytab"
# Shows the keytab that it was given, and where; waits where it is told to.
KEYTAB_SUBMIT = """\
#!/bin/sh
while [ "$1" != --keytab ]; do shift; done
stat -c '%a %n' "$2" "$(dirname "$2")" > {folder}/keytab
cat "$2" >> {folder}/keytab
exec {then}
"""


def keytab_hook(stand, then="true", **options):
    (stand.home / "bin" / "spark-submit").write_text(KEYTAB_SUBMIT.format(folder=stand.folder, then=then))
    (stand.folder / "app.jar").touch()
    extra = {
        "keytab": base64.b64encode(KEYTAB).decode(),
        "principal": "me@EXAMPLE.COM",
        **options.pop("extra", {}),
    }
    return stand.hook(java_class="x.Main", extra=extra, **options)


def given_keytab(stand):
    """(mode of the file, mode of its folder, content, whether either is still there)."""
    file, folder, content = (stand.folder / "keytab").read_bytes().split(b"\n", 2)
    (mode, place), (around, _) = file.decode().split(" ", 1), folder.decode().split(" ", 1)
    return mode, around, content, Path(place).exists() or Path(place).parent.exists()


def test_the_keytab_of_a_connection_is_private_and_gone_with_the_attempt(stand):
    """Upstream leaves it in the temporary folder, for everybody to read."""
    hook = keytab_hook(stand)
    hook.submit(str(stand.folder / "app.jar"))
    assert given_keytab(stand) == ("600", "700", KEYTAB, False)
    assert not list(Path(tempfile.gettempdir()).glob("airflow_keytab-me@EXAMPLE.COM*"))
    assert base64.b64encode(KEYTAB).decode() not in stand.log


@pytest.mark.parametrize("then", ["false", "sleep 300"])
def test_it_is_gone_after_a_failure_too(stand, then):
    """An exit code, a deadline."""
    hook = keytab_hook(stand, then, limits=GuardLimits(deadline="3s"))
    with pytest.raises(errors.AttemptError):
        hook.submit(str(stand.folder / "app.jar"))
    assert given_keytab(stand) == ("600", "700", KEYTAB, False)


def test_in_cluster_mode_of_upstream_it_is_the_same(stand):
    """The driver runs elsewhere, spark-submit here."""
    extra = {"external_cluster_manager": True}
    hook = keytab_hook(stand, master="mesos://yarn:5050", deploy_mode="cluster", extra=extra)
    hook.submit(str(stand.folder / "app.jar"))
    assert given_keytab(stand) == ("600", "700", KEYTAB, False)


def test_of_a_properties_file_only_sparks_keys_are_shown(stand):
    """A template may name any file of the worker."""
    file = stand.folder / "airflow.cfg"
    file.write_text("[core]\nfernet_key = geheim\nroot:$6$geheim:19000:0\nbroker_pass geheim\nspark.a b\n")
    hook = stand.hook(properties_file=str(file), record=stand.folder / "record")
    hook.submit(stand.job())
    for text in (stand.log, written(stand)):
        assert re.search(r"spark\.a\W{1,4}b  \[", text)
        assert "geheim" not in text
        assert "fernet_key" not in text
        assert "broker_pass" not in text
    assert f"Ignored 4 lines of {file}: Spark reads only keys that begin with 'spark.'." in stand.log


def test_what_the_machine_does_not_let_the_guard_do_is_said_once(stand, monkeypatch):
    """Before anything is started."""
    monkeypatch.setattr(safe_spark_submit, "limits_here", lambda: ["This system refuses pidfd."])
    hook = stand.hook()
    hook.submit(stand.job())
    assert stand.log.count("This system refuses pidfd.") == 1
    assert stand.log.index("refuses pidfd") < stand.log.index("Guarded: ")
