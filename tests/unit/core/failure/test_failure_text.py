"""A failure's text taken apart."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.failure.failure_text import (
    LONGEST_TEXT,
    raised,
    take_apart,
    worker_exception,
    worker_place,
)
from tests.support.paths import DATA

CAPTURED = DATA / "toolchain"
HEAD = "Traceback (most recent call last):"


def captured(name: str) -> str:
    return (CAPTURED / f"{name}.txt").read_text()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("none.udf", "/jobs/none.udf.py:3, ratio"),
        ("none.rdd", "/jobs/none.rdd.py:2, ratio"),
        ("worker_segfault", "/jobs/worker_segfault.py:4, wild"),
        ("worker_segfault.rdd", "/jobs/worker_segfault.rdd.py:3, wild"),
        ("worker_memory", "/jobs/worker_memory.py:3, grow"),
        ("module_missing.in_function", "/jobs/module_missing.in_function.py:5, price"),
    ],
)
def test_the_line_that_stood_in_the_worker_is_named(name, place):
    """The user's own, below Spark's and above the library's: a traceback ends with it, a dump begins."""
    assert worker_place(captured(name)) == place


@pytest.mark.parametrize(
    "name", ["none.driver", "none.analysis", "worker_crashed", "result_too_large", "no_pyarrow"]
)
def test_without_a_line_of_the_users_in_a_worker_there_is_no_place(name):
    """The driver's line is not the worker's, and Spark's own is nobody's."""
    assert not worker_place(captured(name))


def test_a_dump_from_a_workers_log_needs_nothing_around_it():
    dump = (
        "Timeout (0:00:03)!\nThread 0x00007f (most recent call first):\n"
        '  File "/usr/lib/python3.11/socket.py", line 706 in readinto\n'
        '  File "/jobs/etl.py", line 14 in ask\n  File "/jobs/etl.py", line 30 in rows\n'
        '  File "/opt/spark/python/lib/pyspark.zip/pyspark/worker.py", line 2119 in main\n'
    )
    assert worker_place(dump) == "/jobs/etl.py:14, ask"


def test_of_several_threads_the_one_that_crashed_is_meant():
    dump = (
        "Python worker exited unexpectedly (crashed): Fatal Python error: Segmentation fault\n\n"
        'Thread 0x1 (most recent call first):\n  File "/jobs/etl.py", line 3 in wait\n\n'
        'Current thread 0x2 (most recent call first):\n  File "/jobs/etl.py", line 9 in crash\n'
    )
    assert worker_place(dump) == "/jobs/etl.py:9, crash"


def test_a_place_is_safe_to_show():
    """File and function names are the job's own words."""
    text = f'PythonException: {HEAD}\n  File "/jobs/\x1b[31mx.py", line 1, in password=hunter2\n'
    assert worker_place(text) == "/jobs/[31mx.py:1, password=******"


def test_the_exception_ends_where_another_begins_without_a_link_to_it():
    """Other threads and exit handlers fail because of the first."""
    linked = (
        f"{HEAD}\n  x\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\n"
    )
    text = f"INFO before\n{linked}{HEAD}\n  y\nValueError: 2\n{HEAD}\n  z\nOSError: 3"
    parts = take_apart(text)
    assert parts.exception == f"{linked}{HEAD}\n  y\nValueError: 2"
    assert parts.everything == text
    assert parts.users
    assert take_apart(f"{HEAD}\n  x\nKeyError: 1\n26/11/20 23:56:49 ERROR y").exception.endswith(
        "KeyError: 1"
    )


def test_a_programs_own_end_in_java_is_an_exception_too():
    parts = take_apart('26/11/20 23:56:49 WARN x\nException in thread "main" java.lang.Error: y\n\tat z')
    assert parts.exception.startswith("Exception in thread")


@pytest.mark.parametrize(
    ("name", "users"),
    [
        ("none.driver", True),
        ("none.analysis", True),
        ("none.udf", True),
        ("none.then_stopped", True),
        ("gateway_lost", False),
        ("context_shut_down", False),
        ("no_space", False),
        ("executor_lost", False),
    ],
)
def test_whose_exception_it_was_first(name, users):
    """What came while that one was handled does not change it."""
    assert take_apart(captured(name)).users is users


def test_a_long_text_keeps_both_ends():
    parts = take_apart("a\n" + "x\n" * LONGEST_TEXT + "z")
    assert parts.everything.startswith("a\n")
    assert parts.everything.endswith("\nz")
    assert len(parts.everything) <= LONGEST_TEXT + 1
    assert take_apart("") == take_apart("\r")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.B: boom\n\tat c.D(E.java:1)", "a.B: boom"),
        (f'x\n{HEAD}\n  File "a.py", line 1, in f\nValueError: row 5\n\tat c.D', "ValueError: row 5"),
        (f"{HEAD}\n", f"{HEAD}\n"),
    ],
)
def test_what_was_raised_is_the_last_exception(text, expected):
    assert raised(text) == expected
    assert worker_exception(text) in {expected, ""}
