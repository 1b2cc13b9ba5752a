"""Spill, garbage collection, and memory that is never used."""

from dataclasses import replace

from airflow_spark_guard.core.history.alerts.memory import (
    GarbageCollection,
    OversizedDriverMemory,
    OversizedExecutorMemory,
    Spill,
)
from airflow_spark_guard.core.history.model import Sample
from tests.support.histories import CONF, GIB, application, at, executor, stage


def test_a_stage_that_spills_is_named_with_its_bytes():
    (alert,) = Spill().alerts(application(stages=(stage(4, 0, 9, 1.0, disk_spilled_bytes=2 * GIB),)))
    assert (alert.severity, alert.where, alert.figure, alert.limit) == (
        "warning",
        "stage 4",
        "2 GiB",
        "1 GiB",
    )
    assert alert.what.startswith("The 1 task of stage 4 spilled 2 GiB (limit: 1 GiB) to disk")
    assert alert.wasted_core_seconds is None


def test_a_little_spill_and_an_unknown_one_raise_none():
    stages = (stage(1, 0, 9, 1.0, disk_spilled_bytes=10**6), stage(2, 0, 9, 1.0, disk_spilled_bytes=None))
    assert list(Spill().alerts(application(stages=stages))) == []


def collecting(gc, run=1000.0):
    return application(stages=(stage(1, 0, 9, run_s=0.0), stage(2, 0, 9, run_s=run, gc_s=gc)))


def test_garbage_collection_is_a_share_of_the_run_time_of_tasks():
    (alert,) = GarbageCollection().alerts(collecting(160.0))
    assert (alert.severity, alert.figure, alert.where) == ("warning", "16%", "stage 2")
    assert alert.wasted_core_seconds == 160
    assert alert.what == (
        "Garbage collection took 16% (limit: 15%) of the run time of tasks, most of it in stage 2."
    )
    assert [one.severity for one in GarbageCollection().alerts(collecting(250.0))] == ["critical"]


def test_little_garbage_collection_and_an_unknown_one_raise_none():
    assert list(GarbageCollection().alerts(collecting(90.0))) == []
    assert list(GarbageCollection().alerts(collecting(59.0, run=100.0))) == []
    assert list(GarbageCollection().alerts(collecting(None))) == []
    assert list(GarbageCollection().alerts(application())) == []


def with_heaps(*peaks, memory="16g", **fields):
    workers = tuple(executor(n, heap_peak=peak) for n, peak in enumerate(peaks))
    return application(executors=workers, conf={**CONF, "spark.executor.memory": memory}, **fields)


def test_a_heap_that_is_hardly_used_gets_a_smaller_size():
    (alert,) = OversizedExecutorMemory().alerts(with_heaps(3 * GIB, 4 * GIB))
    assert (alert.figure, alert.limit, alert.severity) == ("75%", "30%", "warning")
    assert alert.cure == "Set spark.executor.memory=5120m."
    assert "the largest peak is 4 GiB of 16 GiB" in alert.what


def test_a_heap_is_not_too_large_if_little_can_be_saved_or_something_is_unknown():
    rule = OversizedExecutorMemory()
    assert list(rule.alerts(with_heaps(GIB // 2, memory="2g"))) == []
    assert list(rule.alerts(with_heaps(3 * GIB, None))) == []
    assert list(rule.alerts(with_heaps())) == []
    assert list(rule.alerts(replace(with_heaps(3 * GIB), conf={}))) == []
    spilled = (stage(1, 0, 9, 1.0, disk_spilled_bytes=1),)
    assert list(rule.alerts(with_heaps(3 * GIB, stages=spilled))) == []
    assert list(rule.alerts(with_heaps(12 * GIB))) == []


def test_an_executor_without_tasks_need_not_be_measured():
    history = with_heaps(3 * GIB)
    workers = (*history.executors, executor(9, tasks=0, heap_peak=None))
    assert list(OversizedExecutorMemory().alerts(replace(history, executors=workers)))


def test_a_drivers_heap_is_measured_by_itself_or_by_its_memory():
    history = application(
        conf={**CONF, "spark.driver.memory": "8g"},
        samples=(Sample(at(1), driver_jvm=GIB), Sample(at(2), driver_jvm=2 * GIB), Sample(at(3))),
    )
    (alert,) = OversizedDriverMemory().alerts(history)
    assert (alert.figure, alert.severity) == ("75%", "info")
    assert alert.cure == "Set spark.driver.memory=2560m."
    driver = (executor("driver", cores=0, heap_peak=7 * GIB),)
    assert list(OversizedDriverMemory().alerts(replace(history, executors=driver))) == []
    assert list(OversizedDriverMemory().alerts(replace(history, samples=()))) == []
    assert list(OversizedDriverMemory().alerts(replace(history, conf={}))) == []
