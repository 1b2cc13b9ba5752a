"""A traceback in its compact form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.failure.compact import compact
from tests.support.paths import DATA

CAPTURED = DATA / "toolchain"
HEAD = "Traceback (most recent call last):"


def captured(name: str) -> str:
    return (CAPTURED / f"{name}.txt").read_text().partition("\n")[2]


def test_a_users_own_traceback_stays_as_it_is():
    """Frames, source lines, marks and message."""
    text = captured("none.driver")
    assert compact(text) == text.rstrip("\n")


def test_of_a_udfs_failure_the_users_frames_and_the_last_lines_are_shown():
    """Without the frames of pyspark and py4j."""
    text = compact(captured("none.udf"))
    assert text.splitlines()[:3] == [
        HEAD,
        '  File "/jobs/none.udf.py", line 4, in <module>',
        "    spark.range(1).select(udf(ratio, 'long')('id')).collect()",
    ]
    assert "ZeroDivisionError: integer division or modulo by zero" in text
    assert "pyspark.zip" not in text
    assert "py4j" not in text
    assert text.endswith("(3 frames of Spark, libraries and the JVM left out: see the job's output.)")


def test_no_stack_of_the_jvm_is_shown():
    """Its causes are: they are one line each."""
    text = compact(captured("worker_crashed"))
    assert "\tat " not in text
    assert "more\n" not in text
    assert "Python worker exited unexpectedly (crashed)" in text
    assert "left out: see the job's output.)" in text


def test_of_a_crashed_workers_dump_the_users_line_stays():
    """It stands below the message, and not as a traceback."""
    text = compact(captured("worker_segfault"))
    assert '  File "/jobs/worker_segfault.py", line 4 in wild' in text
    assert "pyspark.zip" not in text


def test_where_no_frame_is_the_users_the_innermost_stays():
    text = f'{HEAD}\n  File "/usr/lib/python3.11/a.py", line 1, in f\n    x\n  File "/usr/lib/python3.11/b.py", line 2, in g\n    y\nKeyError: 1'
    assert compact(text).splitlines()[:4] == [
        HEAD,
        '  File "/usr/lib/python3.11/b.py", line 2, in g',
        "    y",
        "KeyError: 1",
    ]


def test_each_exception_of_a_chain_is_shown():
    again = "During handling of the above exception, another exception occurred:"
    one = f'{HEAD}\n  File "/jobs/a.py", line 1, in f\n    x\nKeyError: 1'
    text = f"{one}\n\n{again}\n\n{one}"
    assert compact(text) == text


@pytest.mark.parametrize("count", [41, 500])
def test_a_text_that_is_no_traceback_is_shortened(count):
    lines = [f"line {row}" for row in range(count)]
    found = compact("\n".join(lines)).splitlines()
    assert len(found) == 40
    assert found[:15] == lines[:15]
    assert found[15] == f"... {count - 39} lines ..."
    assert found[16:] == lines[-24:]
    assert compact("\n".join(lines[:40])).splitlines() == lines[:40]


def test_a_long_message_and_a_recursion_are_bounded():
    frame = '  File "/jobs/a.py", line 1, in f\n    f()\n'
    text = f"{HEAD}\n{frame * 900}RecursionError: {'x' * 9000}\n" + "plan\n" * 900
    found = compact(text).splitlines()
    assert len(found) <= 41
    assert max(map(len, found)) <= 500


@given(st.text(max_size=300))
def test_any_text_is_taken(text):
    assert len(compact(text).splitlines()) <= 41
