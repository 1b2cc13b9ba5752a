"""``report``: metrics and a result, checked where they are made."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from pathlib import Path

import numpy as np
import pytest

from airflow_spark_guard.job import ReportError, report, reporting, wire
from airflow_spark_guard.process.channel import ChannelReader


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    monkeypatch.setattr(reporting, "_warned", set())


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


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (np.float32(1.5), 1.5),
        (np.int64(3), 3),
        (np.array(2), 2),
        (np.float32("nan"), "nan"),
        (dt.date(2026, 1, 1), "2026-01-01"),
        (decimal.Decimal("1.5"), 1.5),
        (Path("/a"), "/a"),
        (2**70, 2**70),
        ("x" * 1001, "x" * 1000 + " ... (1001 characters)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_metric_of_another_type_is_sent_as_what_it_stands_for(reader, value, sent):
    """The mean that numpy gave is a mean."""
    report(mae=value)
    assert [(m.kind, m.fields) for m in reader.read()] == [("metric", {"values": {"mae": sent}})]


def test_a_metric_that_cannot_be_sent_is_a_warning_and_the_others_are_sent(reader):
    """After hours of training a metric ends no job; a loop does not repeat the warning."""
    for _ in range(3):
        report(maes=[1, 2], fold=3)
    messages = reader.read()
    assert [m.kind for m in messages] == ["warning", "metric", "metric", "metric"]
    assert messages[0].fields["text"] == (
        "report(maes=...): its value is list; a metric must be a number, text or a boolean. It was left out."
    )
    assert messages[1].fields == {"values": {"fold": 3}}


class Lazy:
    """A frame whose session is stopped."""

    @property
    def shape(self):
        raise RuntimeError


@pytest.mark.parametrize(
    "metrics",
    [
        {"n": 10**5000},
        {"a": object()},
        {"b": b"x"},
        {"c": Lazy()},
        dict.fromkeys((f"{number:>0600}" for number in range(2_000)), 10.5),
    ],
    ids=["digits", "object", "bytes", "shape", "many"],
)
def test_no_metric_raises(reader, metrics):
    """Whatever it is."""
    report(**metrics)
    assert [m.kind for m in reader.read()] == ["warning"]


def test_outside_an_attempt_the_warning_is_on_standard_error(monkeypatch, capfd):
    """At the desk the mistake is found as well; no more than twenty of them are said."""
    monkeypatch.delenv(wire.CHANNEL_ENV, raising=False)
    for number in range(50):
        report(**{f"m{number}": set()})
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 20
    assert said[0].startswith("spark-guard: report(m0=...): its value is set; ")


def test_result_as_a_keyword_is_the_result(reader):
    """Its author means the result."""
    report(result={"rows": np.int64(3)}, fold=1)
    report(result=None)
    assert [(m.kind, m.fields) for m in reader.read()] == [
        ("metric", {"values": {"fold": 1}}),
        ("result", {"value": {"rows": 3}}),
        ("result", {"value": None}),
    ]


def test_of_two_results_the_first_argument_counts(reader):
    """And the log says so."""
    report({"rows": 3}, result=4)
    warning, result = reader.read()
    assert warning.fields["text"] == (
        "report(result=...): there are two results; the first argument is used. It was left out."
    )
    assert result.fields == {"value": {"rows": 3}}


@pytest.mark.parametrize(
    "result", [np.array([1]), {"x": math.nan}, {1, 2}, b"x", {"a": [{1: 2}]}, {"__type": 1}], ids=repr
)
def test_a_result_that_cannot_be_stored_says_where_and_what_to_do(result):
    """Before Airflow fails the job that has done its work."""
    with pytest.raises(
        ReportError,
        match=r"^The result cannot be stored in XCom.\n  got: .*result.* is .+\n  expected: .+\n  do: Convert",
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
