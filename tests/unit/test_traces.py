"""Recorded observations of real runs, judged again: every fault gets its verdict, no healthy job gets one.

``python -m tools.faults --record-traces`` makes them; the first line says what was run, the last how it ended.
"""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.failure.client_ending import Cause, ClientEnding
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.core.watch.watch_limits import WatchLimits
from airflow_spark_guard.core.watch.watchdog import Watchdog
from tests.support.paths import DATA

TRACES = sorted((DATA / "traces").glob("*.jsonl"))
# What the watchdog itself finds; the others are told by how the processes ended.
FOUND = {
    Verdict.DEADLINE,
    Verdict.DRIVER_SILENT,
    Verdict.EXECUTORS_LOST,
    Verdict.NOT_EXITING,
    Verdict.STALLED,
    Verdict.STARVED,
}
HEARTBEAT = 2.0  # the matrix's spark.executor.heartbeatInterval


def read(trace):
    first, *lines, last = [json.loads(line) for line in trace.read_text().splitlines()]
    return first, [Observation.from_json(line) for line in lines], last["ending"]


def replay(head, observations):
    """The first finding, as the watch would have had it."""
    limits = GuardLimits(**head["limits"])
    watchdog = Watchdog(
        WatchLimits.of(limits, deadline=float(head["limits"]["deadline"]), heartbeat=HEARTBEAT)
    )
    for seen in observations:
        decision = watchdog.observe(seen)
        if decision.finding is not None:
            return decision.finding
    return None


@pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)
def test_a_recorded_run_gets_the_same_verdict_again(trace):
    """By the watchdog, or by how its processes ended."""
    head, observations, last = read(trace)
    finding = replay(head, observations)
    error = ending(last, finding).failure()
    verdict = "" if error is None else str(error.verdict)
    assert verdict in head["expected"]
    if finding is not None:
        assert finding.verdict in FOUND


def ending(last, finding):
    """How it ended, as the watch saw it."""
    channel_state = ChannelState(hello=last["hello"], bye=last["bye"], error=last["error"])
    if finding is not None:
        return ClientEnding(
            cause=Cause.FINDING, exit_status=last["exit_status"], channel_state=channel_state, finding=finding
        )
    return ClientEnding(
        cause=Cause(last["cause"]), exit_status=last["exit_status"], channel_state=channel_state
    )


def test_every_verdict_and_every_healthy_case_has_a_trace():
    """The corpus must not shrink."""
    seen = {verdict for trace in TRACES for verdict in read(trace)[0]["expected"]}
    told = {str(verdict) for verdict in Verdict} - {"KILLED", "TAKEN_OVER", "UNKNOWN", "VANISHED"}
    assert told <= seen
    assert len([trace for trace in TRACES if trace.stem.startswith("healthy")]) == 20
