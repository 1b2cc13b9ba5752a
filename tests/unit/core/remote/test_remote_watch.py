"""The rules together: who goes first, what outlives the process, and when the guard's watchdog looks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.remote.lifecycle import EndedWell, LifecycleRule, Patience
from airflow_spark_guard.core.remote.remote_watch import Memory, RemoteWatch
from airflow_spark_guard.core.remote.restarts import Ledger, Loss, RestartBudget, RestartRule
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.watchdog import Watchdog
from tests.support.limits import watch_limits
from tests.unit.core.remote.seen import (
    ID,
    START,
    TEXT,
    as_listed,
    careers,
    living,
    log,
    lost,
    running,
    silent,
)
from tests.unit.core.watch.watched import STAGE
from tests.unit.core.web.test_spark_rest import JSON

MEMORIES = st.builds(
    Memory, TEXT, st.booleans(), st.none() | st.floats(0, 4e9),
    st.builds(Ledger, st.lists(st.builds(Loss, TEXT, TEXT, TEXT, st.floats(0, 4e9)), min_size=1).map(tuple), st.integers(0, 9)),
)  # fmt: skip
WINDOWS = watch_limits(deadline=None, stall=600.0, poll=30.0)


def watch(*, budget=None, watch_limits=None, began=START):
    return RemoteWatch(
        LifecycleRule(Patience(300.0, 120.0, history_server=True), began),
        None if budget is None else RestartRule(budget),
        None if watch_limits is None else Watchdog(watch_limits),
    )


@given(memory=MEMORIES)
def test_a_memory_survives_json(memory):
    """As XCom keeps it."""
    assert Memory.from_json(json.loads(json.dumps(memory.to_json()))) == memory


@given(value=JSON, losses=JSON, forgotten=JSON, started=JSON)
def test_what_is_no_memory_raises_one_error(value, losses, forgotten, started):
    """Anybody may push under this key."""
    shaped = {"application_id": "", "known": 1, "started": started, "losses": losses, "forgotten": forgotten}
    for garbage in (
        value,
        shaped,
        {**shaped, "losses": [["0", "", "", started]]},
        {**shaped, "started": 10**400},
    ):
        try:
            assert isinstance(Memory.from_json(garbage), Memory)
        except ValueError as error:
            assert str(error)  # noqa: PT017 - it need not be raised


@given(career=careers(), cut=st.integers(0, 1000), budget=st.integers(0, 5))
def test_another_process_that_remembers_comes_to_the_same_verdict(career, cut, budget):
    """Though the driver has forgotten all that happened before it was started."""
    one, two = (watch(budget=RestartBudget(restarts=budget)) for _ in range(2))
    before, after = (running(at, *as_listed(career, at)) for at in (START + cut, START + 1000))
    forgetful = replace(
        after,
        driver=replace(
            after.driver, executors=tuple(row for row in after.executors if row not in before.executors)
        ),
    )
    one.observe(before, START + cut)
    two.recall(Memory.from_json(json.loads(json.dumps(one.memory.to_json()))))
    found, recalled = one.observe(after, START + 1000), two.observe(forgetful, START + 1000)
    assert found == recalled
    assert one.memory == two.memory


def test_restarts_of_an_application_that_ended_well_are_a_finding():
    """Nobody looked while it ran."""
    watched = watch(budget=RestartBudget())
    assert watched.observe(silent(START + 600, history=log(lost("0", START + 5))), START + 600).verdict is (
        Verdict.EXECUTORS_LOST
    )
    assert isinstance(
        watch().observe(silent(START + 600, history=log(lost("0", START + 5))), START), EndedWell
    )


def test_what_another_application_of_the_same_id_lost_is_not_counted():
    """Nor is it killed for that: the finding is that ours is gone."""
    watched = watch(budget=RestartBudget(minimum=3, grace=1.0))
    assert watched.observe(running(START + 0.5, *living("0")), START) is None
    other = running(START + 99, lost("0", START + 98), started=START + 60)
    assert watched.observe(other, START + 99).verdict is Verdict.VANISHED
    assert watched.memory == Memory(ID, known=True, started=START)


def test_the_memory_is_what_was_learnt():
    """The id of a name, whether anybody knew it, when it started, what it lost."""
    watched = watch(budget=RestartBudget(restarts=5))
    assert watched.memory == Memory()
    watched.observe(running(START + 9, lost("0", START + 5)), START + 9)
    memory = watched.memory
    assert (memory.application_id, memory.known, memory.started) == (ID, True, START)
    assert [loss.executor for loss in memory.ledger.losses] == ["0"]
    watched.observe(silent(START + 20, id_=""), START + 20)
    assert watched.memory == memory, "a look that knows less takes nothing away"
    plain = watch()
    plain.recall(memory)
    assert plain.memory == replace(memory, ledger=Ledger())


def test_notices_are_given_once():
    """Of the course and of the watchdog."""
    watched = watch(watch_limits=WINDOWS)
    stage = replace(STAGE, spilled=5 << 30)
    assert watched.observe(running(START + 30, *living("0"), stages=[stage]), START + 30) is None
    watched.observe(silent(START + 60, manager="RUNNING"), START + 60)
    spill, blind = sorted(watched.take_notices(), key=lambda text: "cannot be asked" in text)
    assert spill.startswith("Stage 3 has spilled 5.0 GiB")
    assert blind.startswith("The application runs, but its driver cannot be asked")
    assert watched.take_notices() == ()


def stuck(at, **more):
    return running(START + at, *living("0"), stages=[STAGE], **more)


def test_a_stage_that_stands_still_is_found_after_three_times_its_limit():
    """Its workers are out of sight, so the longer limit holds; the driver's clock is counted from the start."""
    watched = watch(watch_limits=WINDOWS)
    for at in range(0, 3000, 30):
        found = watched.observe(stuck(at), START + at)
        if found is not None:
            break
    assert found.verdict is Verdict.STALLED
    assert 1800 <= at <= 1860


def test_a_stage_that_moves_is_left_alone():
    """However long it takes."""
    watched = watch(watch_limits=WINDOWS)
    for at in range(0, 9000, 30):
        moving = replace(STAGE, counters=(at, at))
        assert watched.observe(running(START + at, *living("0"), stages=[moving]), START + at) is None


def test_the_deadline_counts_from_the_applications_start():
    """Not from the sensor's, which began later."""
    watched = watch(watch_limits=replace(WINDOWS, deadline=3600.0), began=START + 3000)
    assert watched.observe(stuck(3570), START + 3570) is None
    assert watched.observe(stuck(3600), START + 3600).verdict is Verdict.DEADLINE


def test_the_deadline_holds_where_the_driver_cannot_be_asked():
    """It may hang so hard that its pages do; the master says that it is there."""
    watched = watch(watch_limits=replace(WINDOWS, deadline=3600.0))
    for at in range(0, 3600, 30):
        assert watched.observe(silent(START + at, manager="RUNNING"), START + at) is None
    assert watched.observe(silent(START + 3600, manager="RUNNING"), START + 3600).verdict is Verdict.DEADLINE
    assert len(watched.take_notices()) == 1


@pytest.mark.parametrize("snapshot", [silent(START + 9e6), silent(START + 9e6, manager="FINISHED")])
def test_of_an_application_that_may_be_over_the_watchdog_says_nothing(snapshot):
    """That is for the course to tell."""
    assert watch(watch_limits=replace(WINDOWS, deadline=1.0)).observe(snapshot, START) is None


def test_observe_mode_says_losses_and_leaves_the_end_to_the_application():
    """Each loss more is news; another process goes on where this one stopped."""
    looking = watch(budget=RestartBudget())
    looking.observes = True
    one = (*living("1"), lost("0", START + 5))
    assert looking.observe(running(START + 10, *one), START + 10) is None
    assert [finding.verdict for finding in looking.take_observed()] == [Verdict.EXECUTORS_LOST]
    again = watch(budget=RestartBudget())
    again.observes = True
    again.recall(Memory.from_json(json.loads(json.dumps(looking.memory.to_json()))))
    for loop in (looking, again):
        loop.observe(running(START + 20, *one), START + 20)
        assert loop.take_observed() == ()
    two = (lost("0", START + 5), lost("1", START + 25))
    assert again.observe(running(START + 30, *two), START + 30) is None
    assert len(again.take_observed()) == 1


def test_observe_mode_passes_the_watchdogs_findings_on():
    looking = watch(watch_limits=replace(WINDOWS, observe=True, deadline=100.0))
    looking.observes = True
    assert looking.observe(running(START + 200), START + 200) is None
    assert [finding.verdict for finding in looking.take_observed()] == [Verdict.DEADLINE]
    assert looking.take_observed() == ()
