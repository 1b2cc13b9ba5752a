"""The Spark jobs of an application."""

import pytest

from airflow_spark_guard.core.history import jobs_fold
from airflow_spark_guard.core.history.event_kinds import JobEnded
from airflow_spark_guard.core.history.jobs_fold import JobsFold, is_python_call
from airflow_spark_guard.core.history.model import JobHistory
from tests.support.event_logs import START, job

SECONDS = START / 1000
STATEMENTS = {None: "", 5: "insert into t"}
CALL = "collect at /srv/job.py:6"


def test_a_job_from_its_start_to_its_end():
    fold = JobsFold()
    fold.start(job(1, 2, 3, call=CALL, execution=5))
    fold.start(job(0, 1, description="nightly totals", call=CALL))
    fold.end(JobEnded(1, START + 2000, "Job aborted"))
    assert fold.history(STATEMENTS.get) == (
        JobHistory(0, "nightly totals", SECONDS, None, "", (1,), None),
        JobHistory(1, CALL, SECONDS, SECONDS + 2, "Job aborted", (2, 3), 5),
    )
    assert set(fold.active) == {0}


def test_a_job_without_a_call_has_the_statement_of_its_execution():
    fold = JobsFold()
    fold.start(job(0, 1, execution=5))
    assert fold.history(STATEMENTS.get)[0].description == "insert into t"


def test_a_stage_knows_the_jobs_that_needed_it():
    fold = JobsFold()
    fold.start(job(0, 1, 2, execution=4))
    fold.start(job(1, 2, 3, execution=6))
    assert (fold.of_stage(1), fold.of_stage(2), fold.of_stage(9)) == ((0,), (0, 1), ())
    assert (fold.execution_of(2), fold.execution_of(9)) == (6, None)
    fold.end(JobEnded(1, START))
    assert fold.execution_of(2) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CALL, True),
        ("collect at /srv/my jobs/job.py:6", True),
        ("collect at NativeMethodAccessorImpl.java:0", False),
        ("$anonfun$x$1 at CompletableFuture.java:1768", False),
        (" at /srv/job.py:6", False),
        ("", False),
    ],
)
def test_a_call_is_the_users_if_it_names_python(text, expected):
    assert is_python_call(text) is expected


def test_the_call_of_a_stage_is_the_nearest_one():
    fold = JobsFold()
    fold.start(job(0, 1, call=CALL))
    fold.start(job(1, 2, call="save at X.java:1"))
    assert fold.call(1, "reduceByKey at /srv/job.py:5", "") == "reduceByKey at /srv/job.py:5"
    assert fold.call(1, "save at X.java:1", "") == CALL
    assert fold.call(2, "save at X.java:1", CALL) == CALL
    assert fold.call(2, "save at X.java:1", "select 1") == ""


def test_the_receiver_of_a_stream_is_no_usual_stage():
    fold = JobsFold()
    fold.start(job(0, 1, description="Streaming job running receiver 0"))
    fold.start(job(1, 2))
    assert (fold.is_receiver(1), fold.is_receiver(2), fold.is_receiver(3)) == (True, False, False)


def test_the_end_of_an_unknown_job_counts():
    fold = JobsFold()
    fold.end(JobEnded(7, START))
    assert fold.history(STATEMENTS.get) == (JobHistory(7, completed=SECONDS),)


def test_of_very_many_jobs_those_that_succeeded_first_are_left_out(monkeypatch):
    monkeypatch.setattr(jobs_fold, "MOST_JOBS", 10)
    fold = JobsFold()
    for number in range(11):
        fold.start(job(number, number, 100))
        fold.end(JobEnded(number, START, "x" if number == 0 else ""))
    assert [found.job for found in fold.history(STATEMENTS.get)] == [0, *range(2, 11)]
    assert (fold.left_out, fold.of_stage(1)) == (1, ())
    assert fold.of_stage(100) == (0, *range(2, 11))


def test_an_end_that_a_damaged_log_repeats_forgets_nothing():
    fold = JobsFold()
    fold.start(job(1, 4, call="count at /srv/job.py:3"))
    for _ in range(2):
        fold.end(JobEnded(1, START + 9))
    fold.end(JobEnded(2, START + 9))
    first, _ = fold.history(lambda _: "")
    assert (first.description, fold.unstarted) == ("count at /srv/job.py:3", 1)
