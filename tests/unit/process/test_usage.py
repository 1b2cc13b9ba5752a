"""What a process has used, read from the system."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from airflow_spark_guard.process import proctree, usage


@pytest.fixture
def child():
    """A process that computes, and one below it that sleeps."""
    script = "import subprocess, sys\nc = subprocess.Popen(['sleep', '60'])\nprint(c.pid, flush=True)\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    below = int(process.stdout.readline())
    yield process, below
    process.kill()
    process.wait()
    process.stdout.close()
    proctree.send(proctree.read(below), 9)


def test_a_busy_process_uses_cpu_or_waits_for_it(child):
    """On a crowded machine it gets little, and always wants more."""
    process, below = child
    before = usage.cpu(process.pid) + usage.delay(process.pid)
    time.sleep(1)
    assert usage.cpu(process.pid) + usage.delay(process.pid) - before > 0.7
    assert not usage.is_asleep(process.pid)
    assert usage.is_asleep(below)
    assert usage.cpu(below) < 0.5


def test_what_it_has_started_is_below_it(child):
    """A shell, a pool, a trainer."""
    process, below = child
    assert usage.below(process.pid, proctree.table()) == [below]


def test_a_process_that_is_gone_has_no_figures():
    """Nor is it asleep."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert [usage.cpu(gone.pid), usage.switches(gone.pid), usage.delay(gone.pid), usage.io(gone.pid)] == [
        None
    ] * 4
    assert not usage.is_asleep(gone.pid)


def test_a_total_counts_what_is_known_beside_the_process_itself():
    """A child that has just ended is left out."""
    assert usage.total([1, None, 2]) == 3
    assert usage.total([None, 5]) is None
    assert usage.switches(os.getpid()) > 0


def test_every_thread_has_figures_of_its_own(child):
    """Their sum is that of the process, apart from threads that have ended."""
    process, below = child
    (busy,) = usage.of_threads(process.pid).values()
    assert busy.cpu <= usage.cpu(process.pid)
    assert busy.io <= usage.io(process.pid)
    assert usage.of_threads(below)[below].switches == usage.switches(below, {below}) == usage.switches(below)
    assert usage.of_threads(1 << 30) == {}
    assert usage.ended_children(1 << 30) == 0.0


def test_of_very_many_threads_none_is_read(monkeypatch):
    """Three files for each would cost more than they say."""
    monkeypatch.setattr(usage, "_MOST_THREADS", 0)
    assert usage.of_threads(os.getpid()) == {}


def test_the_time_of_children_that_have_ended_is_known_by_itself():
    """It is part of the time of the process."""
    before = usage.ended_children(os.getpid())
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    assert before < usage.ended_children(os.getpid()) <= usage.cpu(os.getpid())
