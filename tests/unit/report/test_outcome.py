"""How an application ended, from logs that the tests write."""

import pytest

from airflow_spark_guard.report.outcome import outcome_of
from airflow_spark_guard.sources.event_log import read_event_log
from tests.support.event_logs import START, line, small_log, stage_info, task_end_line, written

SHUT_DOWN = "Job 1 cancelled because SparkContext was shut down"
OUT_OF_MEMORY = (
    "Job aborted due to stage failure: Task 5 in stage 1.0 failed 4 times, most recent failure: Lost task 5.3 in "
    "stage 1.0 (TID 9) (h executor 1): a.b.GpuOOM: could not split\n\tat a.B(C.java:1)\n\nDriver stacktrace:"
)
PYTHON = (
    "Job aborted due to stage failure: Task 0 in stage 1.0 failed 4 times: PythonException: An exception was "
    'thrown from the Python worker: Traceback (most recent call last):\n  File "/jobs/job.py", line 16, in '
    "price\n    raise ValueError(row)\nValueError: row 5 is bad\n\tat org.apache.spark.Error: x"
)


def job_start(number, stage):
    return line(
        "SparkListenerJobStart", Job_ID=number, Submission_Time=START + 2000, Stage_IDs=[stage], Properties={}
    )


def job_failed(number, reason, at=5000):
    result = {"Result": "JobFailed", "Exception": {"Message": reason}}
    return line("SparkListenerJobEnd", Job_ID=number, Completion_Time=START + at, Job_Result=result)


def begun(number, **fields):
    """A job with a stage of two tasks, one of which ends."""
    info = stage_info(number, 2, **{"Stage Name": f"save at <console>:{number}", **fields})
    return (
        job_start(number, number),
        line("SparkListenerStageSubmitted", Stage_Info=info, Properties={}),
        task_end_line(9, number),
    )


def end(**fields):
    return line("SparkListenerApplicationEnd", Timestamp=START + 9000, **fields)


@pytest.fixture
def outcome(tmp_path):
    """Of a log with one job that succeeded, and what a test adds."""

    def of(*lines, log=None):
        log = small_log()[:-1] if log is None else log
        return outcome_of(read_event_log(written(tmp_path / "log", [*log, *lines])))

    return of


def test_an_application_whose_jobs_succeeded(outcome):
    found = outcome(end())
    assert (found.word, found.tone, found.what) == ("ENDED", "good", "n ended; its Spark job succeeded.")
    more = outcome(
        job_start(1, 1),
        line("SparkListenerJobEnd", Job_ID=1, Job_Result={"Result": "JobSucceeded"}, Completion_Time=START),
        end(),
    )
    assert more.what == "n ended; its 2 Spark jobs succeeded."


def test_an_application_without_a_job(outcome):
    assert outcome(end(), log=small_log()[:4]).what == "n ended; it ran no Spark job."


def test_the_first_failure_is_the_cause_and_what_the_end_cut_off_is_not(outcome):
    jobs = (*begun(1), *begun(2), job_failed(2, OUT_OF_MEMORY), job_failed(1, SHUT_DOWN, 4000))
    found = outcome(*jobs, end())
    assert (found.word, found.tone) == ("ENDED", "bad")
    assert found.what == "n ended; 1 of its 3 Spark jobs failed, 1 was cut off by its shutdown."
    assert found.got == (
        "Job 2: Job aborted due to stage failure: Task 5 in stage 1.0 failed 4 times, most recent failure: Lost task "
        "5.3 in stage 1.0 (TID 9) (h executor 1): a.b.GpuOOM: could not split"
    )
    assert found.place == "save at <console>:2"
    assert found.advice


def test_an_exception_of_the_users_own_is_named_with_its_line(outcome):
    found = outcome(*begun(1), job_failed(1, PYTHON), end())
    assert (found.got, found.place) == ("Job 1: ValueError: row 5 is bad", "/jobs/job.py:16, price")
    assert found.advice == "Fix what raises it: Spark has tried it spark.task.maxFailures times."


def test_spark_that_is_stopped_while_it_works(outcome):
    found = outcome(*begun(1), job_failed(1, SHUT_DOWN), end())
    assert found.what == "n ended; 1 of its 2 Spark jobs was cut off by its shutdown."
    assert found.got == SHUT_DOWN
    assert "what stopped Spark" in found.advice


def test_a_failure_of_sparks_own_has_its_advice(outcome):
    text = "Job aborted due to stage failure: Total size of serialized results of 4 tasks (2.0 MiB) is bigger than spark.driver.maxResultSize (1024.0 KiB)"
    assert "spark.driver.maxResultSize" in outcome(*begun(1), job_failed(1, text), end()).advice


def test_a_cut_log_says_what_ran_at_last(outcome):
    found = outcome(*begun(1), *begun(2))
    assert (found.word, found.tone) == ("NOT ENDED", "neutral")
    assert found.what == "The log of n has no end; 2 of its 3 Spark jobs were running at its last event."
    assert found.got == "Stage 1 (save at <console>:1) had done 1 of 2 tasks."
    assert "how its driver ended" in found.advice
    assert outcome().what == "The log of n has no end; its Spark job succeeded."


def test_a_cut_log_with_a_failed_job_names_the_failure(outcome):
    found = outcome(*begun(1), *begun(2), job_failed(1, OUT_OF_MEMORY))
    assert (
        found.what
        == "The log of n has no end; 1 of its 3 Spark jobs failed, 1 was running at its last event."
    )
    assert "a.b.GpuOOM" in found.got


def test_an_exit_code_of_the_driver_is_a_failure_whatever_the_jobs_did(outcome):
    found = outcome(end(ExitCode=1))
    assert (found.word, found.tone, found.what) == (
        "FAILED",
        "bad",
        "n ended with exit code 1; its Spark job succeeded.",
    )
    assert found.advice
    assert outcome(end(ExitCode=0)).word == "ENDED"


def test_a_job_without_an_end_in_a_log_that_has_one(outcome):
    found = outcome(*begun(1), end())
    assert (found.tone, found.what) == (
        "neutral",
        "n ended; 1 of its 2 Spark jobs was without an end in the log.",
    )


def test_texts_of_the_job_are_printable(outcome):
    start = line("SparkListenerApplicationStart", App_Name="a\x1b[31m\nb", App_ID="x", Timestamp=START)
    log = [*small_log()[:2], start]
    assert "\x1b" not in outcome(log=log).what
