"""What past tries of a task needed."""

from airflow_spark_guard.core.history.past_tries import Needed, needed_by
from airflow_spark_guard.core.watch.observation import DriverView, ExecutorExit, Inside, Observation, Stage


def stage(number=0, done=0, active=2, **fields):
    return Stage(number, 0, tasks=8, active=active, done=done, failed=0, launched=True, **fields)


def seen(at, *stages, jobs=1, heartbeats=0, **fields):
    inside = Inside(jobs=jobs, heartbeats=heartbeats)
    return Observation(at, driver=DriverView(jobs, stages), inside=inside, **fields)


def test_the_longest_time_without_movement_of_a_stage_counts():
    rows = [seen(0, stage(done=1)), seen(30, stage(done=1)), seen(90, stage(done=1)), seen(95, stage(done=2))]
    assert needed_by(rows).standstill == 90


def test_any_counter_and_any_live_metric_is_movement():
    rows = [
        seen(0, stage(counters=(1,))),
        seen(50, stage(counters=(2,))),
        seen(100, stage(counters=(2,), sql="a")),
        seen(150, stage(counters=(2,), sql="b")),
    ]
    assert needed_by(rows).standstill == 0


def test_each_stage_has_its_own_clock():
    rows = [
        seen(0, stage(0), stage(1)),
        seen(60, stage(0, done=1), stage(1)),
        seen(70, stage(0, done=2), stage(1)),
    ]
    assert needed_by(rows).standstill == 70


def test_a_stage_that_does_not_run_needs_no_time():
    assert needed_by([seen(0, stage(active=0)), seen(500, stage(active=0))]).standstill == 0


def test_the_driver_is_silent_while_no_job_runs_and_no_heartbeat_comes():
    rows = [
        seen(0, jobs=0),
        seen(100, jobs=0),
        seen(110, jobs=0, heartbeats=1),
        seen(160, jobs=0, heartbeats=1),
        seen(170, stage()),
        seen(900, stage(done=1)),
    ]
    assert needed_by(rows).silence == 100


def test_before_the_driver_says_anything_it_is_not_silent():
    assert needed_by([Observation(0.0), Observation(300.0)]).silence == 0


def test_lost_executors_are_counted_once_and_not_after_the_end():
    exits = (ExecutorExit("1"), ExecutorExit("2"))
    rows = [
        seen(0, exits=exits),
        seen(5, exits=exits[:1]),
        Observation(9.0, inside=Inside(ended=True), exits=(ExecutorExit("7"),)),
    ]
    assert needed_by(rows).losses == 2


def test_without_observations_nothing_is_needed():
    assert needed_by([]) == Needed()
