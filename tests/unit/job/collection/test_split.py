"""Parts of a split: their shares, what belongs together, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import types as t

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.split import Split, checked_split, part_warnings
from airflow_spark_guard.job.collection.strata import labelled

PARTS = {"train": 0.8, "valid": 0.1, "test": 0.1}
SCHEMA = t.StructType(
    [
        t.StructField("i", t.IntegerType()),
        t.StructField("l", t.LongType()),
        t.StructField("f", t.FloatType()),
        t.StructField("n", t.DecimalType(10, 0)),
        t.StructField("m", t.DecimalType(10, 2)),
        t.StructField("s", t.StringType()),
    ]
)


@given(
    shares=st.lists(st.integers(1, 100), min_size=1, max_size=6),
    hashes=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40),
)
@settings(derandomize=True)
def test_a_part_has_its_stretch_of_the_hashes(shares, hashes):
    """The lowest hashes lie in the first part, the highest in the last, and each boundary where it should."""
    shares = [share / sum(shares) for share in shares]
    split = Split(tuple(map(str, range(len(shares)))), tuple(shares), ("g",))
    hashes = [*hashes, -(2**63), 2**63 - 1]
    codes = split.codes(np.array(hashes, dtype=np.int64), np.zeros(len(hashes), bool))
    ends = np.cumsum(shares)
    for value, code in zip(hashes, codes, strict=True):
        at = (value + 2**63) / 2**64
        assert code == 0 or at >= ends[code - 1] - 1e-9
        assert code == len(shares) - 1 or at <= ends[code] + 1e-9


def test_rows_without_a_group_are_one_group():
    """In the first part, and a warning tells their share; so it does of a part without rows."""
    split = checked_split(PARTS, "g", ())
    without = np.array([False, True, False, True])
    codes = split.codes(np.array([2**63 - 1, 2**63 - 1, -(2**63), 0]), without)
    assert codes.tolist() == [2, 0, 0, 0]
    assert labelled(split.names, codes).tolist() == ["test", "train", "train", "train"]
    assert part_warnings(split, codes, without) == [
        (
            "Part 'valid' of the split has no rows: whole groups of g go to one part, and there are few. Group by a "
            "finer column, or give the part a larger share."
        ),
        "50.0% of the rows have no value in g; they count as one group, in part 'train'.",
    ]
    assert part_warnings(split, np.array([0, 1, 2]), np.zeros(3, bool)) == []


def test_the_key_is_the_group_unless_one_is_named():
    """One column, or several."""
    assert checked_split(PARTS, None, ("a", "b")).group == ("a", "b")
    assert checked_split(PARTS, "day", ("a",)).group == ("day",)
    assert checked_split(PARTS, ["x", "y"], ()).group == ("x", "y")
    assert checked_split(None, None, ("a",)) is None
    assert checked_split({"all": 1}, "day", ()).shares == (1.0,)


@pytest.mark.parametrize(
    "split",
    [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": 1, "b": 0}, {1: 1.0}, [0.8, 0.2], "train", {"a": "1"}, {"a": True},
     {"a": float("nan"), "b": 1.0}],
    ids=str,
)  # fmt: skip
def test_shares_that_make_no_split_are_refused(split):
    """Names, shares above 0, together 1."""
    with pytest.raises(SampleError) as caught:
        checked_split(split, "day", ())
    assert str(caught.value) == (
        f"This split cannot be used.\n  got: {split!r}\n"
        "  expected: names of parts and their shares, each above 0, together 1\n"
        "  do: Pass something like split={'train': 0.8, 'valid': 0.1, 'test': 0.1}."
    )


def test_a_split_needs_a_group_and_a_group_a_split():
    """Each without the other says what is missing."""
    with pytest.raises(SampleError, match="^A split needs to know which rows belong together.\n"):
        checked_split(PARTS, None, ())
    with pytest.raises(SampleError, match="^group= belongs to a split.\n"):
        checked_split(None, "day", ())


def test_whole_numbers_hash_alike_whatever_their_width():
    """The same expression for int, bigint and decimal without a fraction; others as they are."""

    def of(*group):
        return Split(("a",), (1.0,), group).sql(SCHEMA, 7).replace("`" + group[0] + "`", "x")

    assert of("i") == of("l") == of("n")
    assert of("m") == of("s")
    assert of("i") != of("m")
    assert "CAST(`f` AS DOUBLE)" in Split(("a",), (1.0,), ("f",)).sql(SCHEMA, 7)
    assert of("i") != Split(("a",), (1.0,), ("i",)).sql(SCHEMA, 8).replace("`i`", "x")
    assert "`i` IS NULL AND `s` IS NULL" in Split(("a",), (1.0,), ("i", "s")).sql(SCHEMA, 7)
