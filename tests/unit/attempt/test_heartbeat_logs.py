"""Heartbeats of tasks, from the log pages of executors."""

from __future__ import annotations

import re

import pytest

from airflow_spark_guard.attempt.heartbeat_logs import HeartbeatLogs
from airflow_spark_guard.core.watch.observation import Executor
from tests.support.web_server import say, serving


@pytest.fixture
def logs():
    """Log pages by executor, and what was asked for; an executor without a page answers with an error."""
    pages, asked = {}, []

    def reply(handler, _):
        name = re.search(r"executorId=(\w+)", handler.path)[1]
        asked.append(name)
        text = pages.get(name)
        if text is None:
            say(handler, b"", 500)
        else:
            say(handler, f"==== Bytes 0-{len(text)} of {len(text)} of /logs/stderr ====\n{text}".encode())

    with serving(reply) as url:
        yield (
            pages,
            asked,
            lambda name: Executor(name, active=True, stderr_url=f"{url}/logPage/?executorId={name}"),
        )


def beat(count):
    return f'SPARK_GUARD_HEARTBEAT {{"w": 7, "t": 1.5, "n": {count}, "s": 3}}\n'


def test_a_log_that_cannot_be_read_for_once_is_no_movement(logs):
    """The newest heartbeat stays known; an executor without a log page is left out."""
    pages, _, executor = logs
    reader = HeartbeatLogs()
    assert (reader.newest, reader.read([])) == ((), ())
    pages["1"] = beat(1)
    first = reader.read([executor("1"), Executor("2", active=True)])
    assert [(row.executor, row.stage) for row in first] == [("1", 3)]
    del pages["1"]
    assert reader.read([executor("1")]) == first == reader.newest
    pages["1"] = beat(2)
    assert reader.read([executor("1")]) not in ((), first)


def test_beyond_the_limit_executors_take_turns(logs, monkeypatch):
    """Those that were read longest ago come first."""
    monkeypatch.setattr("airflow_spark_guard.attempt.heartbeat_logs._MOST_LOGS", 2)
    pages, asked, executor = logs
    pages |= {name: beat(1) for name in "abc"}
    reader = HeartbeatLogs()
    for _ in range(3):
        reader.read([executor(name) for name in "abc"])
    assert [sorted(asked[at : at + 2]) for at in (0, 2, 4)] == [["a", "b"], ["a", "c"], ["a", "b"]]
    assert {row.executor for row in reader.newest} == set("abc")
