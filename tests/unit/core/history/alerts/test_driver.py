"""Executors that wait for the driver."""

from dataclasses import replace

from airflow_spark_guard.core.history.alerts.driver import DriverGaps, SlowStart
from tests.support.histories import application, executor, job, stage


def started(first, came=0.0, seconds=1000.0, **fields):
    one = stage(1, first, seconds, 1.0, **fields)
    return list(SlowStart().alerts(application(seconds, stages=(one,), executors=(executor(1, begin=came),))))


def test_a_slow_start_of_the_driver_wastes_what_its_executors_hold():
    (alert,) = started(400)
    assert (alert.severity, alert.figure, alert.limit, alert.where) == (
        "warning",
        "6m 40s",
        "5m",
        "application",
    )
    assert alert.what == (
        "The first task started after 6m 40s (limit: 5m); the application took 16m 40s. The driver was not ready "
        "earlier."
    )
    assert alert.wasted_core_seconds == 1600
    assert "before its first action" in alert.cure


def test_a_driver_that_is_its_own_executor_does_not_wait_for_a_cluster():
    """In ``local[n]``, whose master a record does not have."""
    late = stage(0, 120, 900, 1.0)
    history = application(1000, stages=(late,), executors=(executor("driver", begin=110),))
    (alert,) = SlowStart().alerts(history)
    assert alert.what.endswith("The driver was not ready earlier.")


def test_a_slow_start_of_the_executors_is_the_clusters():
    (alert,) = started(120, came=110)
    assert alert.severity == "info"
    assert alert.what.endswith("Executors came late.")
    assert "The cluster was full" in alert.cure


def test_without_a_first_task_it_cannot_be_earlier_than_stage_and_executor():
    (alert,) = started(0, came=400, first_task=None)
    assert alert.figure == "6m 40s"


def test_a_start_that_is_short_and_an_unknown_one_raise_none():
    assert started(50) == []
    assert started(90, seconds=10_000) == []
    assert list(SlowStart().alerts(application())) == []
    assert list(SlowStart().alerts(replace(application(), started=None))) == []


def test_time_without_a_job_is_the_drivers():
    jobs = (job(0, 100, 200), job(1, 600, 700), job(2, 650, 800))
    (alert,) = DriverGaps().alerts(application(1000, jobs=jobs))
    assert (alert.severity, alert.figure, alert.limit) == ("warning", "60%", "40%")
    assert (alert.where, alert.line) == ("after job 0", "count at /jobs/job.py:0")
    assert alert.what == (
        "The driver worked without a Spark job for 60% (limit: 40%) of the application's time. The longest of 2 gaps took "
        "6m 40s, after job 0."
    )
    assert alert.wasted_core_seconds == 600 * 8
    assert "toPandas()" in alert.cure


def test_the_time_before_the_first_job_is_not_a_gap():
    assert list(DriverGaps().alerts(application(1000, jobs=(job(0, 900, 1000),)))) == []


def test_short_gaps_and_unknown_jobs_raise_none():
    many = tuple(job(n, n * 100, n * 100 + 45) for n in range(10))
    assert list(DriverGaps().alerts(application(1000, jobs=many))) == []
    assert list(DriverGaps().alerts(application(1000))) == []
    (alert,) = DriverGaps().alerts(application(1000, jobs=(job(0, 0, 100),), executors=()))
    assert alert.wasted_core_seconds is None
