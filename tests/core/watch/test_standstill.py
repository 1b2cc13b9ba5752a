"""Stages that stand still: what is no standstill although it looks like one, and what must not hide one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.observation import Executor, Reading
from airflow_spark_guard.core.watch.windows import Windows
from tests.core.watch.watched import BLOCKED, EXECUTOR, INSIDE, PYTHON_THREAD, STAGE, Job, running

PATIENT = replace(Windows(), deadline=None)


def stalls(end=20_000, windows=PATIENT, **seen):
    job = Job(windows)
    finding = job.until(end, **seen)
    assert finding is None or finding.verdict is Verdict.STALLED
    return job.at if finding else None


def test_a_median_that_was_seen_once_is_remembered():
    """Durations of tasks are asked for once a minute: the look that decides may be without them."""
    median = replace(STAGE, median_seconds=200.0)
    step = lambda at: {"driver": running(stages=(median if at < 300 else STAGE,))}  # noqa: E731
    job = Job(PATIENT)
    assert job.until(5000, step=step).limit == 1000


def test_many_small_stages_are_no_standstill():
    """Adaptive execution makes a stage of each shuffle; at every look there is another one."""
    step = lambda at: {"driver": running(stages=(replace(STAGE, stage=int(at / 25)),))}  # noqa: E731
    assert stalls(step=step) is None


def test_a_stage_that_waits_for_the_cores_of_another_is_not_judged():
    """It was launched, its tasks are queued behind a stage that goes on."""
    waits = replace(STAGE, stage=1, active=0)
    step = lambda at: {"driver": running(stages=(waits, replace(STAGE, done=int(at / 100))))}  # noqa: E731
    assert stalls(step=step) is None


def test_a_stage_that_hangs_beside_one_that_goes_on_is_found_where_the_processes_show_it():
    """Its own counters stand still, and so do all workers: the other stage is on executors without Python."""
    hangs = replace(STAGE, stage=1)
    step = lambda at: {"driver": running(stages=(hangs, replace(STAGE, done=int(at / 100))))}  # noqa: E731
    assert stalls(step=step, reading=lambda _: (BLOCKED, PYTHON_THREAD)) is not None
    works = Reading("task", "other", executor="0", kind="running")
    reading = lambda at: (BLOCKED, PYTHON_THREAD, replace(works, stack=str(at)))  # noqa: E731
    assert stalls(step=step, reading=reading) is None


def test_one_hung_task_of_eight_slots_is_found():
    """The other seven workers are kept for the next task, and say so."""
    idle = [replace(BLOCKED, key=f"{pid}:1", kind="idle", switches=0) for pid in range(2, 9)]
    eight = replace(EXECUTOR, cores=8, active_tasks=1)
    stage = replace(STAGE, tasks=8, done=7, active=1)
    driver = running(stages=(stage,), executors=(eight,))
    assert stalls(driver=driver, reading=lambda _: (BLOCKED, PYTHON_THREAD, *idle)) == pytest.approx(
        600, abs=2
    )


def test_a_barrier_stage_is_alive_while_one_of_its_tasks_is():
    """All others wait at the barrier."""
    waiting = [replace(BLOCKED, key=f"{pid}:1") for pid in range(2, 6)]
    reading = lambda at: (replace(BLOCKED, io=int(at * 5000)), PYTHON_THREAD, *waiting)  # noqa: E731
    assert stalls(driver=running(), reading=reading) is None


def test_a_long_shuffle_fetch_is_given_three_times_as_long():
    """Spark itself ends a fetch to which no byte comes for spark.network.timeout."""
    fetch = Reading("task", "t", executor="0", stack="f", kind="shuffle")
    assert stalls(driver=running(), reading=lambda _: (fetch,)) == pytest.approx(1800, abs=3)


def test_a_stage_whose_executors_were_taken_away_waits_as_long_as_a_new_one_may():
    """Preempted on a busy cluster: no task runs, and the author has said how long waiting is normal."""
    stage, gone = replace(STAGE, active=0), Executor("0", active=False, removed=1, reason="was preempted")
    driver = running(stages=(stage,), executors=(gone,))
    assert stalls(driver=driver, reading=lambda _: ()) == pytest.approx(1800, abs=3)
    waits = replace(PATIENT, start=7200.0)
    assert stalls(windows=waits, driver=driver, reading=lambda _: ()) == pytest.approx(7200, abs=3)


def test_a_stage_that_the_job_named_long_ago_is_not_judged():
    """No UI, and native code that holds Python's lock keeps the launcher from saying that the stage is over."""
    inside = replace(INSIDE, stages=(STAGE,), heard_at=5.0)
    assert stalls(inside=inside, blind="it has no UI") is None
    step = lambda at: {"inside": replace(inside, heard_at=at)}  # noqa: E731
    assert stalls(step=step, blind="it has no UI") == pytest.approx(600, abs=2)


def test_a_stage_whose_end_may_have_been_lost_is_not_judged():
    """Spark drops events: the UI shows it for ever, while the rest of the job goes on."""

    def step(at):
        dropped = 7 if at > 100 else 0
        zombie = replace(STAGE, stage=1)
        return {
            "driver": replace(running(stages=(zombie,)), dropped_events=dropped),
            "inside": replace(INSIDE, sql=str(min(at, 900) // 60)),
        }

    assert stalls(step=step) is None


def test_a_stage_that_moves_after_the_loss_is_judged_again():
    """Its figures have shown that it lives."""

    def step(at):
        return {
            "driver": replace(running(stages=(replace(STAGE, done=int(min(at, 300))),)), dropped_events=7)
        }

    assert stalls(step=step) == pytest.approx(900, abs=35)


def test_a_standstill_that_works_is_looked_at_again_when_its_limit_is_near():
    """Each look stops its Python for a moment; the log hears of it once in a limit, with the whole time."""
    job = Job(PATIENT)
    reading = lambda at: (replace(BLOCKED, switches=int(at * 20)), PYTHON_THREAD)  # noqa: E731
    assert job.until(1900, driver=running(), reading=reading) is None
    assert job.asked_at == pytest.approx([540, 600, 1140, 1200, 1740, 1800], abs=5)
    assert [line.split(" for ")[1].split(",")[0] for line in job.notices] == ["10m", "20m", "30m"]


def test_a_stage_that_hangs_after_it_worked_is_found():
    """Left alone is not forgotten."""
    reading = lambda at: (replace(BLOCKED, switches=int(min(at, 700) * 20)), PYTHON_THREAD)  # noqa: E731
    assert stalls(driver=running(), reading=reading) == pytest.approx(1200, abs=5)


def test_the_name_of_a_stage_is_untrusted():
    """It is whatever the script's description says."""
    job = Job()
    stage = replace(STAGE, name="\x1b[2Jpassword=hunter2 " + "x" * 1000)
    text = job.until(5000, driver=running(stages=(stage,))).what
    assert "hunter2" not in text
    assert "\x1b" not in text
    assert len(text) < 300
