"""What every row of the toolchain table must be."""

from __future__ import annotations

import re

import pytest

from airflow_spark_guard.core.failure.classify import ROWS
from airflow_spark_guard.core.failure.toolchain_row import sign
from airflow_spark_guard.core.verdict import Verdict


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_says_the_cause_and_what_to_do(row):
    """One sentence of cause; advice that a user can act on, short enough for a task log."""
    assert row.what.endswith(".")
    assert row.what.count(". ") == 0
    assert row.advice.endswith(".")
    assert len(row.advice) < 300


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_no_pattern_begins_with_a_repetition_or_repeats_without_bound(row):
    """A search stays linear in text that nobody has checked."""
    assert not re.search(r"[*+]", re.sub(r"\\.|\[[^\]]*\]", "", row.pattern.pattern))


def test_what_the_user_must_change_is_not_tried_again():
    assert not any(row.retry for row in ROWS if row.verdict in {Verdict.USER_CODE, Verdict.WORKER_CRASHED})


def test_a_sign_is_any_of_its_texts_at_any_line():
    assert sign("^a", "b$").findall("a\nxb\nab") == ["a", "b", "a", "b"]
