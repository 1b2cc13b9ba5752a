"""Figures of the threads of a worker that may run its task."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from airflow_spark_guard.process import usage
from airflow_spark_guard.process.byte_watch import Watched
from airflow_spark_guard.process.thread_samples import ThreadSampler

# The main thread sleeps for good; another one reads, sleeps and computes.
SCRIPT = """
import threading, time
def works():
    print(threading.get_native_id(), flush=True)
    while True:
        with open("/dev/zero", "rb", 0) as zeros:
            zeros.read(1 << 20)
        time.sleep(0.02)
threading.Thread(target=works, daemon=True).start()
threading.Event().wait()
"""


@pytest.fixture
def child():
    """A process, and the id of the thread in it that works."""
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE)
    yield process.pid, int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()


def sample(sampler, pid, own, children=()):
    return sampler.sample(f"{pid}:1", usage.of_threads(pid), own, children)


def test_only_the_chosen_threads_count(child):
    """One that works in the same process adds nothing to one that stands."""
    pid, works = child
    sampler, other = ThreadSampler(), ThreadSampler()
    before, busy = sample(sampler, pid, {pid}), sample(other, pid, {works})
    time.sleep(1)
    after, busier = sample(sampler, pid, {pid}), sample(other, pid, {works})
    assert (after.ids, after.cpu, after.io) == (before.ids, before.cpu, before.io)
    assert after.switches - before.switches <= 1  # it may just have begun to wait
    assert busier.switches - busy.switches > 10
    assert busier.io - busy.io > 5 << 20


def test_the_processes_that_it_has_started_count_with_it(child):
    """And other threads or processes make another group, whose figures are not compared."""
    pid, works = child
    sampler, own = ThreadSampler(), os.getpid()
    before = sample(sampler, own, {own}, (pid,))
    time.sleep(1)
    after = sample(sampler, own, {own}, (pid,))
    assert after.io - before.io > 5 << 20
    assert after.ids == before.ids != sample(sampler, own, {own}).ids
    assert sample(sampler, pid, {pid}).ids != sample(sampler, pid, {pid, works}).ids


@pytest.mark.parametrize("own", [set(), {0}, {1}])
def test_a_thread_without_figures_leaves_all_unknown(own):
    """py-spy did not say which it is, or it has ended."""
    assert sample(ThreadSampler(), os.getpid(), {os.getpid(), *own} if own else own) is None


def test_switches_that_following_it_has_added_are_subtracted():
    """Those of the group that was followed."""
    sampler, pid = ThreadSampler(), os.getpid()
    me = threading.get_native_id()
    key, rows = f"{pid}:1", usage.of_threads(pid)
    before = sampler.sample(key, rows, {me}, ())
    sampler.followed(key, Watched(moved=False, seconds=1.0, calls=9, own_calls=3))
    sampler.followed("2:2", Watched(moved=False, seconds=1.0, calls=9, own_calls=3))
    more = {me: rows[me]._replace(switches=rows[me].switches + 25)}
    assert sampler.sample(key, more, {me}, ()).switches - before.switches <= 25 - 2 * 3 - 4
