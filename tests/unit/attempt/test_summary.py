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
from airflow_spark_guard.core.history.cost import Receipt
from airflow_spark_guard.core.history.waste import cost_fields
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.observation import DriverView, Executor, Observation
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
    part = page[page.index("## summary.json") : page.index("### cost")]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", part, re.MULTILINE)
    assert rows == list(FIELDS.items())


def test_the_parts_of_the_cost_are_on_that_page():
    """Every one, and no other."""
    page = (ROOT / "docs" / "records.md").read_text()
    part = page[page.index("### cost") : page.index("## instruments.jsonl")]
    names = [
        name for cell in re.findall(r"^\| (`.*?) \|", part, re.MULTILINE) for name in re.findall(r"\w+", cell)
    ]
    assert set(names) == set(cost_fields(Receipt(), None, succeeded=True))


@pytest.fixture
def observed(summary):
    """Two executors of two cores each that were there from the start, one of them lost after a while."""
    started = last(summary)["started_at"]
    rows = (
        Executor("1", active=True, added=started, cores=2, run_ms=4000),
        Executor(
            "2", active=False, added=started, removed=started + 1.0, reason="exited with code 137", cores=2
        ),
    )
    summary.observe(Observation(2.0, driver=DriverView(1, executors=rows)))
    return summary


def test_there_is_no_cost_before_the_end(observed):
    """Nor without an observation."""
    observed.write("running")
    assert last(observed)["cost"] is None
    observed.write("deferred")
    assert last(observed)["cost"] is None


def test_an_attempt_without_observations_has_no_cost(summary):
    """In cluster mode, or if it ended before the first look."""
    end(summary)
    assert last(summary)["cost"] is None


def test_a_success_has_wasted_what_was_idle(observed):
    observed.write("success", ended_at_s=5.0)
    cost = last(observed)["cost"]
    assert (cost["held_core_s"], cost["used_core_s"], cost["idle_core_s"]) == (12.0, 4.0, 8.0)
    assert (cost["thrown_away_core_s"], cost["wasted_core_s"], cost["executor_losses"]) == (0.0, 8.0, 1)


def test_a_failure_has_wasted_all(observed):
    """Also one that ends by a foreign exception."""
    observed.write("failed", ended_at_s=5.0)
    cost = last(observed)["cost"]
    assert (cost["idle_core_s"], cost["thrown_away_core_s"], cost["wasted_core_s"]) == (8.0, 4.0, 12.0)
    observed.broken_off(KeyError("x"))
    assert last(observed)["cost"]["executor_losses"] == 1


def test_an_account_that_cannot_be_made_harms_nothing(summary):
    """A fault of ours, or an observation of any shape."""
    summary.observe(object())
    summary.observe(
        Observation(2.0, driver=DriverView(1, executors=(Executor("1", active=True, added="x", cores=1),)))
    )
    end(summary)
    assert last(summary)["state"] == "success"
    assert last(summary)["cost"] is None
