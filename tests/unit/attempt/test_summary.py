"""``summary.json``: the same fields in every mode, from the beginning to the end."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from airflow_spark_guard.attempt.summary import FIELDS, Summary
from airflow_spark_guard.core.cluster.cluster_ending import ClusterEnding
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus
from airflow_spark_guard.core.errors import StarvedError
from airflow_spark_guard.core.failure.client_ending import Cause, ClientEnding
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.finding import Finding
from tests.support.paths import ROOT

SUBMISSION = SimpleNamespace(conf=SimpleNamespace(values={}))
FINDING = Finding(Verdict.STARVED, "It waits.", limit=300.0, reached_at=301.0)
ERROR = StarvedError("It waits.", got="nothing")


class Kept:
    """A record that keeps what is written."""

    def __init__(self):
        self.written = []

    def summary(self, fields):
        self.written.append(dict(fields))


@pytest.fixture(params=["client", "cluster"])
def summary(request):
    made = Summary(Kept(), request.param, GuardLimits(on_finding="warn"), SUBMISSION)
    made.write("running")
    return made


def last(summary):
    return summary.record.written[-1]


def end(summary, error=None, finding=None, launched_at=None):
    """The attempt ends in the way of its mode."""
    channel_state = ChannelState(hello=True, bye=error is None)
    if summary.mode == "client":
        ending = ClientEnding(
            cause=Cause.COMMAND_ENDED,
            exit_status=0,
            channel_state=channel_state,
            seconds=5.0,
            finding=finding,
        )
        summary.ended(ending, error, launched_at=launched_at)
        return
    final = ClusterStatus(ClusterState.SUCCEEDED, "application_1_2")
    summary.ended(
        ClusterEnding(final=final, channel_state=channel_state, finding=finding),
        error,
        "application_1_2",
        launched_at,
    )


def test_every_state_has_the_same_fields(summary):
    """A reader asks for no field in vain."""
    summary.observed(FINDING, ERROR)
    end(summary)
    summary.write("deferred")
    summary.broken_off(KeyError("x"))
    assert [set(row) for row in summary.record.written] == [set(FIELDS)] * 5
    assert {row["v"] for row in summary.record.written} == {1}


def test_a_success_says_how_it_went(summary):
    end(summary)
    row = last(summary)
    assert (row["state"], row["verdict"], row["hello"], row["bye"]) == ("success", "", True, True)
    assert row["ended_at_s"] >= 0
    assert summary.has_ended


def test_a_failure_says_what_when_and_by_which_limit(summary):
    end(summary, ERROR, FINDING)
    row = last(summary)
    assert (row["state"], row["verdict"], row["what"], row["got"]) == (
        "failed",
        "STARVED",
        "It waits.",
        "nothing",
    )
    assert (row["limit_s"], row["limit_reached_at_s"]) == (300.0, 301.0)


def test_what_was_observed_is_there_while_it_runs_and_when_it_is_over(summary):
    summary.observed(FINDING, ERROR)
    end(summary)
    assert [row["state"] for row in summary.record.written] == ["running", "running", "success"]
    found = [[row["verdict"] for row in written["observed"]] for written in summary.record.written]
    assert found == [[], ["STARVED"], ["STARVED"]]
    assert all(row["limits"]["on_finding"] == "warn" for row in summary.record.written)


def test_a_limit_of_an_application_that_was_taken_over_counts_from_this_attempts_start(summary):
    """All times of the file do; the application was submitted by an earlier try."""
    started_at = last(summary)["started_at"]
    summary.observed(FINDING, ERROR, started_at - 200.0)
    end(summary, ERROR, FINDING, started_at - 200.0)
    (observed,) = last(summary)["observed"]
    assert last(summary)["limit_reached_at_s"] == observed["limit_reached_at_s"] == pytest.approx(101.0)


def test_of_a_foreign_exception_only_the_class_is_written(summary):
    """Its text may hold anything."""
    summary.broken_off(KeyError("geheim"))
    assert (last(summary)["verdict"], last(summary)["what"]) == ("UNKNOWN", "The watch ended: KeyError.")
    summary.broken_off(ERROR)
    assert (last(summary)["verdict"], last(summary)["got"]) == ("STARVED", "nothing")


def test_the_page_on_records_has_the_table_of_fields():
    """Word for word, in the same order."""
    page = (ROOT / "docs" / "records.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", page[page.index("## summary.json") :], re.MULTILINE)
    assert rows == list(FIELDS.items())
