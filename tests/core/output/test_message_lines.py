"""Which messages of a job go to the task log."""

from __future__ import annotations

from airflow_spark_guard.core.output.message_lines import MessageLines
from airflow_spark_guard.core.output.output import JobOutput

LEFT_OUT = "messages of the job (metrics, warnings, progress) were left out of this log"


def test_messages_and_output_share_one_budget():
    """A flood of both is no more lines than a flood of one."""
    output = JobOutput(100)
    lines = MessageLines.beside(output)
    shown = 0
    for second in range(1000):
        for _ in range(50):
            shown += lines.take(f"loss={second}", float(second)) is not None
            shown += len(output.feed(b"line %d of words %d\n" % (second, second * 7), float(second)))
    assert shown <= 100
    assert lines.shown > 30
    assert output.forwarded > 5


def test_a_flood_is_shown_to_four_fifths_and_then_once_a_second():
    """So that the log still shows where the job is; the end says what was left out, and the last one."""
    lines = MessageLines.beside(JobOutput(100))
    shown = [lines.take(f"step={n}", n / 1000) for n in range(165_276)]
    kept = [line for line in shown if line is not None]
    assert (len(kept), kept[79], kept[80], kept[81]) == (100, "step=79", "step=80", "step=1080")
    assert lines.finish() == [
        f"... 165176 of 165276 {LEFT_OUT} (limit: log_lines=100); the last one:",
        "step=165275",
    ]


def test_where_the_last_one_was_shown_it_is_not_shown_again():
    """And where all were, nothing is said."""
    lines = MessageLines.beside(JobOutput(10))
    assert [lines.take("a", 0.0) for _ in range(8)] == ["a"] * 8
    assert lines.finish() == []
    assert lines.take("b", 0.0) == "b"
    assert lines.take("b", 0.5) is None
    assert lines.take("c", 5.0) == "c"
    assert lines.finish() == [
        f"... 1 of 11 {LEFT_OUT} (limit: log_lines=10).",
    ]


def test_a_line_is_one_safe_line_of_bounded_length():
    """The job is not trusted."""
    lines = MessageLines.beside(JobOutput(10))
    assert lines.take("a\nb\x1b[31m", 0.0) == "a b[31m"
    long = lines.take("x" * 1_000_000, 0.0)
    assert long == "x" * 4096 + " ... (line cut)"
