"""Which stages are there, and when that cannot be seen."""

from __future__ import annotations

from dataclasses import replace

from airflow_spark_guard.core.watch.observation import STALE, DriverView, Observation
from airflow_spark_guard.core.watch.stages import known_stages, running_stages
from tests.unit.core.watch.watched import INSIDE, STAGE, running

OTHER = replace(STAGE, stage=9)
SAID = replace(INSIDE, stages=(OTHER,), heard_at=100.0)


def test_the_rest_api_comes_before_the_jobs_own_word():
    """It has counters."""
    assert known_stages(Observation(100, driver=running(), inside=SAID)) == (STAGE,)
    assert known_stages(Observation(100, driver=DriverView(jobs=0), inside=SAID)) == ()
    assert known_stages(Observation(100, inside=SAID)) == (OTHER,)


def test_a_word_that_is_old_is_none():
    """The launcher speaks every 30 s; one that cannot may have left that stage long ago."""
    assert known_stages(Observation(100 + STALE, inside=SAID)) == (OTHER,)
    assert known_stages(Observation(101 + STALE, inside=SAID)) is None


def test_what_nobody_has_said_cannot_be_seen():
    """No message, or a job whose stages the tracker does not name."""
    assert known_stages(Observation(1)) is None
    assert known_stages(Observation(1, inside=INSIDE)) is None
    assert known_stages(Observation(1, inside=replace(INSIDE, jobs=0))) == ()


def test_after_the_scripts_end_there_is_none():
    """Whatever the UI still shows."""
    assert known_stages(Observation(1, driver=running(), inside=replace(INSIDE, ended=True))) == ()


def test_after_the_scripts_end_there_are_those_of_its_threads():
    """As long as their jobs are reported; first as the REST API has them."""
    ended = replace(SAID, ended=True, heard_at=5.0, worked_at=100.0)
    assert known_stages(Observation(100 + STALE, inside=ended)) == (OTHER,)
    assert known_stages(Observation(100, driver=running(), inside=ended)) == (STAGE,)
    assert known_stages(Observation(101 + STALE, driver=running(), inside=ended)) == ()
    assert known_stages(Observation(100, inside=replace(ended, stages=()))) is None
    assert known_stages(Observation(100, driver=running(), inside=replace(ended, jobs=0, stages=()))) == ()


def test_the_stages_that_run_are_the_jobs_newest_word():
    """Those with running tasks, else those that wait; the REST API where the job has no word yet."""
    waiting = replace(OTHER, stage=12, active=0)
    said = replace(INSIDE, application_id="app-1", stages=(OTHER, waiting))
    assert running_stages(running(), said) == (9,)
    assert running_stages(running(), replace(said, stages=(waiting,))) == (12,)
    assert running_stages(running(), replace(said, jobs=0, stages=())) == ()
    assert running_stages(running(), replace(INSIDE, application_id="")) == (STAGE.stage,)
    assert running_stages(running(), None) == (STAGE.stage,)


def test_stages_that_nobody_has_named_are_not_known():
    """A job runs, and its stages are not there yet."""
    assert running_stages(None, None) is None
    assert running_stages(DriverView(jobs=1), None) is None
    assert running_stages(DriverView(jobs=0), None) == ()
