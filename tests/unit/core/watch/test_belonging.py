"""Whose worker is it: by what a thread or a stack says, else by counting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch.belonging import looks, own_states, stage_state, trickle
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.process_sample import OwnThreads, ProcessSample, StackDumps
from tests.unit.core.watch.watched import BLOCKED

SECONDS = 60.0
MINE, OTHERS = 3, 9
OTHER = frozenset({OTHERS})


def thread(stage, number=1, kind="python", executor="0"):
    return ProcessSample("task", f"t{executor}.{stage}.{number}", executor, stack="s", kind=kind, stage=stage)


def worker(pid, stage=None, executor="0", **more):
    return replace(BLOCKED, key=f"{pid}:1", stage=stage, executor=executor, **more)


def works(reading):
    return replace(reading, switches=reading.switches + 6000)


def state(*after, before=None, busy=(), running=("0",), others=OTHER):
    """Of stage 3; ``busy`` are the keys of workers that work between the two looks."""
    later = [works(row) if row.key in busy else row for row in after]
    return stage_state(MINE, looks(before if before is not None else after, later, SECONDS, running), others)


def test_a_worker_that_names_its_stage_counts_for_that_stage():
    """Whatever the others do."""
    rows = (thread(MINE), thread(OTHERS), worker(1, MINE), worker(2, OTHERS))
    assert state(*rows, busy=("2:1",)) is State.BLOCKED
    assert state(*rows, busy=("1:1",)) is State.WORKING


def test_of_workers_that_differ_nobody_knows_whose_is_whose():
    """Older Sparks do not show the stage. A stage may move by its JVM while its worker waits for rows."""
    rows = (thread(MINE), thread(OTHERS), worker(1), worker(2))
    assert state(*rows, busy=("2:1",)) is State.UNSEEN
    assert state(*rows, busy=("1:1", "2:1")) is State.WORKING
    assert state(*rows) is State.BLOCKED
    assert state(*rows[:3]) is State.UNSEEN  # one worker for two tasks: ours may be the other one
    assert state(*rows[:3], busy=("1:1",)) is State.UNSEEN


def test_a_task_whose_python_starts_has_no_worker_yet():
    """The one that works is the neighbour's, whatever this task waits for."""
    rows = (thread(MINE, kind="python_start"), thread(OTHERS), worker(2))
    assert state(*rows, busy=("2:1",)) is State.BLOCKED
    two = (thread(MINE, 1, kind="python_start"), thread(MINE, 2), thread(OTHERS), worker(1), worker(2))
    assert state(*two, busy=("1:1", "2:1")) is State.WORKING


def test_a_stage_that_waits_for_a_block_of_another_stage_is_behind_it():
    """Two actions on one cached table: the first one computes the block, and has a clock of its own."""
    waits, computes = thread(MINE, kind="neighbour"), thread(OTHERS, kind="running")
    assert state(waits, computes) is State.BEHIND
    assert state(waits, worker(1, MINE), computes) is State.BEHIND  # its Python waits for the rows
    assert state(waits, computes, before=(waits,)) is State.BEHIND  # a new task of the other stage
    assert state(waits, thread(MINE, 2, kind="io"), computes) is State.BEHIND


@pytest.mark.parametrize(
    "neighbours",
    [
        (),
        (thread(OTHERS, kind="running", executor="1"),),
        (thread(OTHERS, kind="neighbour"),),
        (thread(MINE, 2, kind="io"),),
        (thread(7, kind="running"),),
    ],
    ids=["no other", "elsewhere", "one that waits too", "of the same stage", "of a stage without a clock"],
)
def test_a_wait_that_no_other_stage_can_end_is_a_block(neighbours):
    """A lock that is held for ever: nothing else would ever end the job."""
    waits = thread(MINE, kind="neighbour")
    assert state(waits, *neighbours, running=("0",)) is State.BLOCKED
    assert state(waits, others=frozenset()) is State.BLOCKED


def test_the_stage_that_computes_is_not_excused_by_the_one_that_waits_for_it():
    """Of two that hang it is the one to report."""
    waits, hangs = thread(OTHERS, kind="neighbour"), thread(MINE, kind="io")
    assert state(waits, hangs) is State.BLOCKED


def test_what_each_worker_does_is_known_by_itself():
    """For whoever names the line that hangs."""
    rows = (thread(MINE), worker(1, MINE), worker(2, MINE), worker(3, kind="idle"))
    later = [works(row) if row.key == "2:1" else row for row in rows]
    seen = looks(rows, later, SECONDS, ("0",))
    jvm = thread(MINE, kind="io")
    assert own_states(looks((jvm,), (jvm,), SECONDS, ("0",))) == {jvm.key: State.BLOCKED}
    assert own_states(seen) == {"1:1": State.BLOCKED, "2:1": State.WORKING}


def test_a_neighbour_that_runs_no_python_leaves_all_workers_to_us():
    """Its thread is in the JVM."""
    rows = (thread(MINE), thread(OTHERS, kind="running"), worker(1), worker(2))
    assert state(*rows, busy=("2:1",)) is State.WORKING


def test_an_executor_without_a_task_of_the_stage_says_nothing_of_it():
    """Its workers are the neighbours'."""
    rows = (thread(MINE), worker(1), thread(OTHERS, executor="1"), worker(2, executor="1"))
    assert state(*rows, busy=("2:1",), running=("0", "1")) is State.BLOCKED


def test_an_executor_out_of_sight_may_run_the_task_that_works():
    """Its threads were not read."""
    rows = (thread(MINE), worker(1))
    assert state(*rows, running=("0", "1")) is State.UNSEEN
    unread = (worker(1, MINE), worker(2))
    assert state(*unread) is State.UNSEEN
    assert state(worker(2), worker(3)) is State.UNSEEN
    assert state(worker(2), worker(3), busy=("2:1", "3:1")) is State.WORKING
    assert state(worker(1, MINE)) is State.BLOCKED


def test_a_new_worker_of_the_stage_is_work():
    """A task of it has just got one; a worker that came to it from another stage as well."""
    rows = (thread(MINE), thread(OTHERS), worker(1, MINE))
    assert state(*rows, worker(5, MINE), before=rows) is State.WORKING
    assert state(*rows, worker(5, OTHERS), before=rows) is State.BLOCKED
    came = (thread(MINE), thread(OTHERS), worker(1, OTHERS))
    assert state(*rows, before=came) is State.WORKING


@pytest.mark.parametrize(("kind", "found"), [("python", State.UNSEEN), ("python_start", State.BLOCKED)])
def test_a_task_whose_worker_nobody_sees(kind, found):
    """It may do anything; one that has not started yet does nothing."""
    assert state(thread(MINE, kind=kind), thread(OTHERS, kind="running")) is found


def test_alone_every_worker_is_the_stages():
    """As long as no other stage is active there is nothing to attribute."""
    rows = (thread(MINE), worker(1), worker(2))
    assert state(*rows, busy=("2:1",), others=frozenset()) is State.WORKING
    assert state(*rows, others=frozenset()) is State.BLOCKED
    left = (*rows, worker(3, OTHERS))  # of a stage that has ended between the looks
    assert state(*left, busy=("3:1",), others=frozenset()) is State.BLOCKED


def test_the_rate_of_background_threads_is_of_the_workers_that_stand():
    """The largest one; a worker that works has none."""
    own = OwnThreads("ids", 1.0, 1, 1)
    rows = [worker(pid, MINE, own=own) for pid in (1, 2, 3)]
    later = [replace(row, watched=50.0, trickle=100 * at) for at, row in enumerate(rows)]
    later[2] = replace(later[2], moved=1)
    assert trickle(looks(rows, later, SECONDS, ("0",))) == 2.0
    assert trickle(looks(rows, rows, SECONDS, ("0",))) == 0.0


def test_stack_dumps_count_for_a_stage_only_where_no_other_stage_runs_python():
    """They name no stage."""
    log = ProcessSample("log", "log:0", "0", dumps=StackDumps(0, same=1))
    moved = replace(log, dumps=StackDumps(1, same=1))
    alone = (thread(MINE), thread(OTHERS, kind="running"))
    assert state(*alone, moved, before=(*alone, log)) is State.WORKING
    assert state(*alone, log) is State.UNSEEN
    both = (thread(MINE), thread(OTHERS))
    assert state(*both, moved, before=(*both, log)) is State.UNSEEN
    seen = (thread(MINE), thread(OTHERS, kind="running"), worker(1))
    assert state(*seen, moved, before=(*seen, log)) is State.BLOCKED
    assert own_states(looks((log,), (moved,), SECONDS, ("0",))) == {}
