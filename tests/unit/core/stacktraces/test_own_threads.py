"""Which threads of a worker may run its task."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.stacktraces.own_threads import own_threads
from airflow_spark_guard.core.stacktraces.python_stack import Frame, PythonThread

LIB = "/usr/lib/python3.11"
SITE = f"{LIB}/site-packages"
USER = Frame("/jobs/enrich.py", 7, "enrich")
BOOTSTRAP = Frame(f"{LIB}/threading.py", 1002, "Thread._bootstrap")


def thread(*frames, name="Thread-1", main=False):
    return PythonThread((*frames, BOOTSTRAP), main=main, name=name)


MAIN = thread(USER, Frame(f"{SITE}/pyspark/worker.py", 9, "main"), name="MainThread", main=True)
MONITOR = thread(Frame(f"{SITE}/pymongo/monitor.py", 7, "_run"), name="pymongo_server_monitor_thread")
EXPORTER = thread(Frame(f"{SITE}/opentelemetry/sdk/trace/export/__init__.py", 7, "worker"))


@pytest.mark.parametrize("other", [MONITOR, EXPORTER, thread(Frame(f"{LIB}/sched.py", 7, "scheduler.run"))])
def test_threads_of_a_library_are_not_its_own(other):
    """Nor is one of the standard library."""
    assert own_threads((other, MAIN)) == (MAIN,)


@pytest.mark.parametrize(
    "other",
    [
        thread(USER),
        thread(Frame(f"{SITE}/requests/api.py", 7, "get"), Frame(f"{LIB}/concurrent/futures/thread.py", 7, "_worker")),
        thread(Frame(f"{LIB}/multiprocessing/pool.py", 7, "worker")),
        thread(Frame(f"{LIB}/selectors.py", 7, "select"), Frame(f"{LIB}/asyncio/base_events.py", 7, "run_forever")),
        thread(Frame(f"{SITE}/pyspark/worker.py", 7, "reader")),
        PythonThread(()),
    ],
    ids=["user code", "pool", "other pool", "event loop", "Spark", "no frame"],
)  # fmt: skip
def test_threads_that_are_given_work_are_its_own(other):
    """Whatever that work is: a library's function, or a coroutine that waits."""
    assert own_threads((other, MONITOR, MAIN)) == (other, MAIN)


@pytest.mark.parametrize("waits", [MAIN, thread(USER)])
def test_one_that_waits_for_the_end_of_a_thread_may_wait_for_any(waits):
    """Only the kind of wait is seen, not the thread that it waits for."""
    joins = PythonThread((Frame(f"{LIB}/threading.py", 1112, "Thread.join"), *waits.frames), main=waits.main)
    assert own_threads((MONITOR, joins)) == (MONITOR, joins)


def test_a_function_of_the_user_that_is_called_join_is_none():
    """Only the standard library's."""
    joins = PythonThread((Frame("/jobs/a.py", 3, "join"), *MAIN.frames), main=True)
    assert own_threads((MONITOR, joins)) == (joins,)
