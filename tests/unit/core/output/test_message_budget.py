"""Which messages of a job go to the task log."""

from __future__ import annotations

from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.output import JobOutput

LEFT_OUT = "messages of the job (metrics, warnings) were left out of this log"


def test_messages_and_output_share_one_budget():
    """A flood of both is no more lines than a flood of one, and a line a minute of each."""
    output = JobOutput(100)
    lines = MessageBudget.beside(output)
    shown = 0
    for second in range(30):
        for _ in range(50):
            shown += lines.take(f"loss={second}", float(second)) is not None
            shown += len(output.feed(b"line %d of words %d\n" % (second, second * 7), float(second)))
    assert 100 <= shown <= 102
    assert lines.shown > 30
    assert output.forwarded > 5


def test_a_flood_is_shown_until_the_budget_is_spent_and_then_once_a_minute():
    """So that the log still shows where the job is; the end says what was left out, and the last one."""
    lines = MessageBudget.beside(JobOutput(100))
    shown = [lines.take(f"step={n}", float(n)) for n in range(250)]
    kept = [line for line in shown if line is not None]
    assert kept[98:] == ["step=98", "step=99", "step=100", "step=160", "step=220"]
    assert lines.finish() == [
        f"... 147 of 250 {LEFT_OUT} (limit: log_lines=100, shared with its output); the last one:",
        "step=249",
    ]
    days = MessageBudget.beside(JobOutput(0))
    assert sum(days.take("x", minute * 61.0) is not None for minute in range(5000)) == 40


def test_where_the_last_one_was_shown_it_is_not_shown_again():
    """And where all were, nothing is said."""
    lines = MessageBudget.beside(JobOutput(8))
    assert [lines.take("a", 0.0) for _ in range(8)] == ["a"] * 8
    assert lines.finish() == []
    assert lines.take("b", 0.0) == "b"
    assert lines.take("b", 0.5) is None
    assert lines.take("c", 65.0) == "c"
    assert lines.finish() == [
        f"... 1 of 11 {LEFT_OUT} (limit: log_lines=8, shared with its output).",
    ]


def test_a_line_is_one_safe_line_of_bounded_length():
    """The job is not trusted."""
    lines = MessageBudget.beside(JobOutput(10))
    assert lines.take("a\nb\x1b[31m", 0.0) == "a b[31m"
    long = lines.take("x" * 1_000_000, 0.0)
    assert long == "x" * 4096 + " ... (line cut)"


def test_thirty_hours_of_progress_spend_none_of_the_budget():
    """The 100 rows that the job prints at its end are shown, all of them; so is its last progress."""
    output = JobOutput(100)
    lines = MessageBudget.beside(output)
    shown = [lines.progress(f"stage 3: {at}", float(at)) for at in range(0, 30 * 3600, 10)]
    assert len([line for line in shown if line is not None]) < 2000
    assert shown[:360] == [f"stage 3: {at}" for at in range(0, 3600, 10)]
    assert len(output.feed(b"row\n" * 100, 108_000.0)) == 100
    assert output.finish(108_000.0) == []
    assert lines.finish() == ["stage 3: 107990"]


def test_no_message_folds_away_what_follows_it():
    """Airflow's log page folds from a mark on, wherever in a line it stands."""
    lines = MessageBudget.beside(JobOutput(10))
    assert lines.take("note=::group::x", 0.0) == "note=[group]x"
