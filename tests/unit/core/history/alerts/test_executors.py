"""Executors with too much, too little or nothing to do, and those that are lost."""

from dataclasses import replace

from airflow_spark_guard.core.history.alerts.executors import ExecutorImbalance, ExecutorLosses, IdleCores
from tests.support.histories import CONF, application, executor, stage


def busy(*run_s, **fields):
    return application(executors=tuple(executor(n, run_s=run) for n, run in enumerate(run_s)), **fields)


def test_the_busiest_executor_is_compared_with_the_median():
    (alert,) = ExecutorImbalance().alerts(busy(400.0, 400.0, 4000.0))
    assert (alert.severity, alert.figure, alert.limit) == ("warning", "10x", "3.16x")
    assert alert.where == "executor 2 on host2"
    assert alert.what == (
        "Executor 2 on host2 was busy 10x (limit: 3.16x) as much as the median of 3 executors: 100% against 10% "
        "of its time."
    )
    assert alert.wasted_core_seconds == 7200


def test_an_executor_that_came_late_is_compared_by_its_own_time():
    workers = (executor(0, run_s=2000.0), executor(1, run_s=2000.0), executor(2, begin=500, run_s=1000.0))
    assert list(ExecutorImbalance().alerts(application(executors=workers))) == []


def test_few_executors_little_work_and_an_unknown_one_raise_none():
    rule = ExecutorImbalance()
    assert list(rule.alerts(busy(1.0, 4000.0))) == []
    assert list(rule.alerts(busy(1.0, 1.0, 299.0))) == []
    assert list(rule.alerts(busy(1.0, None, 4000.0))) == []
    assert list(rule.alerts(busy(0.0, 0.0, 4000.0))) == []
    assert list(rule.alerts(application(executors=()))) == []


def idle(run, **fields):
    return application(stages=(stage(1, 0, 900, run_s=run),), **fields)


def test_idle_cores_are_what_was_held_and_not_used():
    (alert,) = IdleCores().alerts(idle(2000.0))
    assert (alert.severity, alert.figure, alert.where) == ("warning", "75%", "application")
    assert alert.what == (
        "Executors were idle for 75% (limit: 50%) of the time of their cores: 1.67 core-hours of 2.22 core-hours."
    )
    assert alert.wasted_core_seconds == 6000
    assert "1 of this size could have run these tasks at 80% use" in alert.cure
    assert [one.severity for one in IdleCores().alerts(idle(1000.0))] == ["critical"]


def test_the_cure_of_idle_cores_depends_on_who_decides_their_number():
    dynamic = {**CONF, "spark.dynamicAllocation.enabled": "true"}
    (alert,) = IdleCores().alerts(idle(2000.0, conf=dynamic))
    assert "executorIdleTimeout" in alert.cure
    (alert,) = IdleCores().alerts(idle(2000.0, conf={"spark.master": "local[8]"}))
    assert "local[n]" in alert.cure


def test_little_idle_time_and_an_unknown_one_raise_none():
    assert list(IdleCores().alerts(idle(7500.0))) == []
    assert list(IdleCores().alerts(idle(None))) == []
    assert list(IdleCores().alerts(idle(0.0, executors=()))) == []


LOST = {"reason": "Command exited with code 137", "end": 50}


def test_lost_executors_are_counted_with_the_first_reason():
    workers = (executor(1), executor(2, **LOST), executor(3, **{**LOST, "end": 40}))
    (alert,) = ExecutorLosses().alerts(application(executors=workers))
    assert (alert.severity, alert.figure, alert.limit) == ("info", "2 executors", "0 executors")
    assert alert.what == (
        "The application lost 2 executors (limit: 0 executors) of 3. The first was executor 3 on host3: Command exited with "
        "code 137"
    )
    assert "out-of-memory killer" in alert.cure
    more = tuple(executor(n, **LOST) for n in range(3))
    assert [one.severity for one in ExecutorLosses().alerts(application(executors=more))] == ["warning"]


def test_executors_that_the_driver_gave_back_are_not_lost():
    workers = (executor(1, end=50, reason="Executor killed by driver."), executor(2))
    assert list(ExecutorLosses().alerts(application(executors=workers))) == []


def test_a_loss_without_a_reason_counts():
    (alert,) = ExecutorLosses().alerts(application(executors=(replace(executor(1), removed=1.0),)))
    assert alert.what.endswith("Spark gave no reason")
