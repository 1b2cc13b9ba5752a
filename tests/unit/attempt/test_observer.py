"""What one look sees: a driver's REST API, processes, executors' logs, a master; each on its own."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing, contextmanager

import pytest

from airflow_spark_guard.attempt.observer import Application, Observer
from airflow_spark_guard.core.watch.finding import ObservationRequest
from airflow_spark_guard.core.watch.observation import Master, Observation
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from tests.support.dialogue import recorded
from tests.support.processes import seconds_until
from tests.support.spark_standin import Standins, backend
from tests.support.traced import is_watching
from tests.support.web_server import say, serving
from tests.support.worker_dump import dump

VERSION = "4.2.0"
APP = recorded(VERSION, "applications")[0]["id"]
QUICK, THOROUGH = ObservationRequest(0.0), ObservationRequest(0.0, readings=True, details=True)


class Driver:
    """A driver's REST API and a worker's log page on one port; ``status`` other than 200 refuses a path."""

    def __init__(self, **replaced) -> None:
        self.replaced, self.status, self.log, self.url = replaced, {}, "", ""

    def __call__(self, handler, _):
        path = handler.path.partition("?")[0]
        name = "metrics" if "/metrics/" in path else path.rstrip("/").rpartition("/")[2]
        if status := self.status.get(name):
            say(handler, b"<html>", status)
        elif name == "log":
            size = len(self.log)
            say(handler, f"==== Bytes 0-{size} of {size} of /logs/stderr ====\n{self.log}".encode())
        else:
            rows = json.dumps(self.replaced.get(name) or recorded(VERSION, name))
            say(handler, rows.replace("http://127.0.0.1:38507", self.url).encode())


class Asked:
    """A master that says what it is told to say; it is a port of the observer, not a web server."""

    def __init__(self, answer) -> None:
        self.answer, self.applications = answer, []

    def look(self, application_id):
        self.applications.append(application_id)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def page(self, application_id):
        if isinstance(self.answer, Exception):
            raise self.answer
        return f"page of {application_id}"


@pytest.fixture
def tag():
    return Tag(new_attempt(), new_attempt())


@pytest.fixture
def driver():
    """A driver with an application of ours."""
    made = Driver()
    with serving(made) as made.url:
        yield made


def seen(observer, look=QUICK, application=None) -> Observation:
    """The answer to one request."""
    observer.request(look, application)
    found = []
    seconds_until(lambda: found or found.extend(filter(None, [observer.take()])), 60, "a snapshot")
    return found[0]


@contextmanager
def ending(standins):
    """Ended when the test is over."""
    try:
        yield standins
    finally:
        standins.end()


def lone(executors):
    """The executors' rows with only the dead one."""
    return [row for row in executors if not row["isActive"]]


def test_before_there_is_an_application_nothing_is_seen(tag):
    """Nor is anybody blind to anything."""
    with closing(Observer(tag)) as observer:
        assert observer.take() is None
        assert seen(observer) == Observation()
        assert observer.rest is None


def test_a_request_is_answered_once_and_meanwhile_it_is_busy(tag, driver):
    """So that a slow UI is not asked again and again."""
    with closing(Observer(tag)) as observer:
        observer.request(QUICK, Application(APP, driver.url))
        assert observer.busy
        found = []
        seconds_until(lambda: found or found.extend(filter(None, [observer.take()])), 60, "a snapshot")
        assert found[0].driver.jobs == 1
        assert not observer.busy
        assert observer.take() is None


def test_a_look_at_the_api_alone(tag, driver):
    """Readings and logs only where they are wanted."""
    with closing(Observer(tag)) as observer:
        snapshot = seen(observer, QUICK, Application(APP, driver.url))
        assert [stage.key for stage in snapshot.driver.stages] == [(2, 0)]
        assert (snapshot.blind, snapshot.readings, snapshot.task_heartbeats) == ("", None, ())
        assert observer.rest is not None


def test_a_ui_that_is_none_of_ours_is_not_believed(tag, driver):
    """Another application's port, an error, no UI at all, and what is no web address."""
    with closing(Observer(tag)) as observer:
        other = seen(observer, QUICK, Application("app-2", driver.url))
        assert (other.driver, other.blind) == (None, f"the UI does not belong to app-2 but to {APP}")
        driver.status["stages"] = 500
        assert seen(observer, QUICK, Application(APP, driver.url)).blind == "stages: HTTP status 500"
        for url in ("", "file:///etc/passwd"):
            assert seen(observer, QUICK, Application(APP, url)).blind == "it has no UI"


def test_a_new_spark_context_is_followed(tag, driver):
    """Its UI is another one; the old one's connections are closed."""
    second = Driver(applications=[{"id": "app-2"}], jobs=[])
    with serving(second) as second.url, closing(Observer(tag)) as observer:
        assert seen(observer, QUICK, Application(APP, driver.url)).driver.jobs == 1
        first = observer.rest
        assert seen(observer, QUICK, Application("app-2", second.url)).driver is not None
        assert observer.rest is not first
        assert seen(observer, QUICK, None) == Observation()


def test_readings_are_of_processes_and_of_task_threads(tag, driver, tmp_path):
    """Python workers by /proc and py-spy, task threads by the API; without it, the workers alone."""
    standins = Standins(tmp_path, tag)
    try:
        jvm = standins.jvm(backend("1"), standins.daemon("lock"))
        standins.await_below(jvm, 2)
        time.sleep(0.5)
        with closing(Observer(tag)) as observer:
            application = Application(APP, driver.url)
            snapshot = seen(observer, THOROUGH, application)
            found = [(reading.role, reading.executor, reading.kind) for reading in snapshot.readings]
            assert found == [("worker", "1", ""), ("task", "1", "python"), ("task", "1", "python")]
            assert snapshot.readings[0].place == f"{tmp_path}/hanging_job.py:5, lock"
            driver.status["threads"] = 404
            for known in (application, None):
                assert [reading.role for reading in seen(observer, THOROUGH, known).readings] == ["worker"]
    finally:
        standins.end()


def test_what_executors_wrote_is_heard_and_remembered(tag, driver):
    """A log that cannot be read for once is no movement."""

    def beat(count: int) -> str:
        return f'before SPARK_GUARD_HEARTBEAT {{"w": 7, "t": 1.5, "n": {count}}}\n'

    application = Application(APP, driver.url)
    with closing(Observer(tag)) as observer:
        assert seen(observer, THOROUGH, application).task_heartbeats == ()
        driver.log = beat(1)
        first = seen(observer, THOROUGH, application).task_heartbeats
        assert [(row.executor, row.stage) for row in first] == [("1", None)]
        driver.status["log"] = 500
        assert seen(observer, THOROUGH, application).task_heartbeats == first
        # A look at the figures alone forgets nothing.
        assert seen(observer, ObservationRequest(0.0), application).task_heartbeats == first
        del driver.status["log"]
        driver.log = beat(2)
        assert seen(observer, THOROUGH, application).task_heartbeats not in ((), first)


def many(driver, count):
    """A driver with so many executors that run tasks, each with a heartbeat of its own in its log."""
    (row,) = [row for row in recorded(VERSION, "allexecutors") if row["isActive"] and row["id"] == "1"]
    page = f"{driver.url}/logPage/?appId={APP}&executorId="
    driver.replaced["allexecutors"] = [
        {**row, "id": str(number), "activeTasks": 1, "executorLogs": {"stderr": f"{page}{number}"}}
        for number in range(count)
    ]
    driver.log = 'SPARK_GUARD_HEARTBEAT {"w": 7, "t": 1.5, "n": 1, "s": 3}\n'
    return Application(APP, driver.url)


def test_heartbeats_and_threads_of_many_executors_are_seen(tag, driver):
    """A stage whose only task runs on the last executor calls heartbeat() too."""
    application = many(driver, 12)
    with closing(Observer(tag)) as observer:
        snapshot = seen(observer, THOROUGH, application)
    assert [beat.executor for beat in snapshot.task_heartbeats] == [str(number) for number in range(12)]
    assert {row.executor for row in snapshot.readings if row.role == "task"} == set(map(str, range(12)))


def test_beyond_the_bound_executors_take_turns(tag, driver, monkeypatch):
    """Their logs are read at the next look; the threads are those of the same executors, to be compared."""
    monkeypatch.setattr("airflow_spark_guard.attempt.heartbeat_logs._MOST_LOGS", 3)
    monkeypatch.setattr("airflow_spark_guard.attempt.observer._MOST_THREADS", 2)
    application = many(driver, 7)
    with closing(Observer(tag)) as observer:
        snapshots = [seen(observer, THOROUGH, application) for _ in range(4)]
    assert [len(snapshot.task_heartbeats) for snapshot in snapshots] == [3, 6, 7, 7]
    assert {row.executor for snapshot in snapshots for row in snapshot.readings} == {"0", "1"}


def test_workers_that_hang_hide_no_other_executor(tag, driver, monkeypatch):
    """A look lasts as long as it may, however many log pages do not answer; the others are read first then."""
    monkeypatch.setattr("airflow_spark_guard.attempt.observer._SECONDS", 1.0)
    monkeypatch.setattr("airflow_spark_guard.attempt.heartbeat_logs._SECONDS", 1.0)
    application, over = many(driver, 24), threading.Event()
    with (
        serving(lambda *_: over.wait(600)) as silent,
        closing(Observer(tag)) as observer,
    ):
        for row in driver.replaced["allexecutors"][:20]:
            row["executorLogs"] = {"stderr": f"{silent}/logPage/?x"}
        channel_state = set()
        for _ in range(20):  # two; a crowded machine may have no time for all four in the second one
            channel_state |= {beat.executor for beat in seen(observer, THOROUGH, application).task_heartbeats}
            if len(channel_state) == 4:
                break
        over.set()
    assert channel_state == {"20", "21", "22", "23"}


def test_an_executor_without_a_log_page_is_left_out(tag, driver):
    """As on a cluster that has none."""
    driver.replaced["allexecutors"] = [
        {**row, "executorLogs": {}} for row in recorded(VERSION, "allexecutors")
    ]
    with closing(Observer(tag)) as observer:
        assert seen(observer, THOROUGH, Application(APP, driver.url)).task_heartbeats == ()


def test_the_master_is_asked_only_while_there_is_no_executor(tag, driver):
    """Nothing else of what it says would be judged."""
    master = Asked(Master(known=True, waiting=True))
    application = Application(APP, driver.url)
    with closing(Observer(tag, master=master)) as observer:
        assert seen(observer, QUICK, application).master is None
        assert seen(observer, QUICK).master is None
        driver.replaced["allexecutors"] = lone(recorded(VERSION, "allexecutors"))
        assert seen(observer, QUICK, application).master == master.answer
        master.answer = UnusableAnswerError("no answer")
        assert seen(observer, QUICK, application).master is None
    assert master.applications == [APP, APP]


def test_the_page_of_the_application_is_for_the_autopsy(tag):
    """None without a master, or where it does not answer."""
    application = Application(APP, "")
    assert Observer(tag).page_of(application) is None
    assert Observer(tag, master=Asked(None)).page_of(application) == f"page of {APP}"
    assert Observer(tag, master=Asked(UnusableAnswerError("no answer"))).page_of(application) is None


def test_a_look_that_fails_is_answered_all_the_same(tag, driver):
    """The watch would wait for it until the deadline; the next look has its own chance."""
    master = Asked(KeyError("of ours"))
    driver.replaced["allexecutors"] = lone(recorded(VERSION, "allexecutors"))
    with closing(Observer(tag, master=master)) as observer:
        snapshot = seen(observer, QUICK, Application(APP, driver.url))
        assert snapshot == Observation(blind="the look at it failed (KeyError)")
        master.answer = Master(known=False, waiting=False)
        assert seen(observer, QUICK, Application(APP, driver.url)).master == master.answer


def test_an_observer_that_was_never_asked_is_closed(tag):
    """No thread, no connection."""
    Observer(tag).close()


def test_closing_does_not_wait_for_a_ui_that_hangs(tag, driver, monkeypatch):
    """The task's end is not the UI's to decide."""
    monkeypatch.setattr("airflow_spark_guard.attempt.observer._PATIENCE", 0.2)
    asked, over, answered = threading.Event(), threading.Event(), []

    def hang(*_):
        asked.set()
        over.wait(600)
        answered.append(1)

    with serving(hang) as url:
        observer = Observer(tag)
        observer.request(QUICK, Application(APP, url))
        assert asked.wait(60)
        observer.close()
        assert answered == []
        over.set()


def test_after_a_pause_the_next_request_is_answered(tag, driver, tmp_path):
    """The autopsy of observe mode attaches to the worker meanwhile; then it is watched again."""
    with closing(Observer(tag, window=30.0)) as observer, ending(Standins(tmp_path, tag)) as standins:
        jvm = standins.jvm(backend("0"), standins.daemon("lock"))
        standins.await_below(jvm, 2)
        application = Application(APP, driver.url)
        first = seen(observer, THOROUGH, application)
        observer.pause()
        assert not is_watching(observer._sampler._bytes)
        again = seen(observer, THOROUGH, application)
        assert is_watching(observer._sampler._bytes)
    workers = [[row.key for row in snapshot.readings if row.role == "worker"] for snapshot in (first, again)]
    assert workers[0] == workers[1] != []


def test_stack_dumps_of_workers_on_other_hosts_are_samples(tag, driver):
    """From the same logs as heartbeats; what was there before the first look does not count."""
    application = Application(APP, driver.url)
    driver.log = dump(1)
    with closing(Observer(tag)) as observer:
        assert [row.role for row in seen(observer, THOROUGH, application).readings] == ["task", "task"]
        found = []
        for line in (2, 3):
            driver.log += dump(line)
            found.append(seen(observer, THOROUGH, application).readings[-1])
    assert {(row.role, row.key) for row in found} == {("log", "log:1")}
    assert found[-1].place == "/jobs/enrich.py:3, wait"
