"""``report``: metrics and a result, checked where they are made."""

from __future__ import annotations

import math

import numpy as np
import pytest

from airflow_spark_guard.job import ReportError, report, wire
from airflow_spark_guard.process.channel import ChannelReader


@pytest.fixture
def reader(tmp_path, monkeypatch):
    path = tmp_path / "channel.jsonl"
    monkeypatch.setenv(wire.CHANNEL_ENV, str(path))
    reader = ChannelReader(path)
    yield reader
    reader.close()


def test_metrics_and_result_are_two_messages(reader):
    """One call may say both."""
    report({"rows": 3}, fold=1, mae=17.5)
    assert [(m.kind, m.fields) for m in reader.read()] == [
        ("metric", {"values": {"fold": 1, "mae": 17.5}}),
        ("result", {"value": {"rows": 3}}),
    ]


def test_none_is_a_result_and_nothing_is_none(reader):
    """``report()`` says nothing; ``report(None)`` says None."""
    report()
    assert reader.read() == []
    report(None)
    assert reader.read()[0].fields == {"value": None}


def test_a_metric_may_be_not_a_number(reader):
    """A loss that diverges is what a metric is for; JSON has no NaN."""
    report(loss=math.nan, best=-math.inf)
    assert reader.read()[0].fields == {"values": {"loss": "nan", "best": "-inf"}}


def test_a_metric_is_a_single_value():
    """Lists belong into the result."""
    with pytest.raises(
        ReportError, match=r"^report\(maes=...\) takes a single value.\n  got: list\n  expected: "
    ):
        report(maes=[1, 2])


@pytest.mark.parametrize("result", [np.float32(1), {"x": math.nan}, {1, 2}, b"x", {"a": [{1: 2}]}], ids=repr)
def test_a_result_that_is_not_json_says_how_to_make_it_so(result):
    """numpy numbers are the usual case."""
    with pytest.raises(
        ReportError, match=r"^The result is not JSON.\n  got: .+\n  expected: .+\n  do: Convert"
    ):
        report(result)


def test_a_result_that_is_too_large_says_where_to_write_instead(monkeypatch):
    """XCom is a database column."""
    monkeypatch.setenv(wire.RESULT_SIZE_ENV, "100")
    report("x" * 98)
    with pytest.raises(
        ReportError,
        match=r"^The result is too large for XCom.\n  got: 101 bytes of JSON\n"
        r"  expected: at most 100 bytes \(GuardLimits.result_size\)\n  do: Write the data to storage",
    ):
        report("x" * 99)
