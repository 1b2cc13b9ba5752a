"""What a log lacks."""

from airflow_spark_guard.core.history import event_gaps
from airflow_spark_guard.core.history.event_kinds import (
    ApplicationEnded,
    Environment,
    ExecutorAdded,
    JobEnded,
    LogStarted,
    SqlStarted,
)
from tests.support.event_logs import START, application, completed, folded, job, submitted, task_end

WHOLE = (
    LogStarted("4.2.0"),
    Environment({"spark.master": "local[2]"}),
    application(),
    ExecutorAdded("1", "h", 2, START),
)
LACKING = "The log lacks the ends of 9 of 10 tasks in stages that succeeded: the figures of these stages are too low."
MIXED = (
    "The log mixes the events of several applications, which cannot be separated: the figures may include "
    "those of app-2."
)
END = ApplicationEnded(START + 1000)


def missing(*events):
    return folded(*events).history().missing


def test_a_whole_log_lacks_nothing():
    assert missing(*WHOLE, submitted(), task_end(0), task_end(1), completed(), END) == ()


def test_a_log_without_an_end_is_that_of_an_application_that_runs_or_was_killed():
    assert missing(*WHOLE) == (
        "The log has no end: the application is still running, or its driver was killed or lost the log.",
    )


def test_a_log_without_a_beginning():
    assert missing(END) == (
        "The log lacks the start of the application, and maybe more of its beginning.",
        "The log lacks Spark's configuration.",
    )


def test_a_dropped_middle():
    assert missing(*WHOLE, task_end(0, 5), completed(5, 10), END) == (
        "The log lacks the submission of 1 stage: a part of it is missing.",
        LACKING,
    )


def test_lines_that_cannot_be_read_are_counted_by_kind():
    fold = folded(*WHOLE, END)
    for kind in ("SparkListenerTaskEnd", "SparkListenerTaskEnd", "", "a\x1bb"):
        fold.gaps.unreadable(kind)
    assert fold.history().missing == (
        "4 lines cannot be read: 2 x SparkListenerTaskEnd, 1 x no event, 1 x ab.",
    )
    fold = folded(*WHOLE, END)
    fold.gaps.unreadable("x")
    assert fold.history().missing == ("1 line cannot be read: 1 x x.",)


def test_kinds_without_end_are_bounded(monkeypatch):
    monkeypatch.setattr(event_gaps, "_MOST_NOTES", 6)
    fold = folded(*WHOLE, END)
    for number in range(100):
        fold.gaps.unreadable(f"kind {number}")
        fold.gaps.note(f"note {number}")
    fold.gaps.note("note 0")
    *notes, lines = fold.history().missing
    assert notes == [f"note {number}" for number in range(6)]
    assert lines.startswith("100 lines cannot be read: 94 x others, ")
    assert lines.endswith(", 2 other kinds.")


def test_another_log_in_the_same_file_is_left_out():
    """Two logs, one after the other."""
    found = folded(*WHOLE, END, LogStarted("4.2.0"), submitted(9), application(50, "app-2"), task_end(0, 9))
    history = found.history()
    assert (history.id, history.stages) == ("app-1", ())
    assert history.missing == ("The file goes on with app-2: 2 of its events are left out.",)


def test_events_of_several_applications_cannot_be_separated():
    assert missing(*WHOLE, application(10, "app-2"), END) == (MIXED,)


def test_what_was_too_much_to_keep_is_named():
    fold = folded(*WHOLE, END)
    fold.stages.left_out, fold.sql.stripped = 3, 40
    assert fold.history().missing == (
        "Left out, because the application is large: 3 stage attempts with the least run time.",
        "Left out, because the application is large: 40 plans of the shortest SQL executions.",
    )


def test_starts_without_ends_and_ends_without_starts():
    query = SqlStarted(3, START, "q", (), {})
    other = task_end(0, executor="9")
    ends = (JobEnded(7, START + 5), JobEnded(7, START + 5))
    assert missing(*WHOLE, job(1), query, submitted(0, 1), other, completed(0, 1), *ends, END) == (
        "The log lacks the start of 1 job.",
        "The log lacks the registration of 1 executor: times and cores are not known.",
        "The log lacks the end of 1 job.",
        "The log lacks the end of 1 SQL execution.",
    )


def test_what_still_runs_at_the_end_of_a_cut_log_lacks_no_end():
    assert missing(*WHOLE, job(1), SqlStarted(3, START, "q", (), {})) == missing(*WHOLE)
