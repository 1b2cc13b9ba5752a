"""A task that is slower than the others, by its data or by its place."""

from dataclasses import replace

from airflow_spark_guard.core.history.alerts.skew import Skew, Stragglers
from tests.support.histories import application, executor, spread, stage, task

LONG = (10.0,) * 15 + (120.0,)


def slow_stage(*slow, read=None, by_executor=None, **fields):
    """Stage 4: 15 tasks of 10 s, one of 120 s."""
    return stage(
        4, 0, 130, *LONG, slowest=slow, read=read, by_executor=by_executor or {"1": 1.0, "2": 1.0}, **fields
    )


def found(one, **parts):
    history = application(1000, stages=(one,), **parts)
    return [*Skew().alerts(history), *Stragglers().alerts(history)]


def by_data(**fields):
    return slow_stage(task(1, 120, read_bytes=12 * 10**8), read=spread(*[10**8] * 15, 12 * 10**8), **fields)


def by_place(*slow, **fields):
    return slow_stage(*slow, read=spread(*[10**8] * 16), **fields)


def test_a_task_with_more_data_is_skew():
    (alert,) = found(by_data())
    assert (alert.kind, alert.severity, alert.where, alert.figure) == ("skew", "critical", "stage 4", "12x")
    assert alert.line == "count at /jobs/job.py:4"
    assert alert.what == (
        "The longest task of stage 4 took 12x (limit: 10x) the third quartile of its tasks: 2m against 10s. One task read "
        "up to 1.12 GiB, most read at most 95.4 MiB."
    )
    assert alert.wasted_core_seconds == 110 * 7


def test_the_cure_of_skew_depends_on_where_the_data_comes_from():
    (joined,) = found(by_data(shuffle_read_bytes=2))
    assert "skewedPartitionThresholdInBytes" in joined.cure
    (read,) = found(by_data(input_bytes=2))
    assert "repartition()" in read.cure
    (without,) = found(by_data(), conf={"spark.sql.adaptive.enabled": "false"})
    assert without.cure.startswith("Set spark.sql.adaptive.enabled=true")


def test_a_task_whose_data_is_unknown_may_be_skew():
    for one in (slow_stage(), slow_stage(task(1, 120), read=spread(*[0] * 16))):
        (alert,) = found(one)
        assert alert.kind == "skew"
        assert alert.what.endswith("How much it read is not known.")


def test_a_task_that_alone_has_data_is_skew():
    (alert,) = found(slow_stage(task(1, 120, read_bytes=10**9), read=spread(*[0] * 15, 10**9)))
    assert alert.kind == "skew"


def test_a_task_with_as_much_data_as_the_others_is_a_straggler():
    (alert,) = found(by_place(task(1, 120, read_bytes=10**8)))
    assert (alert.kind, alert.severity, alert.limit) == ("stragglers", "critical", "10x")
    assert alert.what.endswith("with hardly more data. No host has most of the slow tasks.")
    assert "time the function for each partition" in alert.cure


def test_slow_tasks_of_one_executor_name_it():
    slow = [task(n, 118 + n, read_bytes=10**8, executor="2") for n in range(2)]
    (alert,) = found(by_place(*slow))
    assert alert.what.endswith("Executor 2 ran 2 slow tasks.")
    assert "executor 2" in alert.cure


def test_slow_tasks_of_one_host_name_it():
    workers = (executor(1, host="a"), executor(2, host="a"), executor(3, host="b"))
    slow = [task(n, 118 + n, read_bytes=10**8, executor=str(n + 1)) for n in range(2)]
    one = by_place(*slow, by_executor={"1": 1.0, "2": 1.0, "3": 1.0})
    (alert,) = found(one, executors=workers)
    assert alert.what.endswith("Host a ran 2 slow tasks.")


def test_with_one_executor_nothing_can_be_concluded():
    slow = [task(n, 118 + n, read_bytes=10**8) for n in range(2)]
    (alert,) = found(by_place(*slow, by_executor={"1": 1.0}))
    assert "No host" in alert.what


def test_a_delay_that_does_not_matter_raises_none():
    """Too short for the application; too few tasks; no duration; even tasks."""
    assert found(stage(4, 0, 130, *LONG[-3:])) == []
    assert found(stage(4, 0, 130)) == []
    assert found(stage(4, 0, 130, *[10.0] * 16)) == []
    assert found(stage(4, 0, 130, *[0.0] * 15, 120.0)) == []
    history = application(10_000, stages=(by_data(),))
    assert list(Skew().alerts(history)) == []


def test_the_waste_is_unknown_where_the_slots_are():
    (alert,) = found(by_data(), executors=())
    assert alert.wasted_core_seconds is None
    (alert,) = found(replace(by_data(), run_s=None))
    assert alert.wasted_core_seconds is None
