"""The look at the Python workers, at processes that stand in for Spark's."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.stacktraces.culprit import find
from airflow_spark_guard.core.stacktraces.diagnostics import Diagnostics
from airflow_spark_guard.core.stacktraces.waiting import place_in
from airflow_spark_guard.core.watch.observation import Executor
from airflow_spark_guard.process import spark_processes
from airflow_spark_guard.process.autopsy_steps import AutopsyInput
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.worker_stacks import python_workers
from tests.support.paths import DATA
from tests.support.processes import seconds_until
from tests.support.spark_standin import BACKEND, Standins

STDERR = (DATA / "stacks" / "executor-stderr.txt").read_text()


@pytest.fixture
def tag():
    return Tag(new_attempt(), new_attempt())


@pytest.fixture
def standins(tmp_path, tag):
    started = Standins(tmp_path, tag)
    yield started
    started.end()


def look(tag, tmp_path, **fields):
    return python_workers(
        AutopsyInput(tag, "worker", tmp_path / "stacks.txt", **fields), spark_processes.find(tag)
    )


def named(found) -> str:
    return place_in(find(Diagnostics("worker", workers=tuple(found.workers))).process.threads)


def test_a_worker_that_stands_still_is_named_before_more_that_move(standins, tag, tmp_path):
    """Two compute, in another line than the one that waits for a lock."""
    jvm = standins.jvm(BACKEND, standins.daemon("busy", "busy", "lock"))
    standins.await_below(jvm, 4)
    found = []

    def told() -> bool:
        found[:] = [look(tag, tmp_path)]  # on a crowded machine a loop may get no time for a second
        return sorted(worker.still is True for worker in found[0].workers) == [False, False, True]

    seconds_until(told, 60, "two move")
    assert named(found[0]) == f"{tmp_path}/hanging_job.py:5, lock"


def test_a_worker_that_the_watch_knows_to_be_stuck_is_named_without_another_look(standins, tag, tmp_path):
    """By pid and start time, as its readings have them."""
    jvm = standins.jvm(BACKEND, standins.daemon("nobody", "nobody", "lock"))
    standins.await_below(jvm, 4)
    plain = look(tag, tmp_path)
    assert named(plain) == f"{tmp_path}/hanging_job.py:9, nobody"
    key = next(worker.key for worker in plain.workers if place_in(worker.threads).endswith("lock"))
    found = look(tag, tmp_path, stuck=frozenset({key}))
    assert {worker.still for worker in found.workers} == {None, True}
    assert named(found) == f"{tmp_path}/hanging_job.py:5, lock"


def test_workers_of_a_local_master_dump_into_the_output(tag, tmp_path):
    """Also where the REST API has named no executor; one that was read is not looked up there."""
    nobody = spark_processes.SparkProcesses(None, None, (), frozenset())
    local = (Executor("driver", active=True, active_tasks=2),)
    for executors in ((), local):
        autopsy_input = AutopsyInput(
            tag, "worker", tmp_path / "s", executors=executors, output=lambda: STDERR
        )
        (worker,) = python_workers(autopsy_input, nobody).workers
        assert (worker.executor, place_in(worker.threads)) == ("driver", "/jobs/hung.py:13, hang")
    read = spark_processes.SparkProcesses(None, None, (), frozenset({"driver"}))
    assert python_workers(autopsy_input, read).workers == []
    elsewhere = AutopsyInput(
        tag, "worker", tmp_path / "s", executors=(Executor("3", active=True),), output=lambda: STDERR
    )
    assert python_workers(elsewhere, nobody).workers == []


def test_a_log_is_not_read_where_its_workers_could_be_seen(tag, tmp_path, monkeypatch):
    """They have no task: what the log holds is of an earlier one."""
    executors = (Executor("3", active=True, active_tasks=1, stderr_url="http://w/log"),)
    autopsy_input = AutopsyInput(tag, "worker", tmp_path / "s", tail=lambda *_: STDERR, executors=executors)
    here = spark_processes.SparkProcesses(None, None, (), frozenset({"3"}))
    assert python_workers(autopsy_input, here).workers == []
    elsewhere = spark_processes.SparkProcesses(None, None, (), frozenset())
    (worker,) = python_workers(autopsy_input, elsewhere).workers
    assert (worker.executor, worker.logged) == ("3", True)
    assert place_in(worker.threads) == "/jobs/hung.py:13, hang"
