"""The measurements of a record."""

from __future__ import annotations

from airflow_spark_guard.core.instruments.recorded import Recorded, recorded_of
from tests.support.measurements import LINES, measured


def test_all_that_is_missing_is_counted():
    """What the job dropped, what the record left out, and what cannot be read."""
    rows = [LINES[0], LINES[2], {"left_out": 5}, {"left_out": -1}, {"left_out": True}, {"what": "else"}]
    found = recorded_of(rows)
    assert [one.what for one in found.measured] == ["closure", "checkpoint"]
    assert (found.left_out, found.unreadable) == (17, 3)
    assert found.note == "17 measurements are not in the record."
    assert Recorded(left_out=1).note == "1 measurement is not in the record."
    assert Recorded().note == ""
    assert recorded_of([{"left_out": 10**300}]).left_out == 1 << 53


def test_a_terminal_gets_the_warnings_and_the_newest():
    """No more lines than a screen has."""
    rows = [measured("broadcast", f"b{n}") for n in range(30)]
    rows.insert(3, measured("closure", "f", "job.py:3", "Too large."))
    lines = Recorded(tuple(rows), left_out=2).lines(5)
    assert lines == [
        "warning: Too large. (job.py:3)",
        *(f"Broadcast b{n}" for n in range(26, 30)),
        "... 26 more in the record",
        "2 measurements are not in the record.",
    ]
    assert Recorded().lines() == []
    assert len(Recorded(tuple(measured("closure", warning=str(n)) for n in range(90))).lines()) == 21
