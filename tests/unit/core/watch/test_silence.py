"""The driver's own code between Spark jobs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.observation import DriverView, Inside
from airflow_spark_guard.core.watch.process_sample import ProcessSample
from tests.support.limits import watch_limits
from tests.unit.core.watch.watched import EXECUTOR, Job, moving

DRIVER = ProcessSample("driver", "9:9", cpu=1.0, switches=10, stack="d")
JVM = ProcessSample("jvm", "8:8", cpu=10.0)
IDLE = Inside(application_id="app-1")
SILENCE = watch_limits(silence=120.0, deadline=None)


def test_a_silent_driver_is_left_alone_unless_asked_for():
    """Only the author knows how long a model fit may take."""
    job = Job(watch_limits(deadline=None))
    assert job.until(20_000, inside=IDLE, driver=DriverView(jobs=0)) is None


def test_the_log_says_how_long_the_driver_has_been_silent():
    """Every few minutes, less and less often, with the last heartbeat and what it said."""
    job = Job(watch_limits(deadline=None))
    inside = replace(IDLE, heartbeats=2, note="part 1 of 3", heartbeat_at=30.0)
    assert job.until(3600, inside=inside, driver=DriverView(jobs=0)) is None
    assert job.lines[0] == 'No Spark job for 5m; last heartbeat 4m 30s ago: "part 1 of 3".'
    assert 4 <= len(job.lines) <= 8
    job = Job(watch_limits(deadline=None))
    job.until(310, inside=IDLE, driver=DriverView(jobs=0))
    assert job.lines == ["No Spark job for 5m; no heartbeat() yet."]


def test_where_a_limit_is_set_the_lines_name_it():
    """From half of it on; the driver computes, so that three times the limit holds."""
    job = Job(SILENCE)
    reading = lambda at: (moving(DRIVER, at, cpu=1), JVM)  # noqa: E731
    finding = job.until(2000, inside=IDLE, driver=DriverView(jobs=0), reading=reading)
    assert "; ends after 6m (3 x driver_silence, because the driver computes)." in job.lines[-1]
    assert finding.limit == 360
    assert finding.expected == (
        "a Spark job or a heartbeat within 6m (3 x driver_silence, because the driver computes)"
    )


def test_a_blocked_driver_is_silent_at_its_limit():
    """It waits on a lock, and its JVM has nothing to do."""
    job = Job(SILENCE)
    finding = job.until(2000, inside=IDLE, driver=DriverView(jobs=0), reading=lambda _: (DRIVER, JVM))
    assert finding.verdict is Verdict.DRIVER_SILENT
    assert finding.suspect == "driver"
    assert 120 <= job.at <= 122


@pytest.mark.parametrize(
    "reading",
    [
        lambda at: (moving(DRIVER, at, cpu=1), JVM),
        lambda at: (replace(DRIVER, stack=str(at)), JVM),
        lambda at: (DRIVER, moving(JVM, at, cpu=1)),
        lambda _: (),
    ],
    ids=["busy", "moving", "its JVM plans", "unseen"],
)
def test_a_driver_that_may_be_working_is_given_three_times_as_long(reading):
    """A loop, a model fit, a planning phase."""
    job = Job(SILENCE)
    finding = job.until(2000, inside=IDLE, driver=DriverView(jobs=0), reading=reading)
    assert finding.verdict is Verdict.DRIVER_SILENT
    assert 360 <= job.at <= 362


def test_a_driver_that_waits_for_its_application_is_starved_after_the_start_timeout():
    """In the queue of a full cluster, where another try can help."""
    job = Job(SILENCE)
    finding = job.until(2000, inside=Inside(), reading=lambda _: (DRIVER, JVM))
    assert finding.verdict is Verdict.STARVED
    assert 300 <= job.at <= 302
    assert finding.what == "No Spark application has started for 5m."
    assert finding.got == "the driver's processes are blocked"
    assert finding.expected == (
        "a SparkContext within 5m (start_timeout, since there is no SparkContext yet)"
    )
    assert "the manager's queue" in finding.advice
    assert (finding.suspect, finding.retry) == ("driver", None)


def test_a_driver_out_of_sight_that_has_no_application_is_starved_too():
    """Its processes cannot be read, so that three times the limit holds."""
    job = Job(SILENCE)
    assert job.until(5000, inside=Inside(), reading=lambda _: ()).verdict is Verdict.STARVED
    assert 900 <= job.at <= 902


@pytest.mark.parametrize(
    ("limits", "reading"),
    [
        (SILENCE, lambda at: (moving(DRIVER, at, cpu=1), JVM)),
        (replace(SILENCE, local=True), lambda _: (DRIVER, JVM)),
        (SILENCE, lambda _: (replace(DRIVER, place="/jobs/a.py:4, fit"), JVM)),
    ],
    ids=["it computes", "local mode has no queue", "it hangs in a line of its own"],
)
def test_a_driver_without_an_application_that_does_not_wait_for_the_cluster_is_silent(limits, reading):
    """Its own code stands still, and would again."""
    finding = Job(limits).until(5000, inside=Inside(), reading=reading)
    assert finding.verdict is Verdict.DRIVER_SILENT


def test_a_spark_job_ends_the_silence():
    """And so does the next one."""
    job = Job(SILENCE)
    busy = lambda at: {"inside": replace(IDLE, jobs=int(at / 100) % 2)}  # noqa: E731
    assert job.until(5000, step=busy, reading=lambda _: (DRIVER, JVM)) is None


def test_short_spark_jobs_between_two_looks_are_signs_of_life():
    """None was seen running; the executors' own count of task time tells."""
    job = Job(SILENCE)
    step = lambda at: {"driver": DriverView(jobs=0, executors=(replace(EXECUTOR, run_ms=int(at / 40)),))}  # noqa: E731
    assert job.until(5000, inside=IDLE, step=step, reading=lambda _: (DRIVER, JVM)) is None


def test_a_ui_that_is_silent_now_and_then_is_no_sign_of_life():
    """What was counted before is counted still."""
    job = Job(SILENCE)
    view = DriverView(jobs=0, executors=(replace(EXECUTOR, run_ms=5),))
    step = lambda at: {"driver": view if int(at / 30) % 2 else None}  # noqa: E731
    finding = job.until(5000, inside=IDLE, step=step, reading=lambda _: (DRIVER, JVM))
    assert finding.verdict is Verdict.DRIVER_SILENT
    assert job.at < 200


def test_a_heartbeat_is_a_sign_of_life():
    """It is the cure for a long computation of the driver's own."""
    job = Job(SILENCE)
    step = lambda at: {"inside": replace(IDLE, heartbeats=int(at / 100))}  # noqa: E731
    assert job.until(5000, step=step, reading=lambda _: (DRIVER, JVM)) is None


def test_in_local_mode_the_drivers_own_row_is_no_sign_of_life():
    """Its time grows while no task runs."""
    job = Job(SILENCE)

    def step(at):
        row = replace(EXECUTOR, id="driver", active_tasks=0, run_ms=int(at * 1000))
        return {"driver": DriverView(jobs=0, executors=(row,))}

    assert job.until(2000, inside=IDLE, step=step, reading=lambda _: (DRIVER, JVM)) is not None


CHILD = ProcessSample("child", "7:7", cpu=1.0, switches=10, io=10)


@pytest.mark.parametrize(
    "reading",
    [
        lambda at: (DRIVER, JVM, moving(CHILD, at, cpu=1)),
        lambda at: (DRIVER, JVM, moving(CHILD, at, io=2_000)),
        lambda at: (DRIVER, JVM, replace(CHILD, key=f"{at}:1")),
        lambda at: (DRIVER, replace(JVM, io=int(at * 200_000))),
    ],
    ids=["a child computes", "a child writes", "children come and go", "its JVM commits"],
)
def test_a_driver_that_waits_for_work_of_other_processes_is_not_silent(reading):
    """`subprocess.run(["dbt", ...])`, a pool of processes, a commit without a Spark job."""
    job = Job(SILENCE)
    assert job.until(2000, inside=IDLE, driver=DriverView(jobs=0), reading=reading) is None
    said = [line for line in job.lines if line.endswith("; no action.")]
    assert said[0].startswith("No Spark job for 2m, but the driver waits: ")
    assert said[1].startswith("No Spark job for 4m, but the driver waits: ")


@pytest.mark.parametrize(
    ("child", "limit"), [(lambda _: CHILD, 120), (lambda at: moving(CHILD, at, switches=5), 360)]
)
def test_a_child_that_stands_does_not_excuse_the_driver(child, limit):
    """It waits as well. One that sleeps and wakes up may do anything: the longer limit."""
    job = Job(SILENCE)
    rows = lambda at: (DRIVER, JVM, child(at))  # noqa: E731
    finding = job.until(2000, inside=IDLE, driver=DriverView(jobs=0), reading=rows)
    assert finding.verdict is Verdict.DRIVER_SILENT
    assert limit <= job.at <= limit + 2


def test_a_child_that_stops_working_has_excused_the_driver_only_until_then():
    """The message has the whole time, the limit counts from when work was last seen."""
    job = Job(SILENCE)
    rows = lambda at: (DRIVER, JVM, moving(CHILD, min(at, 500.0), cpu=1))  # noqa: E731
    finding = job.until(2000, inside=IDLE, driver=DriverView(jobs=0), reading=rows)
    assert finding.verdict is Verdict.DRIVER_SILENT
    assert 500 + 60 <= job.at <= 500 + 240
    assert finding.limit == 120
    assert finding.what.startswith("The driver has run for 1")
    (standing,) = job.watchdog.standing(job.at)
    assert standing.unchanged > standing.counted
