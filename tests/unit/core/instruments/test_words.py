"""A measurement in words."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.instruments.instrument import Captured, Instrument
from airflow_spark_guard.core.instruments.words import captured_words, short, warning_of
from tests.support.measurements import LINES, measured, message_of


def test_each_kind_has_a_short_line():
    """Of the golden messages."""
    assert [short(Instrument.of(message_of(line))) for line in LINES] == [
        "Closure save_partition: 21.8 MiB, captures self.model (Model, 21.8 MiB) (job.py:38)",
        "DataFrame predictions_input: lineage depth 42, 24 partitions, 6 columns, 1 MiB estimated (job.py:51)",
        "Checkpoint of predictions_input: lineage depth 42 before, 1 after, local, 1.25s (job.py:52)",
        "Broadcast lookup: 5 MiB, dict",
        "Stage 76 (count at job.py:60): 200 tasks, 1 GiB spilled, 391 KiB of results, skew 17.4",
    ]


@pytest.mark.parametrize("what", ["closure", "frame", "checkpoint", "broadcast", "stage"])
def test_what_is_not_known_is_left_out(what):
    """A measurement without figures is a line as well."""
    assert short(measured(what, "")).endswith("without a name")


def test_a_stage_without_a_name_has_its_number():
    """Spark numbers them."""
    assert short(measured("stage", "", "job.py:3", stage=7, tasks=1)) == "Stage 7: 1 task (job.py:3)"


@pytest.mark.parametrize(
    ("warning", "line", "shown"),
    [
        ("It is large.", "job.py:3", "It is large. (job.py:3)"),
        ("It is large: job.py:3.", "job.py:3", "It is large: job.py:3."),
        ("It is large.", "", "It is large."),
        ("", "job.py:3", ""),
    ],
)
def test_a_warning_names_its_line_once(warning, line, shown):
    """The log has nothing else that names it."""
    assert warning_of(measured("closure", "x", line, warning)) == shown


def test_a_captured_object_says_what_is_known():
    """Path, class, size."""
    assert captured_words(Captured("self.model", "Model", 1 << 20)) == "self.model (Model, 1 MiB)"
    assert captured_words(Captured("x", "", None)) == "x"
    assert captured_words(Captured("", "dict", None)) == "an object (dict)"
