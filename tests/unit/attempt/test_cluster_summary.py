"""What ``summary.json`` says in cluster mode."""

from __future__ import annotations

from types import SimpleNamespace

from airflow_spark_guard.attempt.cluster_summary import ClusterSummary
from airflow_spark_guard.core.errors import StarvedError
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding

SUBMISSION = SimpleNamespace(conf=SimpleNamespace(values={}))
FINDING = Finding(Verdict.STARVED, "It waits.", limit=300.0, reached_at=301.0)


class Kept:
    """A record that keeps what it is told."""

    def __init__(self):
        self.told = []

    def summary(self, fields):
        self.told.append(dict(fields))


def begun():
    record = Kept()
    summary = ClusterSummary(record)
    summary.begin(GuardLimits(on_finding="warn"), SUBMISSION)
    return record, summary


def test_what_was_observed_is_there_while_it_runs_and_when_it_is_over():
    record, summary = begun()
    summary.observed(FINDING, StarvedError("It waits."))
    summary.ended("success")
    assert [told["state"] for told in record.told] == ["running", "running", "success"]
    assert [[row["verdict"] for row in told["observed"]] for told in record.told] == [
        [],
        ["STARVED"],
        ["STARVED"],
    ]
    assert all(told["limits"]["on_finding"] == "warn" for told in record.told)


def test_a_failure_says_what_it_was():
    record, summary = begun()
    summary.failed(StarvedError("It waits.", got="nothing"))
    assert (record.told[-1]["state"], record.told[-1]["verdict"], record.told[-1]["got"]) == (
        "failed",
        "STARVED",
        "nothing",
    )
    summary.failed(KeyError("x"))
    assert record.told[-1]["what"] == "The watch ended: KeyError."
