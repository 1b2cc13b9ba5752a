"""What is said once, and ends nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch.observation import DriverView
from tests.support.limits import watch_limits
from tests.unit.core.watch.watched import EXECUTOR, INSIDE, STAGE, Job, alive, lost, running


def test_notices_are_said_once():
    """Skew, spill, retries, garbage collection."""
    stage = replace(
        STAGE, tasks=4, done=3, attempt=3, spilled=2 << 30, median_seconds=10.0, longest_seconds=120.0
    )
    job = Job(watch_limits(deadline=None))

    def step(at):
        executor = replace(EXECUTOR, gc_ms=int(at * 400))
        return {"driver": running(stages=(replace(stage, counters=(int(at),)),), executors=(executor,))}

    assert job.until(1000, step=step) is None
    assert [notice.split(":")[0].split(" (")[0] for notice in job.notices] == [
        "Skew in stage 3",
        "Stage 3 has spilled 2.0 GiB",
        "Stage 3 is in attempt 4",
        "Executor 0 spent 40% of the last 2m in garbage collection",
    ]


def notices(end=1000, **seen):
    job = Job(watch_limits(deadline=None))
    assert job.until(end, step=lambda at: {"inside": alive(at, *seen["driver"].stages)}, **seen) is None
    return job.notices


@pytest.mark.parametrize(
    "stage",
    [
        replace(STAGE, tasks=4, done=3, median_seconds=10.0, longest_seconds=59.0),
        replace(STAGE, tasks=4, done=3, median_seconds=30.0, longest_seconds=149.0),
        replace(STAGE, tasks=4, done=2, median_seconds=10.0, longest_seconds=500.0),
        replace(STAGE, tasks=4, done=3, longest_seconds=500.0),
        replace(STAGE, spilled=(1 << 30) - 1, attempt=2),
    ],
    ids=["short", "not five times", "half done", "no median", "little spill, two retries"],
)
def test_what_is_ordinary_is_not_said(stage):
    """Thresholds are those of the tools that others have tuned."""
    assert notices(driver=running(stages=(stage,))) == []


def test_a_stage_of_an_absurd_size_harms_nothing():
    """Figures are the UI's, and a UI may lie."""
    huge = 10**400
    assert notices(
        driver=running(
            stages=(replace(STAGE, tasks=huge, done=huge, median_seconds=1.0, longest_seconds=1e9),)
        )
    )


def test_an_answer_now_and_then_is_not_blind():
    """Three failures in a row are."""
    step = lambda at: {"driver": running()} if int(at / 30) % 3 == 0 else {"blind": "no answer"}  # noqa: E731
    job = Job(watch_limits(stall=1e6, deadline=None))
    assert job.until(900, step=step) is None
    assert job.notices == []


def test_an_executor_that_is_lost_is_said_once():
    """And the living alone are asked how much of their time is garbage collection."""
    assert notices(driver=running(executors=(EXECUTOR, *lost("1")))) == [
        "Executor 1 was lost at 00:00:01 UTC: Command exited with code 137."
    ]
    gone = lost("1", reason="Executor killed by driver.")
    assert notices(driver=running(executors=(EXECUTOR, *gone))) == []


def test_so_many_notices_are_enough():
    """A job of thousands of broken stages has a short log."""
    stages = tuple(replace(STAGE, stage=number, attempt=3) for number in range(220))
    assert len(notices(driver=running(stages=stages))) == 200


def test_details_are_wanted_once_a_minute_while_a_job_lasts():
    """They cost requests of their own."""
    job = Job()
    wanted = []
    for at in range(0, 600, 20):
        job.observe(at, driver=running(), inside=alive(at))
        wanted += [at] if job.look.details else []
    assert wanted == list(range(60, 600, 60))
    job.observe(700, driver=DriverView(jobs=0), inside=INSIDE)
    assert not job.look.details
    job.observe(730, driver=DriverView(jobs=1), inside=INSIDE)
    assert job.look.details, "the end of the job may be a lost event"


def test_whatever_a_server_says_is_one_line():
    """The reason why it cannot be read holds what it has sent."""
    job = Job(watch_limits(stall=1e6, deadline=None))
    job.until(300, step=lambda _at: {"blind": "no\n[guard] all is well\x1b[2J" + "x" * 10_000})
    (line,) = job.notices
    assert line.startswith("The driver's REST API cannot be read (no [guard] all is well[2Jx")
    assert (line.isprintable(), len(line)) == (True, 600)
