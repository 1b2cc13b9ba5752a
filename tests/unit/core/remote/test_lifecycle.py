"""How an application stands, by the word of its witnesses: no silence is ever a success."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.remote.lifecycle import EndedWell, LifecycleRule, Patience
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from tests.unit.core.remote.seen import START, living, log, running, silent

PATIENCE = Patience(start=300.0, end=120.0)
HISTORY = replace(PATIENCE, history_server=True)


def rule(patience=PATIENCE, *, known=True):
    return LifecycleRule(patience, START, known=known, started=START if known else None)


def test_an_application_that_answers_goes_on():
    """For as long as it likes."""
    course = rule(known=False)
    for at in range(0, 99999, 9999):
        assert course.observe(running(START + at, *living("0")), START + at) is None
    assert course.known
    assert not course.undecided
    assert course.notices == []


def test_an_id_that_nobody_knows_has_vanished_after_the_start_timeout():
    """Not before: a submission may take its time."""
    course = rule(known=False)
    snapshot = silent(START, why=(("driver", "refused"), ("master", "knows no application app-1")))
    assert course.observe(snapshot, START + 299) is None
    assert not course.undecided, "there is nothing to decide about an application that was never seen"
    found = course.observe(snapshot, START + 300)
    assert found.verdict is Verdict.VANISHED
    assert found.what == "No server that was asked knows this application."
    assert found.got == "driver: refused; master: knows no application app-1"
    assert found.expected == "an application with that id or name within 5m"
    assert "start_timeout" in found.advice


def test_a_driver_that_went_silent_without_a_witness_has_vanished():
    """Its pages die with it, whatever it died of."""
    course = rule()
    assert course.observe(running(START + 10), START + 10) is None
    assert course.observe(silent(START + 50), START + 50) is None
    assert course.undecided
    assert course.observe(silent(START + 169), START + 169) is None
    found = course.observe(silent(START + 170), START + 170)
    assert found.verdict is Verdict.VANISHED
    assert (
        found.what == "The driver has not answered for 2m, and no witness reports that the application ended."
    )
    assert "Give history_server=" in found.advice


def test_a_driver_that_answers_again_was_only_slow():
    """The time of its silence begins anew."""
    course = rule()
    for at in (0, 100):
        assert course.observe(silent(START + at), START + at) is None
    assert course.observe(running(START + 110), START + 110) is None
    assert not course.undecided
    for at in (200, 319):
        assert course.observe(silent(START + at), START + at) is None
    assert course.observe(silent(START + 320), START + 320).verdict is Verdict.VANISHED


def test_a_closed_event_log_is_a_good_end():
    """Only a driver that ends by itself closes it."""
    for manager in (None, "FINISHED", "RUNNING"):
        told = rule(HISTORY).observe(silent(START, manager=manager, history=log()), START)
        assert told == EndedWell("Its event log is closed: the driver ended by itself.")


def test_a_closed_event_log_whose_last_job_failed_is_no_good_end():
    """The script caught the failure, or spark-submit said it in its exit code, which nobody sees here."""
    found = rule(HISTORY).observe(silent(START, manager="FINISHED", history=log(failed=True)), START)
    assert found.verdict is Verdict.UNKNOWN
    assert found.what == "The application ended after its last Spark job had failed."
    assert found.reached_at == 500


def test_an_open_log_and_finished_is_no_success():
    """As a driver leaves it that was killed; the master's FINISHED says nothing against it."""
    course = rule(HISTORY)
    snapshot = silent(START, manager="FINISHED", history=log(completed=False))
    assert course.observe(snapshot, START + 10) is None
    assert course.observe(snapshot, START + 129) is None
    found = course.observe(snapshot, START + 130)
    assert found.verdict is Verdict.VANISHED
    assert "as it does for a killed driver" in found.what
    assert "spark.eventLog.dir" in found.advice


def test_a_history_server_that_lags_is_waited_for():
    """It reads its folder every ten seconds or so."""
    course = rule(HISTORY)
    assert course.observe(silent(START, manager="FINISHED"), START) is None
    assert course.observe(silent(START, manager="FINISHED", history=log(completed=False)), START + 60) is None
    assert isinstance(
        course.observe(silent(START, manager="FINISHED", history=log()), START + 119), EndedWell
    )


def test_the_masters_word_counts_where_no_history_server_is_named():
    """And the log says what it cannot know."""
    told = rule().observe(silent(START, manager="FINISHED"), START)
    assert told == EndedWell(
        "The master reports FINISHED (also for a killed driver); history_server= distinguishes them."
    )


@pytest.mark.parametrize("answering", [True, False], ids=["driver answers", "driver is silent"])
@pytest.mark.parametrize(
    ("state", "verdict"), [("KILLED", Verdict.KILLED), ("FAILED", Verdict.EXECUTORS_LOST)]
)
def test_what_the_master_has_ended_is_over(state, verdict, answering):
    """Whatever anybody else says."""
    snapshot = silent(START, manager=state, history=log())
    if answering:
        snapshot = replace(running(START), manager=snapshot.manager)
    found = rule(HISTORY).observe(snapshot, START)
    assert found.verdict is verdict
    assert found.got == f"state {state}"


def test_the_task_that_runs_it_is_a_witness():
    """Its own watch has seen more than any server."""
    assert rule(HISTORY).observe(silent(START, task="success"), START) == EndedWell(
        "The task that ran it succeeded."
    )
    found = rule(HISTORY).observe(silent(START, task="failed", history=log()), START)
    assert (found.verdict, found.what) == (Verdict.UNKNOWN, "The task that runs the application has failed.")
    course = rule(HISTORY)
    assert course.observe(silent(START, task="running"), START) is None
    assert course.observe(silent(START, task="running"), START + 120).verdict is Verdict.VANISHED


def test_another_application_under_the_same_id_is_not_ours():
    """Two clusters give the same ids, and a master that starts anew does."""
    course = rule(known=False)
    assert course.observe(running(START + 9, started=START + 5), START + 9) is None
    assert course.observe(running(START + 9, started=START + 6.5), START + 9) is None, "servers round"
    assert course.observe(silent(START + 9), START + 9) is None, "who names no start contradicts nobody"
    other = running(START + 99, started=START + 60)
    assert course.is_another(other)
    found = course.observe(other, START + 99)
    assert (found.verdict, found.what) == (
        Verdict.VANISHED,
        "Another application now has this id: the watched one is gone.",
    )


def test_a_driver_that_cannot_be_reached_is_said_once():
    """It lives, by the master's word, and goes on."""
    course = rule()
    for at in range(0, 9999, 30):
        assert course.observe(silent(START + at, manager="RUNNING"), START + at) is None
    assert course.notices == ["The application runs, but its driver cannot be asked: driver: no answer."]
    assert course.observe(running(START + 9999), START + 9999) is None
    assert course.observe(silent(START + 9999, manager="WAITING", why=()), START + 9999) is None
    assert course.notices[1:] == ["The application runs, but its driver cannot be asked: no address."]


def test_where_a_history_server_alone_can_be_asked_an_open_log_is_one_that_runs():
    """It says what it cannot notice; a closed log is an end as ever."""
    course = rule(replace(HISTORY, alone=True), known=False)
    for at in range(0, 9999, 60):
        snapshot = silent(START + at, history=log(*living("0"), completed=False))
        assert course.observe(snapshot, START + at) is None
    (notice,) = course.notices
    assert notice.startswith("Only the history server can be asked")
    assert isinstance(course.observe(silent(START + 9999, history=log()), START + 9999), EndedWell)


def test_a_history_server_alone_that_forgets_is_no_success():
    """Its log was removed."""
    course = rule(replace(HISTORY, alone=True))
    assert course.observe(silent(START), START) is None
    assert course.observe(silent(START + 120), START + 120).verdict is Verdict.VANISHED


@given(
    manager=st.sampled_from([None, "", "WAITING", "RUNNING", "FINISHED"]),
    history=st.sampled_from([None, log(completed=False)]),
    task=st.sampled_from(["", "running"]),
    times=st.lists(st.floats(0, 1e5), max_size=5),
)
def test_with_a_history_server_nothing_but_a_closed_log_or_the_task_is_a_success(
    manager, history, task, times
):
    """Success by accident is what this package is against."""
    course = rule(HISTORY)
    for at in sorted(times):
        told = course.observe(silent(START + at, manager=manager, history=history, task=task), START + at)
        assert told is None or isinstance(told, Finding)


def test_every_finding_says_when_by_the_applications_own_start():
    """Also what the watch has waited for; where the start is not known, the watch's beginning counts."""
    killed = rule().observe(replace(silent(START + 70, manager="KILLED"), started=START), START + 70)
    assert killed.reached_at == 70
    course = rule(Patience(60.0, 20.0), known=False)
    assert course.observe(silent(START + 60), START + 60).reached_at == 60
    course = rule(Patience(60.0, 20.0))
    assert course.observe(running(START + 30), START + 30) is None
    assert course.observe(silent(START + 40), START + 40) is None
    assert course.observe(silent(START + 99), START + 99).reached_at == 60
    another = rule(Patience(60.0, 20.0))
    another.observe(running(START + 30), START + 30)
    assert another.observe(running(START + 50, started=START + 45), START + 50).reached_at == 50
