"""What is said of a stage that stands still."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch import stall_words
from airflow_spark_guard.core.watch.comparison import Comparison
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.movement import Standstill
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.core.watch.process_sample import ProcessSample, StackDumps
from airflow_spark_guard.core.watch.watch_limits import Limit
from tests.unit.core.watch.watched import BLOCKED, INSIDE, PYTHON_THREAD, STAGE

LIMIT = Limit(300.0, "stall_timeout")


def still(*readings, state=State.BLOCKED, since=0.0, own=None):
    own = (
        {row.key: state for row in readings if row.kind not in ("idle", "python")}
        if own is None and state
        else own or {}
    )
    workers = Comparison(60.0, state=state, before=(0.0, readings) if readings else None, own=own)
    return Standstill({}, since, 0.0, workers)


def at(place, pid=1, stage=None):
    return replace(BLOCKED, key=f"{pid}:1", place=place, stage=stage)


def test_the_line_names_stage_time_limit_place_and_end():
    """All that an engineer asks at 3 a.m."""
    found = still(at("enrich.py:38, enrich"), at("enrich.py:38, enrich", 2), at("enrich.py:9, load", 3))
    text = stall_words.unchanged(replace(STAGE, name="count at job.py:7"), found, LIMIT, 130.0, 50_360.0)
    assert text == (
        "Stage 3 (count at job.py:7) unchanged for 2m 10s of 5m (stall_timeout); 4 of 10 tasks done, "
        "2 workers blocked at enrich.py:38, enrich; ends at 14:02:10 UTC unless it moves"
    )


def test_without_a_time_of_day_the_rest_is_named():
    """A recorded run has none."""
    assert "; ends in 2m 50s unless it moves" in stall_words.unchanged(
        STAGE, still(at("a.py:1, f")), LIMIT, 130.0, 0.0
    )


def test_after_an_excuse_the_whole_time_stands_beside_the_limits_own():
    """Never "15m of 10m": the limit counts from when its workers were seen to work."""
    text = stall_words.unchanged(STAGE, still(since=600.0), Limit(600.0, "stall_timeout"), 900.0, 0.0)
    assert "unchanged for 5m of 10m (stall_timeout) (last moved 15m ago); " in text
    assert "; ends in 5m unless it moves" in text


def test_the_line_that_hangs_is_of_a_worker_that_does_what_the_stage_does():
    """Three wait at a barrier for the one that computes; a neighbour's worker is not blamed either."""
    rows = (at("loop.py:5, run"), *(at("barrier.py:9, all", pid) for pid in (2, 3, 4)))
    own = {"1:1": State.SPINNING, **{f"{pid}:1": State.BLOCKED for pid in (2, 3, 4)}}
    found = still(*rows, state=State.SPINNING, own=own)
    assert stall_words.stuck(found, 3) == ("1:1",)
    assert stall_words.workers(found, 3) == "1 worker busy without a row at loop.py:5, run"
    mixed = still(*rows[:3], own={"1:1": State.WORKING, "2:1": State.BLOCKED, "3:1": State.BLOCKED})
    assert stall_words.stuck(mixed, 3) == ()  # nobody knows whose they are
    named = still(*(replace(row, stage=3) for row in rows[:3]), own=mixed.workers.own)
    assert stall_words.stuck(named, 3) == ("2:1", "3:1")
    assert stall_words.stuck(still(*rows, state=None), 3) == ()


def test_workers_of_other_stages_are_not_named():
    """Nor idle ones, nor any before the first look."""
    found = still(
        at("mine.py:1, f", 1, 3), at("other.py:2, g", 2, 9), replace(at("i.py:3, h", 3), kind="idle")
    )
    assert stall_words.workers(found, 3) == "1 worker blocked at mine.py:1, f"
    assert stall_words.workers(still(state=None), 3) == "workers not compared yet"
    assert stall_words.workers(still(at("")), 3) == "workers blocked"


COMMIT = ProcessSample(
    "task",
    "0 t1",
    "0",
    stack="s",
    kind="io",
    stage=3,
    place="org.postgresql.core.PGStream.receiveChar(P.java:1)",
)


def test_a_worker_that_waits_for_its_input_is_not_counted():
    """Of two functions in a row, both processes stand still, and one of them waits for the other."""
    chain = still(at("", 1), at("enrich.py:38, enrich", 2), at("", 3), PYTHON_THREAD)
    assert stall_words.workers(chain, 3) == "1 worker blocked at enrich.py:38, enrich"
    fed = still(at("", 1), COMMIT)
    assert stall_words.workers(fed, 3) == (
        "1 task thread blocked at org.postgresql.core.PGStream.receiveChar(P.java:1)"
    )


def test_a_stage_that_stands_in_the_jvm_names_its_task_threads():
    """Those of this stage, in the state of the stage; what waits for a neighbour comes last."""
    waits = replace(COMMIT, key="0 t3", kind="neighbour", place="org.apache.spark.storage.B.c(B.scala:1)")
    others = replace(COMMIT, key="0 t9", stage=9, place="a.b.c(d)")
    rows = (
        COMMIT,
        replace(COMMIT, key="0 t2"),
        others,
        waits,
        replace(waits, key="0 t4"),
        replace(waits, key="0 t5"),
    )
    assert stall_words.workers(still(*rows), 3) == (
        "2 task threads blocked at org.postgresql.core.PGStream.receiveChar(P.java:1)"
    )
    assert stall_words.workers(still(*rows, state=None), 3).startswith("2 task threads at org.postgresql")
    assert (
        stall_words.workers(still(waits), 3)
        == "1 task thread blocked at org.apache.spark.storage.B.c(B.scala:1)"
    )
    assert stall_words.workers(still(COMMIT, state=State.UNSEEN), 3) == "workers out of sight"
    assert stall_words.stuck(still(*rows), 3) == ()


def test_a_stage_that_stands_in_the_jvm_has_advice_for_the_jvm():
    """No function of the user's runs there, and a heartbeat cannot be sent."""
    blocked = stall_words.advice(still(at("", 1), COMMIT), 3)
    assert "queryTimeout" in blocked
    assert "socketTimeout" in blocked
    spins = stall_words.advice(still(replace(COMMIT, kind="running"), state=State.SPINNING), 3)
    assert "one long computation" in spins
    for text in (blocked, spins):
        assert "heartbeat() cannot help" in text
        assert "line" not in text  # core/failure/exceptions.py replaces advice about a line that is not known
    assert "queryTimeout" not in stall_words.advice(still(at("a.py:1, f"), COMMIT), 3)
    assert "queryTimeout" not in stall_words.advice(still(at("", 1), PYTHON_THREAD), 3)


@pytest.mark.parametrize("state", [State.BLOCKED, State.UNSEEN])
def test_a_heartbeat_is_sent_by_the_function_in_the_worker(state):
    """Those of the driver do not count for a stage."""
    text = stall_words.advice(still(at("a.py:1, f"), state=state), 3)
    assert "heartbeat() in the function that runs in the worker" in text
    text = stall_words.left_alone(STAGE, still(state=State.WORKING), 60.0)
    assert "heartbeat() in the function that runs in the worker" in text


def test_a_stage_that_waits_for_another_one_is_not_said_to_work():
    """Its line says for what it waits."""
    assert stall_words.left_alone(STAGE, still(state=State.BEHIND), 540.0) == (
        "Stage 3 has not moved for 9m, but it waits for a block or memory that a task of another stage holds; "
        "no action."
    )


def test_what_the_job_prints_is_untrusted():
    """A stage's name, a file's name and a heartbeat's text are the job's own."""
    evil = "\x1b[2Jpassword=hunter2 " + "x" * 1000
    seen = Observation(at=0.0, inside=replace(INSIDE, heartbeats=1, note=evil))
    for text in (
        stall_words.name(replace(STAGE, name=evil)),
        stall_words.workers(still(at(evil)), 3),
        stall_words.other_signs(seen),
    ):
        assert "hunter2" not in text
        assert "\x1b" not in text
        assert len(text) < 300


def test_signs_of_life_that_do_not_count_are_named():
    """Nobody shall wonder why a heartbeat of the driver did not help."""
    assert stall_words.other_signs(Observation(at=0.0)) == ""
    assert stall_words.other_signs(Observation(at=0.0, inside=INSIDE)) == ""
    seen = Observation(at=0.0, inside=replace(INSIDE, heartbeats=3, note="alive"))
    assert 'heartbeats of the driver ("alive") do not show that this stage moves' in stall_words.other_signs(
        seen
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.BLOCKED, "time-out"),
        (State.WAITING, "condition that never becomes true"),
        (State.SPINNING, "endless loop"),
        (State.BACKGROUND, "less than 4 KiB a second, call heartbeat()"),
        (State.UNSEEN, "heartbeat()"),
        (None, "heartbeat()"),
    ],
)
def test_the_advice_follows_what_the_workers_do(state, words):
    """Not the verdict's name."""
    assert words in stall_words.advice(still(at("a.py:1, f"), state=state), 3)


def test_a_python_that_does_not_start_has_advice_of_its_own():
    """There is no line of the user's to look at."""
    starting = still(replace(PYTHON_THREAD, kind="python_start"))
    assert "spark.pyspark.python" in stall_words.advice(starting, 3)
    working = still(replace(PYTHON_THREAD, kind="python_start"), state=State.UNSEEN)
    assert "spark.pyspark.python" not in stall_words.advice(working, 3)


def test_background_threads_that_move_beside_a_worker_are_named_with_their_rate():
    """In the task log and in the verdict."""
    found = still(at("a.py:1, f"), state=State.BACKGROUND)
    found.workers.trickle = 119.6
    assert stall_words.workers(found, 3) == (
        "1 worker standing still beside background threads at a.py:1, f "
        "(its own threads stand still; only background threads of a library move: 120 B/s)"
    )
    assert stall_words.workers(still(state=State.BACKGROUND), 3).startswith("workers standing still beside")


def dumped(executor, same, place="enrich.py:38, enrich"):
    return ProcessSample(
        "log", f"log:{executor}", executor, place=place, dumps=StackDumps(1, same, 60.0 * same)
    )


def test_equal_stack_dumps_of_workers_out_of_sight_are_counted():
    """Of the executor that has most of them; its name and its text are the job's."""
    found = still(dumped("0", 3), dumped("7\n8", 12), state=State.UNSEEN)
    assert stall_words.workers(found, 3) == (
        "workers out of sight; 12 stack dumps over 12m in the log of executor 7 8 show no change, "
        "the last one at enrich.py:38, enrich"
    )


@pytest.mark.parametrize(
    "readings",
    [
        (),
        (dumped("0", 1),),
        (dumped("0", 9), ProcessSample("task", "t", "0", kind="python", stage=9)),
    ],
    ids=["none", "one", "another stage runs there"],
)
def test_fewer_dumps_or_those_of_another_stage_are_not_mentioned(readings):
    """They say nothing about this one."""
    assert stall_words.workers(still(*readings, state=State.UNSEEN), 3) == "workers out of sight"
