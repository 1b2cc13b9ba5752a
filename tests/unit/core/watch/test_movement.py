"""What moves a stage: signals about it alone."""

from __future__ import annotations

from dataclasses import replace

from airflow_spark_guard.core.watch.comparison import Comparison
from airflow_spark_guard.core.watch.movement import Standstill, inside_row, signature
from airflow_spark_guard.core.watch.observation import Observation, TaskHeartbeat
from tests.unit.core.watch.watched import INSIDE, STAGE, running

OTHER = replace(STAGE, stage=9)


def seen(stages=(STAGE, OTHER), rows=(), beats=(), **inside):
    return Observation(
        at=1.0,
        driver=running(stages=stages),
        inside=replace(INSIDE, stages=rows, **inside),
        task_heartbeats=beats,
    )


def mark(observation, *, alone=False):
    return signature(STAGE, observation, alone=alone)


def test_signals_of_the_whole_job_are_in_no_signature():
    """SQL metrics and heartbeats of the driver, and another stage's own figures."""
    still = mark(seen())
    assert still == mark(seen(sql="bb", heartbeats=7, note="alive", jobs=3, rss=9))
    assert still == mark(seen(stages=(STAGE, replace(OTHER, done=9))))
    assert still == mark(seen(rows=(replace(OTHER, sql="cc", done=1),)))


def test_signals_of_the_stage_are():
    """By the REST API, by the status tracker, by the stage's live SQL metrics, by its tasks' heartbeats."""
    still = mark(seen(rows=(replace(STAGE, sql="aa"),)))
    assert still != mark(seen(rows=(replace(STAGE, sql="bb"),)))
    assert still != mark(seen(rows=(replace(STAGE, sql="aa", done=5),)))
    assert still != mark(seen(rows=(replace(STAGE, sql="aa"),), beats=(TaskHeartbeat("0", 3, "x"),)))
    assert signature(replace(STAGE, counters=(8,)), seen(), alone=False) != mark(seen())


def test_a_heartbeat_of_no_known_stage_counts_where_there_is_only_one():
    """A process that a task has started may not know whose task it was."""
    beats = (TaskHeartbeat("0", None, "x"),)
    assert mark(seen(beats=beats))["loose"] is None
    assert mark(seen(beats=beats), alone=True)["loose"] == {"0": "x"}
    assert mark(seen(beats=beats), alone=True)["heartbeats"] is None


def test_a_process_that_the_driver_has_started_says_nothing_of_a_stage():
    """It writes into the driver's own output; in local[n] the workers do so too."""
    beats = (TaskHeartbeat("", None, "x"),)
    assert mark(seen(beats=beats), alone=True)["loose"] is None
    assert signature(STAGE, seen(beats=beats), alone=True, local=True)["loose"] == {"": "x"}


def test_an_executor_whose_log_is_read_for_the_first_time_is_no_news():
    """With hundreds of executors their logs take turns; a heartbeat of long ago must not look new."""
    first, more = TaskHeartbeat("0", 3, "x"), TaskHeartbeat("1", 3, "y")
    still = Standstill(mark(seen(beats=(first,))), 0.0, 0.0, Comparison(60.0))
    still.take(STAGE, mark(seen(beats=(first, more))), 10.0, 0.0)
    still.take(STAGE, mark(seen(beats=(more,))), 20.0, 0.0)
    assert still.first == 0.0
    still.take(STAGE, mark(seen(beats=(TaskHeartbeat("0", 3, "z"), more))), 30.0, 0.0)
    assert still.first == 30.0


def test_a_heartbeat_that_counts_now_and_then_is_no_movement():
    """Short queries come and go beside the stage: the same heartbeat is about it, or about nothing."""
    beats = (TaskHeartbeat("0", None, "x"),)
    still = Standstill(mark(seen(beats=beats), alone=True), 0.0, 0.0, Comparison(60.0))
    for at, alone in ((10.0, False), (20.0, True), (30.0, False), (40.0, True)):
        still.take(STAGE, mark(seen(beats=beats), alone=alone), at, 0.0)
    assert still.first == 0.0


def test_an_attempt_of_a_stage_is_not_another():
    """A retried stage begins anew."""
    again = replace(STAGE, attempt=1, sql="bb")
    assert inside_row(STAGE, seen(rows=(again,))) is None
    assert inside_row(again, seen(rows=(again,))) == again
    assert inside_row(STAGE, Observation(at=0.0)) is None


def test_what_was_not_seen_is_no_movement():
    """The UI refuses, then answers with the same figures; a metric comes up that was not there before."""
    still = Standstill(mark(seen()), 0.0, 0.0, Comparison(60.0))
    for observation in (Observation(at=2.0), seen(), seen(rows=(replace(STAGE, sql="aa"),))):
        still.take(STAGE, mark(observation), 50.0, 0.0)
    assert (still.first, still.since) == (0.0, 0.0)
    still.take(STAGE, mark(seen(rows=(replace(STAGE, sql="bb"),))), 60.0, 0.0)
    assert (still.first, still.since) == (60.0, 60.0)


def test_an_excuse_begins_the_limit_anew_and_not_the_standstill():
    """The log names the whole time."""
    still = Standstill(mark(seen()), 0.0, 0.0, Comparison(60.0))
    still.excuse(90.0)
    assert (still.first, still.since, still.line_at) == (0.0, 90.0, None)
