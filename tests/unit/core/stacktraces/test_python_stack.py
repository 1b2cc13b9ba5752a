"""Whose line a frame is, which one is named, and what is hashed of it."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.stacktraces.python_stack import (
    Frame,
    PythonThread,
    fingerprints,
    is_idle_worker,
    is_users,
    parse_py_spy,
    place_of,
)
from airflow_spark_guard.core.stacktraces.waiting import place_in
from tests.support import paths

DATA = paths.DATA / "stacks"
WAIT = Frame("/usr/lib/python3.11/threading.py", 327, "wait")
HANG = Frame("/jobs/hung.py", 13, "hang")
PYSPARK = "/opt/spark/python/lib/pyspark.zip/pyspark"


@pytest.mark.parametrize(
    "file",
    [
        "/jobs/hung.py",
        "/jobs/pyspark/etl.py",
        "/jobs/python/etl.py",
        "/tmp/spark-1/userFiles-2/deps.zip/features.py",
        "<stdin>",
        "<string>",
        "C:\\jobs\\hung.py",
    ],
)
def test_the_users_own_python_is_known(file):
    """A folder called pyspark is no PySpark."""
    assert is_users(Frame(file, 1, "f"))


@pytest.mark.parametrize(
    "file",
    [
        f"{PYSPARK}/worker.py",
        "/opt/spark/python/pyspark/worker.py",
        "/opt/spark/python/lib/py4j-0.10.9.9-src.zip/py4j/java_gateway.py",
        "/venv/lib/python3.12/site-packages/sklearn/svm.py",
        "/usr/lib/python3/dist-packages/numpy/linalg.py",
        "/usr/lib64/python3.9/socket.py",
        "/opt/pypy/lib/pypy3.10/socket.py",
        "/usr/lib/python311.zip/os.py",
        "/tmp/guard/airflow_spark_guard_job.zip/__main__.py",
        "/src/airflow_spark_guard/job/launcher.py",
        "<frozen runpy>",
        "<__array_function__ internals>",
    ],
)
def test_what_is_installed_is_not_the_users(file):
    """Nor is Spark's, nor ours."""
    assert not is_users(Frame(file, 1, "f"))


def test_the_innermost_line_of_the_user_is_named():
    """Without one, the innermost at all; without frames, none."""
    caller = Frame("/jobs/hung.py", 40, "main")
    assert place_of([WAIT, HANG, caller]) == "/jobs/hung.py:13, hang"
    assert place_of([WAIT]) == "/usr/lib/python3.11/threading.py:327, wait"
    assert place_of([]) == ""


def test_a_dump_of_py_spy_is_read():
    """Of a hung UDF, and of its driver."""
    (worker,) = parse_py_spy((DATA / "py-spy-worker.json").read_bytes())
    assert worker.main
    assert place_in([worker]) == "/jobs/hung.py:13, hang"
    driver = parse_py_spy((DATA / "py-spy-driver.json").read_text())
    assert place_in(driver) == "/jobs/hung.py:17, work"
    assert [thread.name for thread in driver if thread.main] == ["MainThread"]


def test_local_variables_change_the_hash_and_are_never_shown():
    """Not even in a traceback of ours."""
    text = (DATA / "py-spy-worker.json").read_text()
    assert "do-not-store" in text
    before, after = parse_py_spy(text), parse_py_spy(text.replace("do-not-store", "another"))
    assert "do-not-store" not in repr(before)
    assert fingerprints(before)[0] == fingerprints(after)[0]
    assert fingerprints(before)[1] != fingerprints(after)[1]
    assert [len(value) for value in fingerprints(before)] == [16, 16]


def test_threads_of_libraries_and_ours_do_not_count():
    """They wake up in a process that hangs."""
    main = PythonThread((WAIT, HANG), main=True)
    bar = PythonThread((Frame("/usr/lib/python3.11/threading.py", 1, "run"),))
    assert fingerprints([main, bar]) == fingerprints([main])
    assert fingerprints([bar]) == ("", "")


def test_the_innermost_line_of_a_running_thread_does_not_count():
    """An endless loop has more than one line; where a thread sleeps, the line is its place."""
    here, there = (Frame("/jobs/a.py", line, "spin") for line in (3, 4))
    assert fingerprints([PythonThread((here,), main=True, active=True)]) == fingerprints(
        [PythonThread((there,), main=True, active=True)]
    )
    assert fingerprints([PythonThread((here,), main=True)]) != fingerprints(
        [PythonThread((there,), main=True)]
    )


def test_a_worker_without_a_task_is_idle():
    """It reads the first number of the next task, in the worker's own loop."""
    loop = [Frame(f"{PYSPARK}/worker.py", 3565, "main"), Frame(f"{PYSPARK}/daemon.py", 90, "worker")]
    read = Frame(f"{PYSPARK}/serializers.py", 600, "read_int")
    idle = PythonThread((read, *loop), main=True)
    assert is_idle_worker([idle])
    assert is_idle_worker([PythonThread((WAIT, read, *loop), main=True)])
    process = Frame(f"{PYSPARK}/worker.py", 3612, "process")
    assert not is_idle_worker([PythonThread((read, process, *loop), main=True)])
    assert not is_idle_worker([PythonThread((read, HANG, *loop), main=True)])
    assert not is_idle_worker([PythonThread((WAIT, HANG, *loop), main=True)])
    assert not is_idle_worker([PythonThread((read, *loop))])
    assert not is_idle_worker([])


@pytest.mark.parametrize(
    "text", ["", "Error: no such process", "{}", "null", "[1, null]", b"\xff\xfe", '[{"frames": 3}]']
)
def test_what_is_no_dump_gives_no_frames(text):
    """py-spy may be another program."""
    assert all(thread.frames == () for thread in parse_py_spy(text))


def test_a_frame_of_another_shape_is_read_as_far_as_it_goes():
    """No line, no locals, a number for a name."""
    text = json.dumps(
        [{"thread_name": 7, "frames": [{"filename": "/jobs/a.py", "name": None, "line": "x"}, 5]}]
    )
    (thread,) = parse_py_spy(text)
    assert (thread.name, thread.frames, thread.locals) == ("", (Frame("/jobs/a.py", 0, "None"),), "")
