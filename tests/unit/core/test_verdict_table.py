"""The table of verdicts, and README's page of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.verdict_table import VERDICTS, RetryAdvice, VerdictRow, table_of
from tests.support.paths import ROOT

ROWS = tuple(VERDICTS.values())


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_one_row_with_a_class_of_its_own(verdict):
    """Only what has no cause is a plain error; a class is by default of its own verdict."""
    row = VERDICTS[verdict]
    assert row.verdict is verdict
    assert issubclass(row.exception, errors.AttemptError)
    assert (row.exception is errors.AttemptError) is (verdict is Verdict.UNKNOWN)
    assert VERDICTS[row.exception.default_verdict].exception is row.exception


def test_every_class_of_an_attempt_has_a_verdict_of_the_table():
    """A class beside the table's names a case of its verdict."""
    beside = {
        found
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, errors.AttemptError)
    } - {row.exception for row in ROWS}
    assert beside == {errors.ResultError, errors.SubmitError}


@pytest.mark.parametrize("rows", [ROWS[1:], (*ROWS, ROWS[0]), ()])
def test_a_table_with_a_row_too_few_or_too_many_cannot_be_made(rows):
    """The package then cannot be imported: nothing falls back."""
    with pytest.raises(ValueError, match="^every verdict has one row; got: "):
        table_of(*rows)


def test_every_row_says_in_one_sentence_whether_to_try_again():
    """And a verdict that is not tried again has no number of tries."""
    for row in ROWS:
        assert row.advice.hint.endswith(".")
        assert row.advice.retry or row.advice.times == 0
        assert row.meaning
        assert row.remedy


@pytest.mark.parametrize(
    ("retry", "times", "unless", "shown"),
    [
        (True, None, "", "yes"),
        (True, 1, "", "once"),
        (True, 2, "", "2 times"),
        (False, 0, "", "no"),
        (True, None, "it is set wrong", "yes, unless it is set wrong"),
    ],
)
def test_whether_it_is_tried_again_in_a_word(retry, times, unless, shown):
    """As the last column of README's table has it."""
    row = VerdictRow(errors.StalledError, RetryAdvice(retry=retry, times=times, hint="x."), "m", "r", unless)
    assert row.retried == shown
    assert replace(row, other=Verdict.UNKNOWN).verdict is Verdict.UNKNOWN


def test_the_readme_shows_the_table_as_it_is():
    """Row by row, in the same order."""
    lines = (ROOT / "README.md").read_text().splitlines()
    head = lines.index("| it says | it means | do | retried |")
    shown = lines[head + 2 : head + 2 + len(VERDICTS)]
    assert shown == [
        f"| `{verdict}` | {row.meaning} | {row.remedy} | {row.retried} |" for verdict, row in VERDICTS.items()
    ]
    assert lines[head + 2 + len(VERDICTS)] == ""
