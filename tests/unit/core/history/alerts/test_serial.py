"""Jobs one after the other that could overlap."""

from dataclasses import replace

from airflow_spark_guard.core.history.alerts.serial import SerialJobs
from tests.support.histories import application, job, stage


def serial(run=100.0, length=100, count=4, pause=0, seconds=1000, **parts):
    begins = [n * (length + pause) for n in range(count)]
    stages = tuple(stage(n, begin, begin + length, run_s=run) for n, begin in enumerate(begins))
    jobs = tuple(job(n, begin, begin + length) for n, begin in enumerate(begins))
    return application(seconds, **{"stages": stages, "jobs": jobs, **parts})


def test_jobs_that_leave_cores_idle_one_after_the_other_are_an_info():
    (alert,) = SerialJobs().alerts(serial())
    assert (alert.severity, alert.figure, alert.where) == ("info", "87.5%", "application")
    assert alert.what == (
        "4 jobs ran one after the other for 6m 40s and left 87.5% (limit: 50%) of the cores idle."
    )
    assert alert.wasted_core_seconds is None


def test_jobs_that_fill_the_cluster_overlap_or_are_few_raise_none():
    rule = SerialJobs()
    assert list(rule.alerts(serial(run=500.0))) == []
    assert list(rule.alerts(serial(count=2))) == []
    assert list(rule.alerts(serial(pause=-50))) == []
    assert list(rule.alerts(serial(length=10, run=1.0))) == []
    assert list(rule.alerts(serial(run=None))) == []
    assert list(rule.alerts(serial(executors=()))) == []
    assert list(rule.alerts(replace(serial(), started=None))) == []


def test_jobs_of_one_execution_are_serial_by_nature():
    history = serial()
    jobs = tuple(replace(one, execution=7) for one in history.jobs)
    assert list(SerialJobs().alerts(replace(history, jobs=jobs))) == []
