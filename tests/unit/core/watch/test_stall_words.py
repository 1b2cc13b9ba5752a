"""What is said of a stage that stands still."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch import stall_words
from airflow_spark_guard.core.watch.comparison import Comparison
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.movement import Standstill
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.core.watch.watch_limits import Limit
from tests.unit.core.watch.watched import BLOCKED, INSIDE, PYTHON_THREAD, STAGE

LIMIT = Limit(300.0, "stall_timeout")


def still(*readings, state=State.BLOCKED, since=0.0, own=None):
    own = {row.key: state for row in readings if row.kind == ""} if own is None and state else own or {}
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
        (State.UNSEEN, "heartbeat()"),
        (None, "heartbeat()"),
    ],
)
def test_the_advice_follows_what_the_workers_do(state, words):
    """Not the verdict's name."""
    assert words in stall_words.advice(still(at("a.py:1, f"), state=state))


def test_a_python_that_does_not_start_has_advice_of_its_own():
    """There is no line of the user's to look at."""
    starting = still(replace(PYTHON_THREAD, kind="python_start"))
    assert "spark.pyspark.python" in stall_words.advice(starting)
    working = still(replace(PYTHON_THREAD, kind="python_start"), state=State.UNSEEN)
    assert "spark.pyspark.python" not in stall_words.advice(working)
