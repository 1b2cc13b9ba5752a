"""Stacks of Spark's Python workers are kept from the log; those of anybody else stay."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.spark_log import SparkFilter

HEAD = ["Timeout (0:02:00)!", "Thread 0x00007f09309d4b80 (most recent call first):"]
WORKER = [
    *HEAD,
    '  File "/jobs/job.py", line 9 in slow',
    '  File "/x/pyspark.zip/pyspark/worker.py", line 3610 in process',
    '  File "/x/pyspark.zip/pyspark/daemon.py", line 90 in worker',
    '  File "<frozen runpy>", line 88 in _run_code',
]
OWN = [*HEAD, '  File "/jobs/job.py", line 9 in slow', '  File "/jobs/job.py", line 12 in <module>']


def shown(*feeds, least="WARN"):
    """What is shown of lines fed at a time."""
    output = JobOutput(1000, SparkFilter(least))
    found = [
        line
        for lines, now in feeds
        for line in output.feed("".join(f"{line}\n" for line in lines).encode(), now)
    ]
    return found + output.finish(1e9)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_a_workers_dump_is_left_out_in_whatever_pieces_it_comes(size):
    """And no word is said of lines held back."""
    lines = ["before", *WORKER, *WORKER, "after"]
    feeds = [(lines[start : start + size], 0.0) for start in range(0, len(lines), size)]
    assert shown(*feeds) == ["before", "after"]


def test_a_dump_of_the_jobs_own_stays():
    """faulthandler.dump_traceback_later() is for whoever called it."""
    assert shown((["before", *OWN, "after"], 0.0)) == ["before", *OWN, "after"]


def test_a_dump_that_nothing_follows_is_shown_a_second_later():
    """Not only with the next line."""
    output = JobOutput(1000, SparkFilter("WARN"))
    assert output.feed("".join(f"{line}\n" for line in OWN).encode(), 0.0) == []
    assert output.feed(b"", 0.5) == []
    assert output.feed(b"", 1.0) == OWN


def test_a_dump_at_the_end_is_judged_at_the_end():
    """Both kinds."""
    assert shown((["before", *WORKER], 0.0)) == ["before"]
    assert shown((["before", *OWN], 0.0)) == ["before", *OWN]


def test_who_wants_sparks_info_lines_gets_the_dumps_too():
    """They are all of it."""
    assert shown((WORKER, 0.0), least="INFO") == WORKER


def test_a_dump_without_end_does_not_pile_up():
    """It is no dump of a worker then."""
    frames = ['  File "/jobs/job.py", line 9 in slow'] * 5000
    assert len(shown(([*HEAD, *frames], 0.0))) > 1000
