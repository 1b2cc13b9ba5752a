"""Spark jobs that have no active stage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.observation import DriverView, Inside
from airflow_spark_guard.core.watch.process_sample import ProcessSample
from tests.support.limits import watch_limits
from tests.unit.core.watch.watched import EXECUTOR, STAGE, Job, moving

DRIVER = ProcessSample("driver", "9:9", cpu=1.0, switches=10, stack="d")
JVM = ProcessSample("jvm", "8:8", cpu=10.0)
LIMITS = watch_limits(deadline=None)
INSIDE = Inside(application_id="app-1", jobs=1)
VIEW = DriverView(jobs=1, executors=(replace(EXECUTOR, active_tasks=0, run_ms=5),))
DAY = 86_400.0


def watched(job, end=DAY, *, step=lambda _: {}, reading=lambda _: (DRIVER, JVM)):
    """A job that is listed without a stage, by its own recent report and by the REST API."""

    def seen(at):
        more = step(at)
        inside = replace(more.get("inside", INSIDE), heard_at=at)
        return {"driver": VIEW, **more, "inside": inside}

    return job.until(end, step=seen, reading=reading)


def test_a_job_that_never_gets_a_stage_is_stalled():
    """SPARK-24687: Spark lost its stage, and no task runs; a stage without a running task has as long."""
    job = Job(LIMITS)
    finding = watched(job)
    assert finding.verdict is Verdict.STALLED
    assert 1800 <= job.at <= 1802
    assert finding.what == "1 Spark job stood still for 30m: Spark started no stage."
    assert finding.got == "1 Spark job without an active stage, the driver's processes are blocked"
    assert finding.expected == ("a stage within 30m (3 x stall_timeout, because the job has no running task)")
    assert "dag-scheduler-event-loop" in finding.advice
    assert "SPARK-24687" in finding.advice
    assert (finding.limit, finding.reached_at, finding.suspect) == (
        1800,
        pytest.approx(1800, abs=2),
        "driver",
    )
    assert len(job.asked_at) == 2


def test_the_log_names_it_after_five_minutes():
    """With the number of jobs; the advice comes once."""
    job = Job(LIMITS)
    two = {"inside": replace(INSIDE, jobs=2)}
    assert watched(job, 1700, step=lambda _: two) is None
    assert job.notices[0].startswith(
        "2 Spark jobs without an active stage for 5m; ends after 30m (3 x stall_timeout, because "
        "the job has no running task). Spark starts stages on the thread"
    )
    assert 2 <= len(job.notices) <= 8
    assert sum("SPARK-25211" in line for line in job.notices) == 1


def test_driver_silence_does_not_end_it_earlier():
    """A job is active: its own limit holds."""
    job = Job(replace(LIMITS, silence=120.0))
    assert watched(job).verdict is Verdict.STALLED
    assert job.at >= 1800


def test_a_start_timeout_that_is_longer_holds():
    """A job without a running task waits at least for that long."""
    job = Job(replace(LIMITS, start=3600.0))
    assert watched(job).expected == "a stage within 1h (start_timeout)"


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (lambda at: (DRIVER, moving(JVM, at, cpu=1)), "the driver's JVM computes"),
        (lambda _: (), "the driver cannot be seen"),
        (lambda _: (JVM,), "the driver cannot be seen"),
    ],
    ids=["the JVM computes", "unseen", "its Python is unseen"],
)
def test_a_driver_that_may_be_working_has_three_times_as_long(reading, why):
    """A huge task is serialized on the scheduler's own thread."""
    job = Job(LIMITS)
    finding = watched(job, reading=reading)
    assert 5400 <= job.at <= 5402
    assert finding.expected == (
        f"a stage within 1h 30m (3 x 30m, because {why}; 30m is 3 x stall_timeout, because the job has no "
        "running task)"
    )


@pytest.mark.parametrize(
    "reading",
    [lambda at: (moving(DRIVER, at, cpu=1), JVM), lambda at: (replace(DRIVER, stack=str(at)), JVM)],
    ids=["computes", "moves"],
)
def test_a_script_that_goes_on_does_not_wait_for_the_job(reading):
    """It fits a model for hours; the job may be one whose end Spark has lost."""
    job = Job(LIMITS)
    assert watched(job, reading=reading) is None
    assert job.notices


@pytest.mark.parametrize(
    "step",
    [
        lambda at: {"driver": replace(VIEW, dropped_events=int(at / 600))},
        lambda _: {"driver": None, "blind": "it has no UI"},
    ],
    ids=["lost events", "no UI"],
)
def test_a_job_that_may_be_over_is_only_a_line_in_the_log(step):
    """Its end may be among the lost events, or its context stopped."""
    job = Job(LIMITS)
    assert watched(job, step=step) is None
    assert "; not ended, because " in job.notices[-1]


@pytest.mark.parametrize(
    "step",
    [
        lambda at: {"inside": replace(INSIDE, heartbeats=int(at / 1000))},
        lambda at: {"inside": replace(INSIDE, sql=str(int(at / 1000)))},
        lambda at: {"inside": replace(INSIDE, jobs=1 + int(at / 1000) % 2)},
        lambda at: {"inside": replace(INSIDE, application_id=f"app-{int(at / 1000)}")},
        lambda at: {"driver": DriverView(jobs=1, executors=(replace(EXECUTOR, run_ms=int(at / 1000)),))},
        lambda at: {"driver": replace(VIEW, stages=(STAGE,) if int(at / 1000) % 2 else ())},
        lambda at: {"inside": replace(INSIDE, stages=(STAGE,) if int(at / 1000) % 2 else ())},
        lambda at: {"driver": replace(VIEW, jobs=int(at / 1000) % 2)},
    ],
    ids=["heartbeat()", "SQL", "jobs", "context", "tasks", "stages", "stages by the job", "jobs by the UI"],
)
def test_a_job_that_is_seen_without_a_stage_now_and_then_is_left_alone(step):
    """Between two stages it has none, and something has moved since the last time."""
    job = Job(replace(LIMITS, stall=1000.0, start=300.0))
    counting = lambda at: {"driver": replace(VIEW, stages=()), **step(at)}  # noqa: E731
    assert watched(job, 20_000, step=counting) is None


def test_a_report_that_is_not_recent_is_no_evidence():
    """Native code holds Python's lock: what the job reported last may be over."""
    job = Job(LIMITS)
    assert job.until(DAY, inside=INSIDE, driver=VIEW, reading=lambda _: (DRIVER, JVM)) is None
    assert job.notices == []


@pytest.mark.parametrize("inside", [None, replace(INSIDE, ended=True), replace(INSIDE, jobs=0)])
def test_a_job_that_the_script_does_not_report_is_not_judged(inside):
    """It has ended, or has not begun."""
    job = Job(LIMITS)
    seen = lambda at: {"inside": None if inside is None else replace(inside, heard_at=at)}  # noqa: E731
    assert job.until(7200.0, step=seen, driver=VIEW, reading=lambda _: (DRIVER, JVM)) is None
    assert job.notices == []


def test_the_row_of_the_driver_in_local_mode_is_no_sign_of_life():
    """Its time grows while no task runs."""
    job = Job(replace(LIMITS, local=True))
    rows = lambda at: (replace(EXECUTOR, id="driver", active_tasks=0, run_ms=int(at)),)  # noqa: E731
    step = lambda at: {"driver": DriverView(jobs=1, executors=rows(at))}  # noqa: E731
    assert watched(job, step=step).verdict is Verdict.STALLED


def test_observe_mode_reports_it_once():
    """And again after it has moved."""
    job = Job(replace(LIMITS, observe=True))
    step = lambda at: {"inside": replace(INSIDE, heartbeats=int(at > 5000))}  # noqa: E731
    assert watched(job, 9000, step=step) is None
    assert [finding.verdict for _, finding in job.observed] == [Verdict.STALLED, Verdict.STALLED]


def test_samples_are_compared_anew_after_another_tool_has_stopped_the_processes():
    """What it stopped looks as if it stood still."""
    job = Job(LIMITS)
    assert watched(job, 1790) is None
    job.watchdog.forget_samples()
    assert watched(job).verdict is Verdict.STALLED
    assert job.at > 1802


def test_the_live_page_has_its_seconds_and_its_limit():
    """In the place of the driver, which waits for the job."""
    job = Job(LIMITS)
    assert watched(job, 600) is None
    (found,) = job.watchdog.standing(600.0)
    assert (found.key, found.counted, found.unchanged, found.limit) == (None, 600.0, 600.0, 1800.0)
    assert found.why == "3 x stall_timeout, because the job has no running task"
    assert found.doing == "1 Spark job without an active stage"
    watched(job, 700, step=lambda _: {"driver": None})
    (found,) = job.watchdog.standing(700.0)
    assert (found.limit, found.why) == (None, "the driver's REST API does not confirm it")
