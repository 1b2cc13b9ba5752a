"""The order in which an ending explains itself, the same for each that can run an application."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.cluster.cluster_ending import ClusterEnding
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus
from airflow_spark_guard.core.failure.client_ending import Cause, ClientEnding
from airflow_spark_guard.core.failure.ending import submit_failure
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.finding import Finding

ERROR = {"category": "user", "type": "ValueError", "message": "no rows", "traceback": "", "frames": []}
FAILED = ChannelState(hello=True, error=ERROR)
DONE = ChannelState(hello=True, bye=True)
FINAL = ClusterStatus(ClusterState.SUCCEEDED, "application_1_2", "state FINISHED")


def finding(verdict):
    return Finding(verdict, "It hangs.", limit=9.0, reached_at=10.0)


def client(*, killed=False, **known):
    causes = {"finding": Cause.FINDING, "killed": Cause.KILLED}
    name = "killed" if killed else next((name for name in causes if known.get(name)), "")
    return ClientEnding(cause=causes.get(name, Cause.COMMAND_ENDED), exit_status=0, **known)


def cluster(*, killed=False, **known):
    return ClusterEnding(
        final=FINAL, killed="The task was killed." if killed else "", has_launcher=True, **known
    )


@pytest.mark.parametrize("ended", [client, cluster])
@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        ({"killed": True, "channel_state": FAILED, "finding": finding(Verdict.STALLED)}, Verdict.KILLED),
        ({"channel_state": FAILED, "finding": finding(Verdict.STALLED)}, Verdict.USER_CODE),
        ({"channel_state": DONE, "finding": finding(Verdict.STALLED)}, Verdict.STALLED),
        ({"channel_state": DONE, "finding": finding(Verdict.NOT_EXITING)}, Verdict.NOT_EXITING),
        ({"channel_state": ChannelState(hello=True)}, Verdict.DRIVER_GONE),
    ],
)
def test_what_explains_a_failure_best_comes_first(ended, known, verdict):
    """A kill from outside, the job's own error, the watch's finding, the report of what ran it."""
    error = ended(**known, orphans=("7 sleep",)).failure()
    assert (error.verdict, error.orphans) == (verdict, ("7 sleep",))


@pytest.mark.parametrize("ended", [client, cluster])
def test_a_success_needs_the_closing_message(ended):
    """And if the result arrived, a driver that does not exit is one too."""
    assert ended(channel_state=DONE).failure() is None
    channel_state = ChannelState(hello=True, bye=True, has_result=True, result=3)
    assert ended(channel_state=channel_state, finding=finding(Verdict.NOT_EXITING)).failure() is None


@pytest.mark.parametrize("ended", [client, cluster])
def test_threads_that_python_waits_for_are_named(ended):
    """With a result they are excused: the script reported its work as done."""
    channel_state = ChannelState(hello=True, bye=True, threads=("pool_0", "alone"))
    error = ended(channel_state=channel_state, finding=finding(Verdict.NOT_EXITING)).failure()
    done = replace(channel_state, has_result=True, result=3)
    assert ended(channel_state=done, finding=finding(Verdict.NOT_EXITING)).failure() is None
    assert (error.verdict, error.got) == (Verdict.NOT_EXITING, "threads that Python waits for: pool_0, alone")


def test_orphans_add_up():
    """Those of the processes, and then those of the master."""
    ending = client(channel_state=DONE, orphans=("7 sleep",)).with_orphans(("app-1",))
    assert ending.orphans == ("7 sleep", "app-1")


def test_a_submission_that_fails_for_a_known_reason_is_named():
    """By the toolchain table."""
    evidence = "Exception in thread main java.lang.OutOfMemoryError: Java heap space\n\tat org.apache.spark.X"
    assert not isinstance(submit_failure(1, evidence, ()), errors.SubmitError)
    assert isinstance(submit_failure(1, "", ()), errors.SubmitError)
