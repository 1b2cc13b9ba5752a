"""The note of a newer try, and the lines of both tries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.failure.takeover import LONGEST_NOTE, Earlier, Takeover, try_number

ATTEMPT = "a" * 32


def test_a_note_comes_back_as_it_was_written():
    newer = Takeover.by(f"3-{ATTEMPT}", 36645.5)
    assert newer == Takeover(3, 36645.5)
    assert Takeover.from_json(newer.to_json()) == newer
    assert len(newer.to_json()) < LONGEST_NOTE
    assert (newer.who, newer.when) == ("try 3", "10:10:45 UTC")


def test_outside_airflow_a_try_has_no_number():
    newer = Takeover.by(ATTEMPT, 1.0)
    assert Takeover.from_json(newer.to_json()) == newer == Takeover(None, 1.0)
    assert newer.who == "a newer try"


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "3", '{"v": 1}', '{"v": 2, "try": 1, "at": 1}', '{"v": 1, "try": "x", "at": 1}',
        '{"v": 1, "try": 1, "at": "soon"}', '{"v": 1, "try": 1, "at": NaN}', '{"v": 1, "try": 1, "at": 1e999}',
        '{"v": 1, "try": [1], "at": 1}', '{"v": 1, "try": 1, "at": -1}', "[" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_note_is_none(text):
    """The folder is the job's too."""
    assert Takeover.from_json(text) is None


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text):
    found = Takeover.from_json(text)
    assert found is None or found.when


def test_a_running_try_is_named_by_its_number_and_its_reaper():
    """One plain line, and no list of helpers."""
    names = tuple(f"{number} {name}" for number, name in enumerate(["rm", "jspawnhelper", "java"], 10))
    assert Earlier((f"2-{ATTEMPT}",), 9, names).ended() == (
        "Try 2 was still running on this host (pid 9); ended before submitting."
    )
    assert Earlier((ATTEMPT,), 9, names).ended().startswith("An earlier try was still running on this host")
    assert (
        Earlier((f"2-{ATTEMPT}", f"1-{ATTEMPT}"), 9, names).ended().startswith("Try 1, 2 were still running")
    )


def test_what_a_dead_try_left_is_named_in_short():
    names = tuple(f"{number} sleep" for number in range(7))
    assert Earlier((f"1-{ATTEMPT}",), None, names[:2]).ended() == (
        "Ended what try 1 had left on this host before submitting: 0 sleep, 1 sleep."
    )
    assert Earlier((), None, names).ended().endswith("an earlier try had left on this host before submitting: 0 sleep, 1 sleep, 2 sleep, 3 sleep, 4 sleep and 2 more.")  # fmt: skip


@pytest.mark.parametrize(
    ("attempt", "number"), [(f"12-{ATTEMPT}", 12), (ATTEMPT, None), (f"x-{ATTEMPT}", None), ("", None)]
)
def test_an_attempts_name_begins_with_its_number(attempt, number):
    assert try_number(attempt) == number
