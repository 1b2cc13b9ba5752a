"""Autopsies of a job that is ended, and of one that is only observed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from airflow_spark_guard.attempt.examiner import Examiner
from airflow_spark_guard.attempt.log import AttemptLog
from airflow_spark_guard.attempt.observer import Observer
from airflow_spark_guard.attempt.watch import Watch
from airflow_spark_guard.core.protocol import Message
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.observation import DriverView, Executor
from airflow_spark_guard.core.web.master_page import ApplicationPage
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.record import Record
from tests.support.limits import watch_limits
from tests.support.paths import DATA
from tests.support.task_log import TaskLog
from tests.support.web_server import say, serving

DUMP = DATA / "stacks" / "sigquit.txt"
FINDING = Finding(Verdict.STALLED, "Stage 3 stood still for 10m.", 600.0, 700.0, suspect="worker")


@pytest.fixture
def task():
    return TaskLog()


@pytest.fixture
def record(tmp_path):
    with Record(tmp_path / "record", 1 << 20) as made:
        yield made


@pytest.fixture
def log(task, record):
    return AttemptLog(task, record)


@pytest.fixture
def examiner(log, tmp_path):
    tag = Tag(new_attempt(), new_attempt())
    with closing(Watch(watch_limits(), Observer(tag))) as watch:
        yield Examiner(tag, tmp_path / "stacks.txt", 1.0, log, watch)


def told(record, name: str) -> str:
    """What the record holds, once it is closed."""
    record.close()
    return (record.folder / name).read_text()


def test_an_autopsy_is_announced_and_recorded(examiner, task, record):
    """With what the watch knew of executors; here no process is left to look at."""
    lost = Executor(id="4", active=False, reason="Command exited with code 137")
    examiner.watch.driver = DriverView(jobs=1, executors=(lost,))
    found = examiner.examine(FINDING, ChannelState(pid=7))
    assert task.warnings == (
        "STALLED: Stage 3 stood still for 10m. Collecting diagnostics before ending the job."
    )
    assert "executor 4 was lost: Command exited with code 137" in found.summary
    assert told(record, "autopsy.txt").strip() == found.text.strip()


def test_without_py_spy_the_line_of_a_local_worker_comes_from_the_output(
    examiner, log, tmp_path, monkeypatch
):
    """In local[n] the workers dump their stacks into it; and which stage is meant the finding says."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    stderr = (DUMP.parent / "executor-stderr.txt").read_bytes()
    log.chunk(stderr[:3000])
    log.chunk(stderr[3000:])
    local = Executor(id="driver", active=True, active_tasks=1)
    examiner.watch.driver = DriverView(jobs=1, executors=(local,))
    found = examiner.examine(FINDING, ChannelState(pid=7))
    assert found.place == "/jobs/hung.py:13, hang"
    assert found.summary[0].startswith("a Python worker of executor driver (by its log) is at ")
    log.chunk(b"x" * (1 << 16))
    found = examiner.examine(replace(FINDING, stages=(3,)), ChannelState(pid=7))
    assert (found.place, found.summary[0]) == ("", "stage 3: the line in the worker is not known")


class Pages:
    """A master that knows one executor; ``asked`` are the applications that it was asked for."""

    def __init__(self, url):
        self.url, self.asked = url, []

    def page(self, application_id):
        self.asked.append(application_id)
        dead = Executor("7", active=False, reason="EXITED", host="h", stderr_url=self.url)
        return ApplicationPage(ended=(dead,))


def test_executors_that_only_the_master_knows_are_read_too(examiner):
    """They died before they could register with the driver."""
    text = "spark://CoarseGrainedScheduler@drv:7001\njava.net.UnknownHostException: drv\n"
    reply = lambda handler, _: say(handler, f"==== Bytes 0-9 of 9 of /x/stderr ====\n{text}".encode())  # noqa: E731
    with serving(reply) as url:
        master = Pages(f"{url}/logPage/?appId=app-1&executorId=7&logType=stderr")
        examiner.watch.observer.master = master
        finding = Finding(Verdict.EXECUTORS_LOST, "4 executors lost.", 600.0, 700.0)
        examiner.budget = 5.0
        channel_state = ChannelState()
        channel_state.receive(
            Message("hello", 0.0, {"pid": 0, "python": "3", "application_id": "app-1"}), 1.0
        )
        found = examiner.examine(finding, channel_state)
        assert found.cause.text == "stderr of executor 7 on h: java.net.UnknownHostException: drv"
        assert master.asked == ["app-1"]
        assert examiner.examine(finding, ChannelState()).cause is None


def test_an_autopsy_needs_no_observer(examiner):
    """It sees less."""
    alone = examiner.examine(FINDING, ChannelState())
    examiner.watch = Watch(watch_limits())
    assert examiner.examine(FINDING, ChannelState()).summary == alone.summary


def test_every_look_of_observe_mode_stays_in_the_record(examiner, record):
    """The last one would replace what the first one has shown."""
    examiner.observe(FINDING, ChannelState())
    examiner.observe(replace(FINDING, reached_at=900.0), ChannelState())
    text = told(record, "autopsy.txt")
    assert "Observed after 11m 40s: " in text
    assert "Observed after 15m: " in text
