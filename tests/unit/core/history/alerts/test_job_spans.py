"""Jobs as spans of time."""

from dataclasses import replace

from airflow_spark_guard.core.history.alerts.job_spans import executions_in_time, jobs_in_time
from tests.support.histories import START, application, job

JOBS = (job(2, 20, 30), job(0, 0, 5, execution=7), job(1, 6, 9, execution=7))


def spans(found):
    return [(one.begin - START, one.end - START, [job.job for job in one.jobs]) for one in found]


def test_jobs_come_by_time():
    assert spans(jobs_in_time(application(jobs=JOBS))) == [(0, 5, [0]), (6, 9, [1]), (20, 30, [2])]


def test_jobs_of_an_execution_are_one_span():
    assert spans(executions_in_time(application(jobs=JOBS))) == [(0, 9, [0, 1]), (20, 30, [2])]


def test_a_job_that_has_not_ended_lasts_to_the_end():
    assert spans(jobs_in_time(application(100, jobs=(job(0, 10, None),)))) == [(10, 100, [0])]


def test_an_unknown_time_leaves_all_open():
    assert jobs_in_time(application(jobs=(*JOBS, replace(job(3, 0, 1), submitted=None)))) == []
    assert jobs_in_time(replace(application(jobs=(job(0, 10, None),)), ended=None)) == []
