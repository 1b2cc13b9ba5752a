"""Core-seconds held and used."""

from dataclasses import replace

from airflow_spark_guard.core.history.executor_time import (
    cpus_of_a_task,
    end_of,
    held_between,
    held_by,
    lost_executors,
    seconds_of,
    slots_between,
    stays_of,
    total,
    used_by,
)
from airflow_spark_guard.core.history.model import ApplicationHistory
from tests.support.histories import START, application, at, executor, stage

TWO = application(100, executors=(executor(1), executor(2, begin=50, end=75)))


def test_an_executor_is_there_until_it_is_removed_or_the_application_ends():
    first, second = stays_of(TWO)
    assert (first.seconds, first.core_seconds) == (100, 400)
    assert (second.seconds, second.core_seconds) == (25, 100)
    assert held_by(TWO) == 500


def test_within_a_time_only_what_overlaps_is_held():
    assert held_between(TWO, START + 40, START + 60) == 4 * 20 + 4 * 10
    assert held_between(TWO, START + 200, START + 300) == 0
    assert slots_between(TWO, START + 50, START + 75) == 8
    assert slots_between(TWO, START, START) is None


def test_an_application_that_runs_lasts_to_the_last_thing_that_is_known():
    running = replace(TWO, ended=None, last_seen=at(60))
    assert end_of(running) == START + 60
    assert seconds_of(running) == 60
    assert seconds_of(ApplicationHistory()) is None


def test_a_driver_without_slots_holds_nothing():
    assert held_by(replace(TWO, executors=(*TWO.executors, executor("driver", cores=0)))) == 500
    local = application(100, executors=(executor("driver", cores=2),))
    assert held_by(local) == 200


def test_what_is_held_is_unknown_with_one_unknown_executor():
    for one in (replace(executor(3), added=None), executor(3, cores=0)):
        history = replace(TWO, executors=(*TWO.executors, one))
        assert stays_of(history) is None
        assert held_by(history) is None
        assert held_between(history, START, START + 1) is None
        assert slots_between(history, START, START + 1) is None
    assert held_by(application(executors=())) is None
    assert held_by(replace(TWO, ended=None)) is None


def test_a_clock_that_goes_back_makes_no_negative_time():
    assert held_by(application(100, executors=(executor(1, begin=50, end=40),))) == 0


def test_a_task_takes_as_many_cores_as_the_configuration_says():
    assert cpus_of_a_task(TWO) == 1
    for text, cpus in (("4", 4), ("0", 1), ("x", 1), ("-2", 1), ("", 1)):
        assert cpus_of_a_task(replace(TWO, conf={"spark.task.cpus": text})) == cpus


def test_a_sum_is_unknown_with_one_unknown_part():
    assert total([1.0, 2.0]) == 3
    assert total([1.0, None]) is None
    assert total([]) is None


def test_what_is_used_is_the_run_time_of_tasks_at_most_what_is_held():
    stages = (stage(1, 0, 9, run_s=60.0), stage(2, 0, 9, run_s=40.0))
    assert used_by(replace(TWO, stages=stages)) == 100
    assert used_by(replace(TWO, stages=stages, conf={"spark.task.cpus": "2"})) == 200
    assert used_by(replace(TWO, stages=stages, conf={"spark.task.cpus": "9"})) == 500
    assert used_by(replace(TWO, stages=stages, executors=())) == 100


def test_without_stages_executors_say_what_was_used():
    stages = (stage(1, 0, 9, run_s=None),)
    workers = (executor(1, run_s=30.0), executor(2, run_s=20.0))
    assert used_by(application(100, stages=stages, executors=workers)) == 50
    assert used_by(replace(TWO, stages=stages)) is None


def test_an_executor_that_dynamic_allocation_removes_is_not_lost():
    reasons = {"1": "Executor killed by driver.", "2": "Command exited with code 137", "3": ""}
    gone = [executor(int(name), end=9, reason=reason) for name, reason in reasons.items()]
    found = lost_executors(application(executors=(*gone, executor(4))))
    assert [one.id for one in found] == ["2", "3"]
