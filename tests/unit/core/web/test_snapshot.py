"""What one look knows of executors, and who was silent."""

from __future__ import annotations

from airflow_spark_guard.core.web.snapshot import Manager, Snapshot
from tests.unit.core.remote.seen import START, living, log, lost, running, silent


def test_the_driver_knows_its_executors_best():
    """Where it is silent its event log is asked; where there is none, nobody knows any."""
    rows, old = living("1"), lost("0", START)
    assert running(START, *rows, history=log(old)).executors == rows
    assert silent(START, history=log(old)).executors == (old,)
    assert silent(START).executors == ()


def test_everybody_who_was_silent_says_why():
    """One sentence for the message."""
    assert silent(START, why=(("driver", "no answer"), ("master", "is STANDBY"))).why_silent == (
        "driver: no answer; master: is STANDBY"
    )
    assert Snapshot(START).why_silent == ""


def test_an_application_that_waits_for_executors_is_alive():
    """One that the master does not know is not, and FINISHED is not either."""
    alive = {
        state for state in ("", "WAITING", "RUNNING", "FINISHED", "FAILED", "KILLED") if Manager(state).alive
    }
    assert alive == {"WAITING", "RUNNING"}
