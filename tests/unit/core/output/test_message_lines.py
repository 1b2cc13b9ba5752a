"""The lines that messages make: nothing new is missing, nothing old is said again."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.output.message_lines import MessageLines
from airflow_spark_guard.core.protocol import Message
from tests.support.measurements import LINES, message_of

STAGE = {"stage": 6, "attempt": 0, "tasks": 8, "active": 2, "done": 6, "failed": 0}


def progress(at=0.0, *, stages=(), **heartbeat):
    beat = {"heartbeat": {"count": 1, "text": "", "done": None, "total": None, **heartbeat}}
    return Message("progress", at, {"stages": list(stages), **(beat if heartbeat else {})})


def texts(lines, *messages):
    """Of messages at the time that they were sent."""
    return [line.text for message in messages for line in lines.lines(message, message.sent_at)]


@pytest.mark.parametrize(
    ("beat", "shown"),
    [
        ({"text": "part 1 of 3", "done": 1, "total": 3}, "heartbeat: part 1 of 3 (1/3)"),
        ({"text": "part 1 of 3"}, "heartbeat: part 1 of 3"),
        ({"text": "", "done": 0.5}, "heartbeat: 0.5"),
        ({"text": "rows", "done": 3}, "heartbeat: rows (3)"),
    ],
)
def test_the_text_of_a_heartbeat_is_a_line(beat, shown):
    """It is what its author wants to be known."""
    assert texts(MessageLines(), progress(**beat)) == [shown]


def test_a_heartbeat_without_words_is_no_line():
    """It counts as a sign of life all the same."""
    assert texts(MessageLines(), progress(count=3), progress(stages=[])) == []


def test_heartbeats_are_lines_when_they_change_and_not_more_often_than_every_ten_seconds():
    """One a second for a minute; the last one is said at the end."""
    lines = MessageLines()
    shown = texts(lines, *[progress(float(n), text=f"part {n}") for n in range(60)])
    assert shown == [f"heartbeat: part {n}" for n in range(0, 60, 10)]
    assert [line.text for line in lines.rest()] == ["heartbeat: part 59"]
    assert lines.rest() == []


def test_an_unchanged_heartbeat_is_said_once():
    """Progress messages carry the newest one each time."""
    lines = MessageLines()
    assert texts(lines, *[progress(float(n), text="fit") for n in range(0, 600, 30)]) == ["heartbeat: fit"]
    assert lines.rest() == []


def test_figures_of_a_stage_that_may_be_older_than_a_report_are_left_out():
    """Spark counts a finished task a moment after the script has gone on: 6/8 behind the result is wrong."""
    lines = MessageLines()
    report = Message("metric", 100.0, {"values": {"rows": 3}})
    assert texts(lines, report, progress(100.5, stages=[STAGE])) == ["rows=3"]
    assert texts(lines, progress(105.0, stages=[STAGE])) == ["stage 6: 6/8 tasks, 2 running"]


def test_a_script_that_reports_every_second_still_shows_its_progress():
    """At most 30 s are left out."""
    lines, shown = MessageLines(), []
    for second in range(120):
        texts(lines, Message("metric", float(second), {"values": {"n": second}}))
        shown += texts(lines, progress(second + 0.5, stages=[{**STAGE, "done": second % 8}]))
    assert len(shown) >= 3


@pytest.mark.parametrize("kind", ["bye", "result", "error"])
def test_no_stage_is_told_of_after_the_end(kind):
    """The script has ended."""
    lines = MessageLines()
    texts(lines, Message(kind, 1.0, {"value": 3}))
    assert texts(lines, progress(9.0, stages=[STAGE])) == []


def test_a_stage_has_its_name_once_the_driver_was_looked_at():
    """By id and attempt."""
    lines = MessageLines()
    lines.names({(6, 0): "count at /jobs/job.py:12"})
    assert texts(lines, progress(stages=[STAGE])) == [
        "stage 6, count at /jobs/job.py:12: 6/8 tasks, 2 running"
    ]


def test_a_warning_is_marked_as_one():
    """Everything else is not."""
    (warning,) = MessageLines().lines(Message("warning", 0.0, {"text": "few rows"}), 0.0)
    (metric,) = MessageLines().lines(Message("metric", 0.0, {"values": {"a": 1}}), 0.0)
    assert (warning.is_warning, metric.is_warning) == (True, False)


def test_only_a_measurement_with_a_warning_is_a_line():
    """The job itself prints the others, as its verbosity wants."""
    lines = MessageLines()
    shown = [line for one in LINES for line in lines.lines(message_of(one), 0.0)]
    assert [(line.text, line.is_warning) for line in shown] == [
        (f"{LINES[0]['warning']} (job.py:38)", True),
        (LINES[3]["warning"], True),
    ]
