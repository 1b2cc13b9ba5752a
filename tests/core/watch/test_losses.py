"""Executors that are lost, given back, replaced, or gone for good."""

from __future__ import annotations

from dataclasses import replace

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.observation import DriverView, Executor, Master
from airflow_spark_guard.core.watch.windows import Windows
from tests.core.watch.watched import EXECUTOR, STAGE, Job, lost, running


def test_losses_within_the_budget_pass():
    """Three in ten minutes; a fourth is one too many."""
    job = Job()
    assert job.observe(1, driver=running(executors=(EXECUTOR, *lost("1", "2", "3")))) is None
    finding = job.observe(2, driver=running(executors=(EXECUTOR, *lost("1", "2", "3", "4"))))
    assert finding.verdict is Verdict.EXECUTORS_LOST
    assert finding.what == "4 executors were lost within 10m; 3 may be."
    assert finding.got == "Command exited with code 137"


def test_losses_long_ago_do_not_count():
    """One an hour may go on for ever."""
    job = Job(replace(Windows(), deadline=None, losses=1, poll=3600.0))
    for hour in range(1, 6):
        ids = [str(number) for number in range(1, hour + 1)]
        assert job.observe(3600.0 * hour, driver=running(executors=(EXECUTOR, *lost(*ids)))) is None


def test_executors_that_dynamic_allocation_removes_do_not_count():
    """Nor those that are decommissioned."""
    gone = lost("1", "2", "3", "4", "5", reason="Executor killed by driver.")
    assert Job().observe(1, driver=running(executors=(EXECUTOR, *gone))) is None


def test_a_crash_loop_ends_at_once():
    """The REST API sees none of them: they die before they register."""
    job = Job(replace(Windows(), losses=1000))
    assert job.observe(5, driver=running(executors=()), executor_exits=10) is None
    finding = job.observe(10, driver=running(executors=()), executor_exits=30, exit_reason="code 1")
    assert finding.verdict is Verdict.EXECUTORS_LOST
    assert "they die as soon as they start" in finding.what
    assert finding.got == "code 1"


def test_no_executor_left_for_a_minute_is_the_end():
    """One loss is within the budget, but nobody took its place."""
    job = Job()
    assert job.observe(1, driver=running()) is None
    gone = running(executors=lost("0"), stages=(replace(STAGE, active=0),))
    finding = job.until(500, driver=gone)
    assert finding.verdict is Verdict.EXECUTORS_LOST
    assert finding.what.startswith("No executor has been left for 1m")
    assert 61 <= job.at <= 92


def test_an_application_that_the_master_has_forgotten_has_vanished():
    """It knew it before, and no executor is left."""
    job = Job()
    assert job.observe(1, driver=running(), master=Master(known=True, waiting=False)) is None
    gone = running(executors=lost("0"), stages=(replace(STAGE, active=0),))
    finding = job.until(500, driver=gone, master=Master(known=False, waiting=False))
    assert finding.verdict is Verdict.VANISHED


def gone(id_, removed, reason="Command exited with code 137"):
    return Executor(id=id_, active=False, removed=removed, reason=reason)


def test_losses_that_nobody_saw_count_when_they_happened():
    """The UI was silent for hours; four losses in that time are not four in ten minutes."""
    hourly = tuple(gone(str(hour), 1e9 + hour * 3600) for hour in range(6))
    assert Job().observe(1, driver=running(executors=(EXECUTOR, *hourly))) is None
    assert Job().observe(1, driver=running(executors=(EXECUTOR, *lost(*"abcd")))) is not None


def test_by_the_drivers_clock_losses_are_as_old_as_they_are():
    """Four within ten minutes, but hours before the first look; without a clock the last went just now."""
    rows = (EXECUTOR, *(gone(str(number), 1e9 + number) for number in range(4)))
    long_ago = replace(running(executors=rows), clock=1e9 + 7200)
    job = Job()
    assert job.observe(1, driver=long_ago) is None
    fifth = replace(running(executors=(*rows, gone("5", 1e9 + 7230))), clock=1e9 + 7231)
    assert job.observe(31, driver=fifth) is None
    assert Job().observe(1, driver=replace(long_ago, clock=None)) is not None
    assert Job().observe(1, driver=replace(long_ago, clock=1e9 + 60)) is not None


def test_a_clock_that_is_behind_makes_no_loss_of_the_future():
    """A Date header has whole seconds."""
    job = Job()
    rows = tuple(gone(str(number), 1e9 + 0.9) for number in range(4))
    finding = job.observe(1, driver=replace(running(executors=(EXECUTOR, *rows)), clock=1e9))
    assert finding.reached_at == 1


def test_the_last_one_that_went_says_whether_the_rest_was_lost():
    """Whatever their order in the answer: dynamic allocation took the last one, long after a loss."""
    rows = (gone("2", 2000.0, "Executor killed by driver."), gone("1", 1000.0))
    for executors in (rows, rows[::-1]):
        job = Job(replace(Windows(), deadline=None, stall=1e6))
        assert job.observe(1, driver=running()) is None
        waiting = (replace(STAGE, active=0),)
        assert job.until(900, driver=running(executors=executors, stages=waiting)) is None


def test_an_executor_that_came_and_went_restarts_the_time_without_any():
    """None has come, the message says, and it must be true."""
    job = Job(replace(Windows(), losses=100))
    waiting = (replace(STAGE, active=0),)
    assert job.observe(1, driver=running()) is None
    assert job.observe(10, driver=running(executors=lost("0"), stages=waiting)) is None
    assert job.observe(69, driver=running(executors=lost("0", "1"), stages=waiting)) is None
    assert job.observe(120, driver=running(executors=lost("0", "1"), stages=waiting)) is None
    finding = job.observe(130, driver=running(executors=lost("0", "1"), stages=waiting))
    assert finding.what == "No executor has been left for 1m 1s, and none has come."


def test_no_executor_is_missed_where_no_stage_wants_one():
    """The driver works alone, or writes its model."""
    job = Job(replace(Windows(), deadline=None))
    assert job.observe(1, driver=running()) is None
    assert job.until(900, driver=DriverView(jobs=0, executors=lost("0"))) is None


def test_in_local_mode_the_driver_is_the_executor():
    """There is none to lose."""
    job = Job(replace(Windows(), local=True, stall=1e6))
    assert job.observe(1, driver=running()) is None
    assert job.until(900, driver=running(executors=lost("driver"))) is None


def test_the_output_and_the_ui_tell_of_the_same_losses():
    """The larger count holds; they are not added."""
    job = Job()
    seen = {"driver": running(executors=(EXECUTOR, *lost("1", "2", "3")))}
    assert job.observe(1, executor_exits=3, exit_reason="code 1", **seen) is None
    assert job.observe(2, executor_exits=4, exit_reason="code 1", **seen).got == "code 1"


def test_a_reason_is_untrusted_and_short():
    """It may hold an environment."""
    finding = Job().observe(
        1, driver=running(executors=lost(*"abcd", reason="\x1b[2J password=hunter2 " + "x" * 999))
    )
    assert finding.got.startswith("[2J password=******")
    assert len(finding.got) == 160
