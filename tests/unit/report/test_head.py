"""The top of a page."""

from dataclasses import replace

import pytest

from airflow_spark_guard.core.history.model import ExecutorHistory, JobHistory, Spread
from airflow_spark_guard.report.contents import Contents
from airflow_spark_guard.report.head import head_of
from tests.support.reports import SUMMARY, at, history


def head(summary=SUMMARY, **fields):
    return head_of(Contents("dag / run / task / try-1", history(**fields), summary))


def facts(found):
    return {fact.name: fact.value for fact in found.facts}


def test_a_failed_attempt_says_what_where_and_what_to_do():
    found = head()
    assert (found.verdict, found.tone) == ("STALLED", "bad")
    assert found.title == "STALLED - dag / run / task / try-1"
    assert (found.what, found.got) == ("Stage 3 stood still for 1m.", "0 of 4 tasks done")
    assert (found.place, found.advice) == ("/a/job.py:43, wait", "Give it a time-out.")


def test_the_figures_of_the_whole():
    assert facts(head()) == {
        "Application": "app-1",
        "Started": "2027-01-15 08:00:00 UTC",
        "Took": "1m 30s",
        "Stages": "2",
        "Executors": "2, 1 lost",
        "Deploy mode": "client",
        "Ended by": "the watchdog ended it",
        "Limit": "1m",
    }


def test_tasks_are_counted_where_single_ones_are_known():
    (stage, _) = history().stages
    spread = Spread(4, 1, 1, 2, 3, 4, 10)
    assert facts(head(stages=(replace(stage, duration=spread),)))["Tasks done"] == "4"


def test_what_may_still_run_is_named():
    assert facts(head(SUMMARY | {"orphans": ["pid 7"]}))["Not confirmed as ended"] == "pid 7"


@pytest.mark.parametrize(
    ("state", "verdict", "tone"),
    [("success", "SUCCESS", "good"), ("running", "RUNNING", "neutral"), ("x", "UNKNOWN", "neutral")],
)
def test_an_attempt_without_a_verdict_shows_its_state(state, verdict, tone):
    found = head({"state": state})
    assert (found.verdict, found.tone) == (verdict, tone)
    assert found.what


def test_an_application_without_a_record_says_how_it_ended():
    jobs = (JobHistory(0), JobHistory(1, failure="cancelled"))
    assert head({}, jobs=jobs).what.startswith("flights ended; 1 of its 2 Spark jobs failed")
    assert (head({}, jobs=jobs).got, head({}, jobs=jobs).tone) == ("Job 1: cancelled", "bad")
    assert head({}, ended=None).verdict == "NOT ENDED"
    assert head({}, ended=None).title == "NOT ENDED - dag / run / task / try-1"


def test_lost_executors_are_not_those_that_were_given_back():
    gone = [
        ExecutorHistory(str(number), removed=at(9), reason=reason)
        for number, reason in enumerate(("Executor killed by driver.", "Command exited with code 137"))
    ]
    assert facts(head(executors=(*gone, ExecutorHistory("9"))))["Executors"] == "3, 1 lost, 1 removed"


def test_a_log_without_its_start_shows_what_it_covers():
    found = facts(head({}, started=None, ended=None, first_seen=at(10), last_seen=at(40), attempt="2"))
    assert found["First event"] == "2027-01-15 08:00:10 UTC"
    assert (found["Log covers"], found["YARN's attempt"]) == ("30s", "2")


@pytest.mark.parametrize("value", [None, 3, ["x"], {"a": 1}])
def test_fields_of_another_type_are_left_out(value):
    found = head(SUMMARY | {"what": value, "verdict": value, "got": value, "mode": value, "orphans": value})
    assert (found.verdict, found.got) == ("FAILED", "")


def test_an_attempt_whose_summary_is_unreadable_is_unknown():
    """Its record has stages all the same; it knows of no Spark jobs."""
    found = head_of(Contents("p", replace(history(), jobs=()), is_attempt=True))
    assert (found.verdict, found.tone) == ("UNKNOWN", "neutral")


def test_a_log_of_stages_without_jobs_does_not_say_that_none_ran():
    assert head_of(Contents("p", replace(history(), jobs=()))).what.endswith("it names no Spark job.")
