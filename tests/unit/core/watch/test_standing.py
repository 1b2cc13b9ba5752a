"""What has not moved is counted by the rule that decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch.observation import Inside
from airflow_spark_guard.core.watch.standing import Standing
from tests.support.limits import watch_limits
from tests.unit.core.watch.watched import BLOCKED, INSIDE, STAGE, Job, running


def test_a_stage_that_stands_has_its_seconds_and_its_limit():
    """Up to the moment asked for, although the last observation was earlier."""
    job = Job(watch_limits(stall=600.0, stall_chosen=True, poll=10.0))
    for at in (0, 10, 20):
        job.observe(at, driver=running(), inside=INSIDE)
    (found,) = job.watchdog.standing(25.0)
    assert (found.key, found.unchanged, found.counted) == (STAGE.key, 25.0, 25.0)
    assert (found.limit, found.why) == (600.0, "stall_timeout")
    assert found.doing == "workers not compared yet"
    job.observe(30, driver=running(stages=(replace(STAGE, done=5),)), inside=INSIDE)
    assert job.watchdog.standing(31.0)[0].unchanged == 1.0


def test_the_line_is_named_once_the_workers_were_compared():
    """As in the task log."""
    job = Job(watch_limits(stall=600.0, stall_chosen=True, deadline=None))
    reading = replace(BLOCKED, place="enrich.py:38, enrich")
    job.until(590.0, driver=running(), reading=lambda _: (reading,))
    (found,) = job.watchdog.standing(590.0)
    assert "enrich.py:38, enrich" in found.doing


def test_samples_are_compared_anew_after_another_tool_has_stopped_the_processes():
    """What it stopped looks as if it stood still."""
    job = Job(watch_limits(stall=600.0, stall_chosen=True, deadline=None))
    job.until(590.0, driver=running())
    assert job.watchdog.suspects()[0] == (STAGE.stage,)
    job.watchdog.forget_samples()
    assert job.watchdog.suspects() == ((), ())
    assert job.until(1300.0, driver=running()) is not None
    assert job.at > 600.0, "two samples were taken anew"


@pytest.mark.parametrize(("silence", "limit"), [(None, None), (100.0, 300.0)])
def test_a_silent_driver_is_counted_with_its_limit_if_it_has_one(silence, limit):
    """Three times the limit while its processes are not seen."""
    job = Job(watch_limits(silence=silence, stall=600.0))
    quiet = Inside(application_id="app-1")
    job.observe(0, inside=quiet)
    job.observe(10, inside=quiet)
    assert [(row.key, row.counted, row.limit) for row in job.watchdog.standing(15.0)] == [(None, 15.0, limit)]


def test_the_sleep_of_this_machine_does_not_count():
    """Nor does it before the first observation after it."""
    job = Job(watch_limits(poll=10.0))
    job.observe(1, driver=running(), inside=INSIDE)
    job.observe(11, driver=running(), inside=INSIDE)
    assert job.watchdog.standing(5011.0)[0].counted <= 20.0


def test_nothing_stands_before_the_first_observation():
    """There is nothing to be counted."""
    assert Job().watchdog.standing(5.0) == ()
    assert Standing(1.0, 1.0, None).key is None
