"""What the task log shows already."""

from __future__ import annotations

from airflow_spark_guard.core.output.last_shown import LastShown

TRACEBACK = ["Traceback (most recent call last):", '  File "job.py", line 1, in <module>', "KeyError: 'a'"]


def shown(lines):
    last = LastShown()
    for line in lines:
        last.add(line)
    return last


def test_a_text_is_there_when_each_of_its_lines_is():
    """Other lines may stand between them; blanks at an end are nothing."""
    last = shown(["print", *TRACEBACK, "  "])
    assert last.has("\n".join(TRACEBACK) + "\n\n")
    assert not last.has("\n".join([*TRACEBACK, "(3 frames left out)"]))
    assert not last.has("")


def test_what_stands_far_above_is_not_there():
    """Whoever opens the log at its end does not see it."""
    assert not shown([*TRACEBACK, *map(str, range(60))]).has("\n".join(TRACEBACK))
