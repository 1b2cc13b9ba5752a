"""Reasons for a failure, shortened."""

from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.history.shortened import LONGEST, shortened

JAVA = "\tat org.apache.spark.rdd.RDD.compute(RDD.scala:1)\n\t... 12 more\n" * 100
PYTHON = (
    "Traceback (most recent call last):\n" + '  File "job.py", line 1, in f\n' * 200 + "ValueError: bad row\n"
)


def test_a_short_reason_stays_as_it_is():
    assert shortened("boom\n\tat a.B") == "boom\n\tat a.B"


def test_frames_of_java_go_first():
    assert shortened(f"Job aborted: Lost task\nValueError: bad row\n{JAVA}Driver stacktrace:") == (
        "Job aborted: Lost task\nValueError: bad row\nDriver stacktrace:"
    )


def test_the_exception_of_a_long_traceback_is_kept():
    found = shortened(f"Job aborted: Lost task\n{PYTHON}{JAVA}")
    assert found.startswith("Job aborted: Lost task\nTraceback")
    assert found.endswith("ValueError: bad row\n")
    assert len(found) == LONGEST


@given(st.text(max_size=50), st.integers(0, 10_000))
def test_nothing_is_longer(text, times):
    assert len(shortened(text * times)) <= LONGEST
