"""The task as a subreaper: test_attempt.py shows it at work."""

from __future__ import annotations

import subprocess

import pytest

from airflow_spark_guard.process import proctree, subreaper
from airflow_spark_guard.process.leftovers import TAG_ENV, Tag
from airflow_spark_guard.process.subreaper import Adoption, end_adopted

TAG = Tag("task", "one")


def test_closing_what_was_not_opened_does_nothing():
    """Nor does closing it twice."""
    Adoption().close()
    adoption = Adoption()
    adoption.open()
    assert subreaper._is_on()
    adoption.close()
    adoption.close()
    assert not subreaper._is_on()


@pytest.mark.parametrize(
    ("session", "environment", "older", "ended"),
    [
        (True, {}, False, True),
        (True, {TAG_ENV: str(TAG)}, False, True),
        (True, {TAG_ENV: "task:two"}, False, False),
        (True, {TAG_ENV: "other:one"}, False, False),
        (False, {}, False, False),
        (True, {}, True, False),
    ],
)
def test_only_what_cannot_be_anybody_elses_is_ended(session, environment, older, ended):
    """A child in another session, younger than the reaper, and of no other attempt."""
    child = subprocess.Popen(["/bin/sleep", "600"], env=environment, start_new_session=session)
    proc = proctree.read(child.pid)
    reaper = proctree.Proc(1, 1, proc.started + (1 if older else 0), "Z", "reaper")
    assert end_adopted(reaper, TAG) == ()
    if ended:
        assert proctree.read(child.pid) is None
    else:
        assert child.poll() is None
    child.kill()
    child.wait()
