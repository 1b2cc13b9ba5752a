"""What a task tells while it runs; the operator on a script that stands in for spark-submit."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_spark_guard import SafeSparkSubmitOperator
from airflow_spark_guard.core.cluster.cluster_job import ClusterJob, DeferredJob
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.errors import SparkGuardError, UserCodeError
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook
from airflow_spark_guard.links.spark import LINKS
from airflow_spark_guard.operators import cluster_deferral, running
from airflow_spark_guard.task.announcement import Announcement, announcing
from tests.support.processes import ROOT
from tests.support.task_log import TaskLog

APP = "app-20261121031500-0007"
KEY = "spark_guard_application"
TOLD = Target(APP, driver_ui="http://h:4040", history_server="http://past:18080")
# Prints what Spark's client prints, and runs the driver's Python that the configuration names.
SUBMIT = """\
#!{python}
import os, sys
sys.path.insert(0, {root!r})
from airflow_spark_guard.core.conf.properties import parse
arguments = sys.argv[1:]
with open(arguments[arguments.index("--properties-file") + 1]) as file:
    conf = parse(file.read())
print("INFO JettyUtils: Start Jetty 10.0.0.7:4040 for SparkUI")
print("INFO Utils: Successfully started service 'SparkUI' on port 4041.")
print("INFO StandaloneSchedulerBackend: Connected to Spark cluster with app ID {app}", flush=True)
driver = conf["spark.pyspark.driver.python"]
script = next(word for word in reversed(arguments) if word.endswith(".py"))
os.execv(driver, [driver, *arguments[arguments.index(script):]])
"""


class Instance:
    """A task instance, as far as it is used: it keeps what is pushed, and on which thread."""

    dag_id, run_id, task_id, map_index, try_number, max_tries = "flights", "manual", "train", -1, 1, 0

    def __init__(self) -> None:
        self.pushed: list[tuple[str, object]] = []
        self.threads = set()

    def xcom_push(self, key, value) -> None:
        self.threads.add(threading.current_thread())
        self.pushed.append((key, json.loads(json.dumps(value))))

    def xcom_pull(self, *, task_ids, key, map_indexes):
        assert (task_ids, map_indexes) == (self.task_id, self.map_index)
        return self.last.get(key)

    @property
    def states(self):
        return [value["task"] for key, value in self.pushed if key == KEY]

    @property
    def last(self):
        return dict(self.pushed)


def end_with(error, announcement):
    with announcing(announcement):
        announcement.application(TOLD)
        raise error


@pytest.fixture
def ti():
    return Instance()


@pytest.fixture
def log():
    return TaskLog()


def test_links_and_application_are_pushed_once(ti, log):
    """And again where more is known."""
    announcement = Announcement(log, ti)
    announcement.application(Target(APP))
    for _ in range(3):
        announcement.application(TOLD)
    assert ti.pushed == [
        (KEY, {"application_id": APP, "task": "running"}),
        (KEY, {**TOLD.to_json(), "task": "running"}),
        ("spark_guard_ui", "http://h:4040"),
        ("spark_guard_history", f"http://past:18080/history/{APP}/"),
    ]
    assert announcement.links == {key: value for key, value in ti.pushed if key != KEY}


def test_at_the_end_it_is_said_how_the_task_stands(ti, log):
    """Of the application that was told last."""
    with announcing(Announcement(log, ti)) as announcement:
        announcement.application(TOLD)
    assert ti.pushed[-1] == (KEY, {**TOLD.to_json(), "task": "success"})


@pytest.mark.parametrize("task", ["success", "failed"])
def test_at_the_end_the_link_to_the_drivers_ui_is_no_more(ti, log, task):
    """Another application may have its port; Airflow shows no link for an empty address."""
    announcement = Announcement(log, ti)
    announcement.application(Target(APP, driver_ui="http://h:4040"))
    assert ti.last["spark_guard_ui"] == "http://h:4040"
    announcement.ended(task)
    assert ti.last["spark_guard_ui"] == announcement.links["spark_guard_ui"] == ""


@pytest.mark.parametrize("error", [UserCodeError("It raised."), ValueError(), KeyboardInterrupt()])
def test_a_failure_is_said_before_it_is_raised(ti, log, error):
    """Whatever has ended it."""
    with pytest.raises(type(error)):
        end_with(error, Announcement(log, ti))
    assert ti.states == ["running", "failed"]


def test_a_task_that_is_deferred_still_runs(ti, log):
    """It goes on in the triggerer."""
    with pytest.raises(TaskDeferred):
        end_with(TaskDeferred(trigger=SimpleNamespace(), method_name="x"), Announcement(log, ti))
    assert ti.states == ["running"]


def test_what_was_told_before_a_deferral_is_taken_up_after_it(ti, log):
    """In another process; nothing is pushed twice, and the links stay."""
    before, after = Announcement(log, ti), Announcement(log, ti)
    before.application(TOLD)
    told = len(ti.pushed)
    with announcing(after):
        after.recall()
        after.application(TOLD)
    past = f"http://past:18080/history/{APP}/"
    assert ti.pushed[told:] == [
        ("spark_guard_ui", past),
        (KEY, {**TOLD.to_json(), "task": "success"}),
    ]
    assert after.links == {**before.links, "spark_guard_ui": past}


def test_where_nothing_was_told_nothing_is_taken_up(ti, log):
    """Nor outside Airflow."""
    for instance in (ti, None):
        with announcing(Announcement(log, instance)) as announcement:
            announcement.recall()
        assert announcement.links == {}
    assert (ti.pushed, log.warnings) == ([], "")


def test_what_cannot_be_read_is_a_warning(log):
    """The result of the task does not hang on it."""

    def refuse(**_):
        raise OSError("the API server is down")

    broken = SimpleNamespace(task_id="train", map_index=-1, xcom_pull=refuse)
    Announcement(log, broken).recall()
    assert (
        log.warnings == "The task's earlier announcement could not be read: OSError: the API server is down"
    )


def test_without_an_application_nothing_is_said(ti, log):
    """Nobody could tell whose end it is."""
    with announcing(Announcement(log, ti)) as announcement:
        announcement.record("")
    assert ti.pushed == []


def test_outside_airflow_nobody_is_told(log):
    """The links are known all the same."""
    with announcing(Announcement(log, None)) as announcement:
        announcement.application(TOLD)
        assert announcement.links["spark_guard_ui"] == "http://h:4040"
    assert log.warnings == ""


def test_a_push_that_fails_is_a_warning(log):
    """The job goes on."""

    def refuse(key, value):
        raise OSError("the API server is down")

    with announcing(Announcement(log, SimpleNamespace(xcom_push=refuse))) as announcement:
        announcement.application(Target(APP))
    assert log.warnings.splitlines() == 2 * [
        f"The XCom {KEY} could not be pushed: OSError: the API server is down"
    ]


@pytest.fixture
def operator(tmp_path, monkeypatch, airflow_db):
    """Makes an operator whose Spark is the script above."""
    home = tmp_path / "spark"
    (home / "bin").mkdir(parents=True)
    (home / "jars").mkdir()
    (home / "jars" / "spark-core_2.13-4.2.0.jar").touch()
    program = home / "bin" / "spark-submit"
    program.write_text(SUBMIT.format(python=sys.executable, root=str(ROOT), app=APP))
    program.chmod(0o755)
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", str(tmp_path / "records"))

    def made(job, record_url="", **extra):
        (tmp_path / "job.py").write_text(job)
        connection = {"conn_type": "spark", "host": "local[1]", "extra": {"deploy-mode": "client", **extra}}
        monkeypatch.setenv("AIRFLOW_CONN_SPARK_TOLD", json.dumps(connection))
        monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_URL", record_url)
        return SafeSparkSubmitOperator(
            task_id="train",
            application=str(tmp_path / "job.py"),
            conn_id="spark_told",
            env_vars={"SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable},
        )

    return made


def test_a_task_tells_its_application_while_it_runs(operator, ti):
    """On the main thread; the driver's UI as long as it runs, and what stays of it at the end."""
    task = operator("pass", "https://records", history_server="http://past:18080")
    task.execute({"ti": ti})
    assert ti.states == ["running", "success"]
    assert ("spark_guard_ui", "http://10.0.0.7:4041") in ti.pushed
    assert ti.last == {
        KEY: {
            "application_id": APP,
            "driver_ui": "http://10.0.0.7:4041",
            "history_server": "http://past:18080",
            "task": "success",
        },
        "spark_guard_ui": f"http://past:18080/history/{APP}/",
        "spark_guard_history": f"http://past:18080/history/{APP}/",
        "spark_guard_record": "https://records/flights/manual/train/try-1/",
    }
    assert {link.xcom_key: link.get_link(task, ti_key=None) for link in LINKS} == {
        key: value for key, value in ti.last.items() if key != KEY
    }
    assert ti.threads == {threading.main_thread()}


def test_a_record_in_a_store_is_whole_when_the_task_has_failed(operator, ti, tmp_path, monkeypatch):
    """A store as Airflow opens it, here of local files: with report and traceback, and named in the error."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", address := f"local://{tmp_path}/store")
    with pytest.raises(SparkGuardError) as caught:
        operator("print('a line'); raise ValueError", "https://records").execute({"ti": ti})
    place = "flights/manual/train/try-1"
    assert caught.value.record == f"{address}/{place}"
    assert ti.last["spark_guard_record"] == f"https://records/{place}/"
    folder = tmp_path / "store" / place
    assert {path.name for path in folder.iterdir()} >= {
        "summary.json", "output.log", "observations.jsonl", "report.html", "traceback.txt"
    }  # fmt: skip
    assert json.loads((folder / "summary.json").read_text())["state"] == "failed"
    assert "a line" in (folder / "output.log").read_text()
    assert list(Path(tempfile.gettempdir()).glob("spark-guard-store-*/flights")) == []


def test_a_task_that_fails_says_so(operator, ti):
    """Beside its verdict; a record that is not served has no link."""
    with pytest.raises(SparkGuardError):
        operator("raise ValueError").execute({"ti": ti})
    assert ti.states == ["running", "failed"]
    assert set(ti.last) == {KEY, "spark_guard_ui", "spark_guard_verdict"}


def test_an_address_of_records_that_may_not_be_shown_is_a_warning(operator, ti, capsys):
    """The job runs."""
    operator("pass", "https://ann:pw@records").execute({"ti": ti})
    assert "spark_guard_record" not in ti.last
    assert (
        "[spark_guard] record_url is not a plain http address: the task gets no link."
        in capsys.readouterr().out
    )


class LeftHook(SafeSparkSubmitHook):
    """Hands its application over at once, as in cluster mode with ``deferrable=True``."""

    def submit(self, *_, **__):
        self._listener.on_application(TOLD)
        job = ClusterJob(APP, "a", 0.0, time.time() + 60, 1.0, 1.0)
        self.deferred = DeferredJob(job, Yarn(("http://rm:8088",)), 1.0)


@pytest.fixture
def deferred(operator, ti, monkeypatch):
    """Makes an operator of a task whose application runs on without it."""
    monkeypatch.setattr(running, "SafeSparkSubmitHook", LeftHook)
    with pytest.raises(TaskDeferred):
        operator("pass").execute({"ti": ti})
    return lambda: operator("pass")


def test_a_task_that_leaves_its_application_to_a_trigger_still_runs(deferred, ti):
    """Until the resumed one, another object in another process, says how it ended; its links stay."""
    assert ti.states == ["running"]
    task = deferred()
    with pytest.raises(SparkGuardError):
        task.execute_complete({"ti": ti}, event={"nonsense": 1})
    assert ti.states == ["running", "failed"]
    assert task.guard_links == {
        key: url for key, url in ti.last.items() if key.startswith("spark_guard_ui")
    } | {"spark_guard_history": f"http://past:18080/history/{APP}/"}


def test_a_task_whose_trigger_failed_says_so(deferred, ti):
    """Airflow has thrown its arguments away."""
    with pytest.raises(SparkGuardError):
        deferred().resume_execution("__fail__", {"error": "Trigger failure"}, {"ti": ti})
    assert ti.states == ["running", "failed"]


@pytest.mark.parametrize("way", ["resume", "cancelled"])
def test_a_resumed_task_keeps_its_whole_traceback(deferred, ti, monkeypatch, tmp_path, way):
    """The log shows none of its frames, so the record has to."""
    monkeypatch.setattr(running, "record", lambda *_: tmp_path)
    monkeypatch.setattr(cluster_deferral, "cancelled", lambda *_: UserCodeError("It was ended."))
    end = (
        partial(deferred().execute_complete, {"ti": ti}, event={"nonsense": 1})
        if way == "resume"
        else partial(deferred().resume_execution, "__fail__", {"error": "Trigger failure"}, {"ti": ti})
    )
    with pytest.raises(SparkGuardError):
        end()
    assert "Error: " in (tmp_path / "traceback.txt").read_text()


def test_a_subclass_logs_as_with_airflows_operator(ti, capsys):
    """We are a drop-in: whatever it logs, and without the guard's mark."""

    class Mine(SafeSparkSubmitOperator):
        def execute(self, _context):
            self.log.info(self.conf)
            self.log.critical("mine: %s", 1)
            self.log.log(20, "mine: %s", 2)
            self.guard_log.info("ours: %s", 3)

    Mine(task_id="train", application="job.py", conf={"spark.x": "1"}).execute({"ti": ti})
    text = capsys.readouterr().out
    assert ("spark.x" in text, "[guard] ours: 3" in text) == (True, True)
    assert not [line for line in text.splitlines() if "[guard]" in line and "ours" not in line]


def test_a_second_application_of_the_same_try_names_the_first():
    """Who watches the first would else take it for another try."""
    instance = Instance()
    with announcing(Announcement(TaskLog(), instance)) as announcement:
        announcement.application(Target("app-1"))
        announcement.application(Target("app-1", driver_ui="http://h:4040"))
        announcement.application(Target("app-2"))
    told = [value for key, value in instance.pushed if key == KEY]
    assert [value.get("earlier") for value in told] == [None, None, ["app-1"], ["app-1"]]
    assert told[-1]["task"] == "success"


def test_no_known_secret_is_pushed(ti, log):
    """An address may hold one."""
    announcement = Announcement(log, ti)
    with KNOWN.at_work():
        KNOWN.learn(["hunter2"])
        announcement.record("http://h/records/hunter2/")
    assert ti.pushed == [("spark_guard_record", "http://h/records/******/")]
    assert announcement.links == {"spark_guard_record": "http://h/records/******/"}
