"""What is said of samples that may not be what was meant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_spark_guard.job.collection.columns import Columns
from airflow_spark_guard.job.collection.kinds.array import NumberArray
from airflow_spark_guard.job.collection.kinds.number import Number
from airflow_spark_guard.job.collection.notes import (
    digits_lost,
    digits_warning,
    empty_warning,
    key_warnings,
    strata_warnings,
)

EXACT = ("int", "bigint", "decimal(20,0)", "timestamp", "timestamp_ntz", "array<bigint>", "array<timestamp>")
OTHERS = ("double", "float", "smallint", "boolean", "date", "array<double>", "string", "vector")


@given(
    types=st.lists(st.sampled_from([*EXACT, *OTHERS]), min_size=1, max_size=5),
    dtype=st.sampled_from(["float32", "float64"]),
    large=st.lists(st.booleans(), min_size=6, max_size=6),
    negative=st.booleans(),
)
@settings(derandomize=True)
def test_only_whole_numbers_beyond_the_floats_lose_digits(types, dtype, large, negative):
    """By column, whichever sign, beside NaN; what is no exact type never does."""
    limit = 2.0 ** (24 if dtype == "float32" else 53)
    features = tuple(
        NumberArray(f"c{i}", name, None, 2) if "array" in name else Number(f"c{i}", name)
        for i, name in enumerate(types)
    )
    columns = Columns(features, Number("y", "bigint"))
    blocks, expected = [], []
    for column, beyond in zip(features, large, strict=False):
        value = (limit if beyond else limit - 1) * (-1 if negative else 1)
        block = np.zeros((3, column.width))
        block[1, -1], block[2, :] = value, np.nan
        blocks.append(block)
        expected += [column.name] * (beyond and column.type in EXACT)
    y = np.array([0, limit if large[5] else 1, 0], dtype)
    assert digits_lost(np.hstack(blocks).astype(dtype), y, columns) == expected + ["y"] * large[5]


def test_without_rows_no_digit_is_lost():
    """An empty sample has no largest value."""
    columns = Columns((Number("a", "bigint"),), Number("y", "bigint"))
    assert digits_lost(np.empty((0, 1), "float32"), np.empty(0, "float32"), columns) == []


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            [digits_warning(["id"], "float32")],
            (
                "Columns with whole numbers of 2^24 (16,777,216) or more lose digits in float32: id. Different values "
                "may have become one; pass dtype='float64' or dtype='auto'."
            ),
        ),
        (
            [digits_warning(["id", "at"], "float64")],
            (
                "Columns with whole numbers of 2^53 (9,007,199,254,740,992) or more lose digits in float64: id, at. "
                "Different values may have become one; take identifiers as text, or leave them out."
            ),
        ),
        (
            key_warnings(["a", "b"], 0.25, 0.0),
            (
                "25.0% of the rows have no key (a null in a, b); they were drawn by a hash of all their columns, so that "
                "a change of any of these draws anew."
            ),
        ),
        (
            key_warnings(["a"], 0.0, 0.5),
            (
                "50.0% of the rows share their key (a) with another row; rows of one key are drawn together, so fewer "
                "of them are independent. Add columns to key= until it identifies a row."
            ),
        ),
        (
            strata_warnings("s", ["x", None], {"p": 3}, [3]),
            "2 strata of 's' have no complete row, so none is in the sample: 'x', None.",
        ),
        (
            strata_warnings("s", [], dict.fromkeys(range(9), 1), [0] * 8 + [1]),
            (
                "8 strata of 's' got no row of this sample: 0, 1, 2, 3, 4 and 3 more. Raise max_rows or "
                "Stratify.at_least."
            ),
        ),
        (
            strata_warnings("s", ["x" * 99], {}, []),
            f"1 strata of 's' have no complete row, so none is in the sample: '{'x' * 56}....",
        ),
        ([empty_warning(["a"], 3)], "Columns without a value in any of the 3 rows drawn: a."),
        ([*key_warnings(["a"], 0.0, 0.0), *strata_warnings("s", [], {"p": 1}, [1])], ""),
    ],
)
def test_each_warning_has_its_numbers(found, text):
    """And nothing is said where nothing is wrong."""
    assert " ".join(found) == text
