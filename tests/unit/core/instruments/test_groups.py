"""Many measurements of one thing are one row; those with a warning come first."""

from __future__ import annotations

from airflow_spark_guard.core.instruments.groups import frames, largest, uneven_stages, warned
from tests.support.measurements import measured


def test_of_a_closure_that_is_measured_often_the_largest_counts():
    """By name and line: two functions may have one name."""
    rows = [
        measured("closure", "f", "a.py:1", bytes=5),
        measured("closure", "f", "a.py:1", bytes=9),
        measured("closure", "f", "a.py:1", bytes=7),
        measured("closure", "f", "b.py:1", bytes=8),
        measured("broadcast", "f", "a.py:1", bytes=99),
    ]
    assert [(one.line, one.number("bytes")) for one in largest(rows, "closure")] == [
        ("a.py:1", 9),
        ("b.py:1", 8),
    ]
    assert [one.number("bytes") for one in largest(rows, "broadcast")] == [99]


def test_a_warning_comes_before_a_larger_size():
    """And is not lost to a later measurement without one."""
    rows = [
        measured("closure", "f", warning="Too large.", bytes=5),
        measured("closure", "f", bytes=6),
        measured("closure", "g", bytes=100),
    ]
    assert [(one.name, one.warning) for one in largest(rows, "closure")] == [("f", "Too large."), ("g", "")]


def test_a_dataframe_and_its_checkpoints_are_one_row():
    """The depth is that before the checkpoint, the partitions those of the newest measurement."""
    rows = [
        measured("frame", "f", depth=42, partitions=24),
        measured("checkpoint", "f", "a.py:2", depth_before=44, depth_after=1, how="local"),
        measured("frame", "f", "a.py:3", depth=3, partitions=8),
        measured("checkpoint", "only", depth_before=31),
        measured("frame", "deep", depth=90, warning="Deep."),
    ]
    deep, f, only = frames(rows)
    assert (f.depth, f.checkpoint.number("depth_after"), f.frame.number("partitions"), f.line) == (
        44, 1, 8, "a.py:3",
    )  # fmt: skip
    assert (deep.name, deep.has_warning, deep.checkpoint) == ("deep", True, None)
    assert (only.depth, only.frame, only.line) == (31, None, "")
    assert frames([measured("frame", "x")])[0].depth is None


def test_only_stages_with_spill_skew_or_a_warning_are_listed():
    """The newest measurement of each attempt."""
    rows = [
        measured("stage", stage=1, attempt=0, skew=1.2, spill_bytes=0),
        measured("stage", stage=2, attempt=0, skew=1.1, spill_bytes=5),
        measured("stage", stage=2, attempt=0, skew=1.1, spill_bytes=7),
        measured("stage", stage=2, attempt=1, skew=4.0),
        measured("stage", stage=3, warning="Large results."),
        measured("stage", "a", skew=9),
        measured("stage", "b", skew=8),
        measured("stage", stage=9),
        measured("stage", stage=10, skew=30, max_s=0.3),
    ]
    found = [(one.number("stage"), one.number("attempt"), one.name) for one in uneven_stages(rows)]
    assert found == [(3, None, "x"), (2, 0, "x"), (None, None, "a"), (None, None, "b"), (2, 1, "x")]
    assert uneven_stages(rows)[1].number("spill_bytes") == 7


def test_a_warning_is_there_once():
    """A job may measure the same thing in a loop."""
    rows = [measured("closure", f"f{n}", warning="Too large." if n % 2 else "Deep.") for n in range(10)]
    assert [(one.warning, one.name) for one in warned([*rows, measured("closure")])] == [
        ("Deep.", "f8"),
        ("Too large.", "f9"),
    ]
