"""Since when something has not moved, by the watchdog's own rule."""

from __future__ import annotations

from airflow_spark_guard.cli.watching.picture import Follower, Picture
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.watch.observation import DriverView, Executor, Stage


def stage(done=0, active=2, number=3, **more):
    return Stage(number, 0, 10, active, done, 0, launched=True, name="count at job.py:12", **more)


def test_a_stage_is_compared_with_the_guards_limit():
    """From its first look on; any counter that moves begins anew."""
    follower = Follower(GuardLimits(stall_timeout="40s"))
    rows = [
        follower.take(DriverView(1, (stage(done=done, counters=counters),)), at).stages[0]
        for at, done, counters in ((0, 0, (1,)), (10, 0, (1,)), (20, 0, (2,)), (25, 1, (2,)), (60, 1, (2,)))
    ]
    assert [row.stood for row in rows] == [0, 10, 0, 0, 35]
    assert {row.limit for row in rows} == {40}
    assert (rows[0].name, rows[0].key, rows[-1].done) == ("Stage 3 (count at job.py:12)", (3, 0), 1)


def test_the_default_limit_grows_with_the_stages_own_tasks():
    """Five times the median of its tasks."""
    follower = Follower(GuardLimits())
    picture = follower.take(DriverView(1, (stage(median_seconds=300.0),)), 0.0)
    assert picture.stages[0].limit == 1500


def test_a_stage_without_a_task_yet_has_no_limit():
    """It waits for executors, which is another rule's business."""
    waiting = Stage(4, 0, 10, 0, 0, 0, launched=False)
    picture = Follower(GuardLimits()).take(DriverView(1, (stage(number=9), waiting)), 5.0)
    assert [(row.key[0], row.limit is None) for row in picture.stages] == [(4, True), (9, False)]


def test_a_driver_without_a_job_is_idle():
    """Since its last one."""
    follower = Follower(GuardLimits())
    views = ((0, 1), (10, 0), (30, 0), (31, 1))
    assert [follower.take(DriverView(jobs), at).idle for at, jobs in views] == [0, 10, 30, 0]
    assert follower.take(DriverView(0), 50.0).stood == 19


def test_what_stood_longest_counts():
    follower = Follower(GuardLimits())
    follower.take(DriverView(1, (stage(), stage(number=4))), 0.0)
    picture = follower.take(DriverView(1, (stage(done=1), stage(number=4))), 12.0)
    assert picture.stood == 12
    assert Picture(0.0).stood == 0


def test_lost_executors_do_not_live():
    rows = (Executor("1", active=True), Executor("2", active=False))
    assert [row.id for row in Picture(0.0, executors=rows).living] == ["1"]
