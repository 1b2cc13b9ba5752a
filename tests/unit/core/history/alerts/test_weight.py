"""What is large enough to be an alert."""

from dataclasses import replace

from airflow_spark_guard.core.history.alerts.weight import (
    idle_tail,
    is_large,
    is_long,
    runs_alone,
    slots_of,
    wall,
)
from airflow_spark_guard.core.history.model import ApplicationHistory
from tests.support.histories import application, executor, stage


def test_a_time_is_long_from_ten_seconds_and_five_percent_on():
    assert not is_long(application(100), 9.9)
    assert is_long(application(100), 10)
    assert not is_long(application(1000), 49)
    assert is_long(application(1000), 50)
    assert not is_long(ApplicationHistory(), 1e9)


def test_core_seconds_are_large_from_a_minute_and_one_percent_on():
    assert not is_large(800, 59)
    assert is_large(800, 60)
    assert not is_large(80_000, 799)
    assert is_large(80_000, 800)
    assert is_large(None, 60)


def test_slots_are_those_of_the_executors_that_were_there():
    history = application(100, executors=(executor(1), executor(2, begin=50)))
    assert slots_of(history, stage(1, 0, 100, 1)) == 6
    assert slots_of(replace(history, conf={"spark.task.cpus": "2"}), stage(1, 0, 100, 1)) == 3
    assert slots_of(history, stage(1, 0, 100, 1, completed=None)) is None
    assert wall(stage(1, 0, 100, 1)) == 100
    assert wall(stage(1, 0, 100, 1, completed=None)) is None


def test_a_stage_is_alone_if_no_other_overlaps_it():
    one, after, beside = stage(1, 0, 10, 1), stage(2, 10, 20, 1), stage(3, 5, 15, 1)
    assert runs_alone(application(stages=(one, after)), one)
    assert not runs_alone(application(stages=(one, after, beside)), one)
    assert not runs_alone(application(stages=(one, replace(after, completed=None))), one)
    assert not runs_alone(application(), replace(one, completed=None))


def test_the_idle_tail_is_bounded_by_what_was_really_idle():
    """Seven of eight slots wait for 90 s; but of 800 core-seconds only 630 were not used."""
    history = application(100)
    assert idle_tail(history, stage(1, 0, 100, *[10.0] * 7, 100.0)) == 630
    assert idle_tail(history, stage(1, 0, 100, *[10.0] * 7, 100.0, run_s=790)) == 10
    assert idle_tail(history, stage(1, 0, 100, 1.0, run_s=None)) is None
    assert idle_tail(ApplicationHistory(), stage(1, 0, 100, 1.0)) is None
