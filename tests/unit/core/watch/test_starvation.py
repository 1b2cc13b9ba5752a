"""Jobs that wait for their first task."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.observation import DriverView, ExecutorExit, Master
from tests.support.limits import watch_limits
from tests.unit.core.watch.watched import EXECUTOR, INSIDE, STAGE, Job, lost, running


def test_a_job_without_executors_is_starved():
    """The first task never started."""
    waiting = replace(STAGE, active=0, done=0, launched=False, counters=())
    master = Master(known=True, waiting=True, workers=((0, 100, 2, 1024),))
    job = Job()
    finding = job.until(5000, driver=running(stages=(waiting,), executors=()), master=master)
    assert finding.verdict is Verdict.STARVED
    assert 300 <= job.at <= 302
    assert finding.got == "0 executors; 1 workers (0 of 2 cores and 100 of 1024 MiB free)"


def test_executors_that_die_before_they_take_a_task_are_named():
    """A full cluster is not what this job waits for, so it is no advice either."""
    waiting = replace(STAGE, active=0, done=0, launched=False, counters=())
    job = Job(watch_limits(losses=9))

    def step(at):
        exits = (ExecutorExit(f"{at}", "node-7", "Command exited with code 1", at),) if at > 100 else ()
        return {"exits": exits}

    finding = job.until(5000, driver=running(stages=(waiting,), executors=()), step=step)
    assert finding.verdict is Verdict.STARVED
    assert finding.got.startswith("0 executors; ")
    assert finding.got.endswith("ended before, the last on node-7: Command exited with code 1")
    assert "spark.driver.host" in finding.advice
    living = running(stages=(waiting,), executors=(replace(EXECUTOR, active_tasks=0),))
    finding = Job(watch_limits(losses=9)).until(5000, driver=living, step=step)
    assert finding.got == "1 executors"
    assert "spark.cores.max" in finding.advice


def test_tasks_of_its_own_that_hold_every_slot_are_named():
    """An earlier job was cancelled, but its tasks go on in native code: no other application is in the way."""
    waiting = replace(STAGE, active=0, done=0, launched=False, counters=())
    executors = tuple(replace(EXECUTOR, id=id_, active_tasks=2) for id_ in "01")
    dead = lost("2", reason="Executor killed by driver.")
    finding = Job().until(5000, driver=running(stages=(waiting,), executors=(*executors, *dead)))
    assert finding.verdict is Verdict.STARVED
    assert (
        finding.got
        == "2 executors; 4 slots are held by tasks of this application that have been cancelled or do not end"
    )
    assert "spark.task.reaper.killTimeout" in finding.advice
    assert "spark.cores.max" not in finding.advice
    assert finding.suspect == "any"


def test_one_slot_that_is_held_is_counted_as_one():
    """On an executor of one core."""
    waiting = replace(STAGE, active=0, done=0, launched=False, counters=())
    seen = running(stages=(waiting,), executors=(replace(EXECUTOR, active_tasks=1),))
    assert "; 1 slot is held by tasks" in Job().until(5000, driver=seen).got


def test_a_stage_that_waits_for_another_is_not_starved():
    """The first one has the cores."""
    waiting = replace(STAGE, stage=4, active=0, done=0, launched=False)
    job = Job(watch_limits(deadline=None))
    step = lambda at: {"driver": running(stages=(waiting, replace(STAGE, done=int(at / 100))))}  # noqa: E731
    assert job.until(5000, step=step) is None


WAITING = replace(STAGE, active=0, done=0, launched=False, counters=())


def test_short_jobs_that_each_wait_a_little_are_not_starved():
    """Dynamic allocation gives every executor back between two jobs, and a look may always meet the wait."""
    job = Job(watch_limits(deadline=None))
    step = lambda at: {"driver": running(stages=(replace(WAITING, stage=int(at / 40)),), executors=())}  # noqa: E731
    assert job.until(5000, step=step) is None


def test_a_job_that_waits_while_its_executors_are_replaced_has_the_whole_start_timeout():
    """It was submitted when the old ones had just gone."""
    job = Job()
    driver = running(stages=(WAITING,), executors=lost("0", reason="Executor killed by driver."))
    assert job.until(5000, driver=driver).verdict is Verdict.STARVED
    assert 300 <= job.at <= 302


def test_zero_executors_between_two_jobs_are_nothing():
    """Dynamic allocation down to none; streaming that waits for its next batch."""
    job = Job(watch_limits(deadline=None))
    driver = DriverView(jobs=0, executors=lost("0", reason="Executor killed by driver."))
    assert job.until(5000, driver=driver, inside=replace(INSIDE, jobs=0)) is None


def test_a_blind_job_is_starved_by_its_own_word_while_that_is_fresh():
    """No UI: the status tracker has the stages, nobody the executors."""
    stale = replace(INSIDE, stages=(WAITING,))
    assert Job().until(3000, inside=stale, blind="HTML") is None
    step = lambda at: {"inside": replace(stale, heard_at=at)}  # noqa: E731
    finding = Job().until(3000, step=step, blind="HTML")
    assert (finding.verdict, finding.got) == (Verdict.STARVED, "number of executors unknown")


@pytest.mark.parametrize(
    ("workers", "text"),
    [
        ((), "0 executors; no workers"),
        (((1, 2, 3, 4),) * 5, "0 executors; 5 workers (" + "; ".join(["1 of 3 cores and 2 of 4 MiB free"] * 3) + ", and 2 more)"),
    ],
)  # fmt: skip
def test_the_cluster_is_shown_as_its_master_sees_it(workers, text):
    """Three workers at the most."""
    finding = Job().until(
        3000,
        driver=running(stages=(WAITING,), executors=()),
        master=Master(known=True, waiting=True, workers=workers),
    )
    assert finding.got == text
