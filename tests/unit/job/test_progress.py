"""When a ``progress`` message is sent, and what it holds."""

from __future__ import annotations

import os
import threading

import pytest

from airflow_spark_guard.job import progress as module
from airflow_spark_guard.job.progress import Progress, one_line
from airflow_spark_guard.job.wire import Channel
from airflow_spark_guard.process.channel import ChannelReader

STAGE = {"stage": 1, "attempt": 0, "tasks": 2, "active": 1, "done": 0, "failed": 0}


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def said(tmp_path):
    """(progress, clock, the messages since the last look)."""
    reader = ChannelReader(tmp_path / "c")
    clock = Clock()
    yield (
        Progress(Channel(str(tmp_path / "c")), clock),
        clock,
        lambda: [dict(m.fields) for m in reader.read() if m.kind == "progress"],
    )
    reader.close()


def test_figures_are_sent_when_they_move_and_memory_is_no_movement(said):
    """The resident memory travels with what has moved."""
    progress, _, messages = said
    progress.show({"stages": [], "rss": 1})
    progress.show({"stages": [STAGE], "rss": 2})
    progress.show({"stages": [STAGE], "rss": 3})
    progress.show({"stages": [STAGE], "rss": 4, "jobs": 1, "sql": "ab"})
    assert messages() == [
        {"stages": [STAGE], "rss": 2},
        {"stages": [STAGE], "rss": 4, "jobs": 1, "sql": "ab"},
    ]


def test_a_sign_of_life_comes_every_30_seconds(said):
    """With the newest figures, whether or not they have moved."""
    progress, clock, messages = said
    progress.show({"stages": [], "rss": 7})
    clock.now += 29.9
    progress.tick()
    assert messages() == []
    clock.now += 0.1
    progress.tick()
    progress.tick()
    assert messages() == [{"stages": [], "rss": 7}]
    progress.show({"stages": [STAGE], "rss": 7})
    clock.now += 29.9
    progress.tick()
    assert len(messages()) == 1


def test_heartbeats_are_sent_once_a_second_and_none_is_lost(said):
    """The first at once, the others' count with the next message."""
    progress, clock, messages = said
    progress.show({"stages": [STAGE]})
    messages()
    for number in range(10):
        progress.beat(f"fold {number}", number, 10)
    first = {"count": 1, "text": "fold 0", "done": 0, "total": 10}
    assert messages() == [{"stages": [STAGE], "heartbeat": first}]
    clock.now += 0.9
    progress.tick()
    assert messages() == []
    clock.now += 0.1
    progress.tick()
    progress.tick()
    last = {"count": 10, "text": "fold 9", "done": 9, "total": 10}
    assert messages() == [{"stages": [STAGE], "heartbeat": last}]
    clock.now += 0.5
    progress.beat("", None, None)
    progress.flush()
    progress.flush()
    assert [m["heartbeat"]["count"] for m in messages()] == [11]


def test_a_heartbeat_that_waits_goes_with_the_next_figures(said):
    """And is not sent again for itself."""
    progress, clock, messages = said
    progress.beat("a", None, None)
    progress.beat("b", None, None)
    progress.show({"stages": [STAGE]})
    clock.now += 5
    progress.tick()
    assert [(m["heartbeat"]["count"], m["heartbeat"]["text"]) for m in messages()] == [(1, "a"), (2, "b")]


def test_threads_lose_no_count(said):
    """Every call counts."""
    progress, _, messages = said
    threads = [
        threading.Thread(target=lambda: [progress.beat("", None, None) for _ in range(1000)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    progress.flush()
    assert messages()[-1]["heartbeat"]["count"] == 4000


def test_after_the_script_the_threads_that_python_waits_for_are_named(said, monkeypatch):
    """As soon as there are others; a daemon is not waited for."""
    progress, _, messages = said
    over = threading.Event()
    monkeypatch.setattr(module.threading, "enumerate", lambda: [one for one in threads if one.is_alive()])
    threads = [
        threading.Thread(target=over.wait, args=(60,), name="export\n1"),
        threading.Thread(target=over.wait, args=(60,), name="keep-alive", daemon=True),
    ]
    for thread in threads:
        thread.start()
    progress.tick()
    assert messages() == []
    progress.end()
    progress.tick()
    progress.tick()
    assert messages() == [{"stages": [], "threads": ["export 1"]}]
    over.set()
    for thread in threads:
        thread.join()
    progress.tick()
    assert messages() == [{"stages": [], "threads": []}]


def test_at_the_exit_of_python_no_job_is_left(said, monkeypatch):
    """Its last figures would be taken for work; without any there is nothing to take back."""
    progress, _, messages = said
    monkeypatch.setattr(module, "awaited_threads", list)  # those of other tests in this process
    progress.end()
    progress.close()
    assert messages() == []
    progress.show({"stages": [STAGE], "jobs": 1})
    progress.close()
    progress.close()
    assert [message["stages"] for message in messages()] == [[STAGE], []]


def test_text_becomes_one_bounded_line():
    """It is shown in a log; the channel's reader refuses more."""
    assert one_line("  a\n\tb\r\nc ") == "a b c"
    assert len(one_line("x" * 10_000)) == 200
    assert one_line("\ud800") == "?"


def test_a_fork_has_no_progress_of_its_own(said):
    """Its heartbeats take the way of any other process."""
    kept = module._of_this_process[:]
    try:
        assert module.start(said[0]._channel) is module.current()
        child = os.fork()
        if child == 0:
            os._exit(0 if module.current() is None else 1)
        assert os.waitpid(child, 0)[1] == 0
        module._of_this_process.clear()
        assert module.current() is None
    finally:
        module._of_this_process[:] = kept
