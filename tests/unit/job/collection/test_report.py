"""How a sample was drawn: the figures, and what they are compared with."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection.columns import Columns
from airflow_spark_guard.job.collection.kinds.number import Number
from airflow_spark_guard.job.collection.report import SampleReport
from airflow_spark_guard.job.collection.sample import Sample

TEXTS = {"town": ("Bern", "Rome"), "answer": ("no", "yes")}


def report(**named):
    return SampleReport(
        **{
            "rows_total": 10,
            "rows_read": 5,
            "rows_dropped": 1,
            "rows_taken": 3,
            "bytes": 36,
            "seconds": 0.5,
            "passes": ("count", "rows"),
            "seed": 7,
            "nulls": "nan",
            "missing": {"town": 1},
            "categories": {},
            **named,
        }
    )


def test_the_figures_are_json():
    """as_dict is plain and holds no texts, of which there may be many."""
    figures = report(categories=TEXTS).as_dict()
    assert json.loads(json.dumps(figures)) == figures
    assert figures == {
        "rows_total": 10,
        "rows_read": 5,
        "rows_dropped": 1,
        "rows_taken": 3,
        "bytes": 36,
        "seconds": 0.5,
        "seed": 7,
        "nulls": "nan",
        "passes": ["count", "rows"],
        "warnings": [],
        "missing": {"town": 1},
    }


def test_a_report_without_a_sample_compares_nothing():
    """Only collect_sample connects the two."""
    with pytest.raises(SampleError) as caught:
        report().representativeness(None)
    assert str(caught.value) == (
        "This report has no sample to compare.\n"
        "  got: a SampleReport that collect_sample did not make\n"
        "  expected: the report of a sample\n"
        "  do: Call sample.report.representativeness(df)."
    )


def test_a_picture_needs_a_comparison():
    """plot draws the last comparison, and says how to make one."""
    with pytest.raises(SampleError) as caught:
        report().plot()
    assert str(caught.value) == (
        "There is nothing to draw yet.\n"
        "  got: a report that was not compared with its source\n"
        "  expected: a comparison first\n"
        "  do: Call report.representativeness(df), then report.plot()."
    )


def test_a_report_shows_neither_sample_nor_comparison():
    """Its repr is of figures: it does not print the rows it reports of."""
    connected = report().about(Sample([[1.0]], None, ("a",), report()), None)
    assert connected._comparison is not None
    assert "_comparison" not in repr(connected)
    assert repr(connected).startswith("SampleReport(rows_total=10, rows_read=5,")


def test_a_finished_report_does_not_change():
    """A sample takes a copy that knows its arrays."""
    made = report()
    columns = Columns((Number("a", "double"),))
    sample = Sample([[1.0]], None, ("a",), made, columns=columns)
    assert (made._comparison, sample.report._comparison.drawn.columns) == (None, columns)
    with pytest.raises(FrozenInstanceError):
        sample.report.seconds = 1.0
