"""Which figures of a DataFrame are worth a warning."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.frames.frame_warnings import (
    FrameLimits,
    JoinSide,
    KeylessJoin,
    depth_warnings,
    join_warnings,
    partition_warnings,
)
from airflow_spark_guard.job.instruments.frames.paths import Depth

LIMITS = FrameLimits()
MIB, GIB = 1 << 20, 1 << 30


def test_a_depth_at_its_limit_is_no_warning_and_one_above_is():
    """The figure and the limit stand side by side."""
    assert list(depth_warnings(Depth(50), LIMITS)) == []
    (found,) = depth_warnings(Depth(51), LIMITS)
    assert (found.kind, found.figure, found.limit) == ("deep_lineage", 51, 50)
    assert found.text == "The lineage is 51 steps deep (limit: 50): planning and tasks grow with it."
    assert "cache() does not cut it" in str(found)


def test_a_lower_bound_is_shown_as_one():
    (found,) = depth_warnings(Depth(300, exact=False), LIMITS)
    assert "at least 300 steps" in found.text


def test_a_plan_that_overflows_the_stack_has_a_warning_of_its_own():
    (found,) = depth_warnings(Depth(1001), LIMITS, too_deep=True)
    assert found.kind == "too_deep_to_plan"
    assert "1001 operators deep: too deep for Spark's optimizer" in found.text


def test_a_join_without_keys_names_both_sides():
    """Names of columns are the user's: they are shown as one short line each."""
    left = JoinSide(4, ("a", "b\x1b[2J", "c" * 90), 3 * MIB)
    join = KeylessJoin("nested loop", "INNER", left, JoinSide(1, ("id",), None))
    (found,) = join_warnings([join])
    assert found.figure == 3 * MIB
    assert found.text.startswith("INNER join without keys (nested loop) of (a, b\ufffd[2J, ccc")
    assert "\x1b" not in found.text
    assert " and 1 more; 3.0 MiB) and (id; size unknown): every row meets every row." in found.text


def test_a_join_of_unknown_sizes_has_no_figure():
    join = KeylessJoin("cartesian product", "CROSS", JoinSide(1, ("a",), None), JoinSide(1, ("b",), None))
    assert [one.figure for one in join_warnings([join])] == [0]


@pytest.mark.parametrize(
    ("partitions", "cores", "size", "kind", "cure"),
    [
        (200, 2, 10 * 1024, "many_partitions", "coalesce(2)"),
        (9, 2, 9 * MIB - 1, "many_partitions", "coalesce(2)"),
        (8, 2, 1024, None, ""),  # four for each core
        (9, 2, 9 * MIB, None, ""),  # large enough
        (1, 8, 256 * MIB, "few_partitions", "repartition(8)"),  # seven cores have nothing to do
        (1, 8, 64 * MIB, None, ""),
        (8, 8, 8 * GIB, "few_partitions", "repartition(64)"),
        (8, 8, 4 * GIB, None, ""),
        (0, 8, 4 * GIB, None, ""),
        (None, 8, 4 * GIB, None, ""),
        (200, 2, None, None, ""),
    ],
)
def test_partitions_against_cores_and_bytes(partitions, cores, size, kind, cure):
    found = list(partition_warnings(partitions, cores, size, LIMITS))
    assert [one.kind for one in found] == ([kind] if kind else [])
    for one in found:
        assert one.cure.startswith(cure)
        assert f"{partitions} partitions of " in one.text
        assert f"on {cores} cores (limit: " in one.text
