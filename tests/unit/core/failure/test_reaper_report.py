"""What counts as a reaper's report."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.failure.reaper_report import read_report

GOOD = {"reason": "ended", "exit": 0, "found": ["7 sleep"], "left": []}


@pytest.mark.parametrize("change", [{}, {"reason": "parent", "exit": None}, {"exit": -9, "left": ["8 java"]}])
def test_a_report_is_read(change):
    """As the reaper writes it."""
    report = {**GOOD, **change}
    assert read_report(json.dumps(report).encode() + b"\n") == report


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "x"},
        {"reason": None},
        {"exit": "0"},
        {"exit": True},
        {"exit": 10**30},
        {"left": None},
        {"found": [1]},
    ],
)
def test_anything_else_is_none(change):
    """Any process of the same user can write it."""
    assert read_report(json.dumps({**GOOD, **change}).encode()) is None


def test_names_are_safe_to_show():
    """They go into an exception."""
    report = read_report(json.dumps({**GOOD, "left": ["8 a\n\x1b[31m::group::" + "x" * 900]}).encode())
    assert report["left"] == [("8 a [31m[group]" + "x" * 900)[:200]]


@given(st.binary())
def test_no_bytes_are_an_exception(text):
    """None at the most."""
    read_report(text)
