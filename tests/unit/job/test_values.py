"""Values of a job as plain JSON, against the libraries that make them and the serializer that stores them."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import math
import pathlib
import subprocess
import sys
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from airflow.sdk._shared.serialization import FORBIDDEN_XCOM_KEYS
from airflow.sdk.serde import deserialize, serialize
from pyspark.sql import Row

from airflow_spark_guard.core import result as reading_end
from airflow_spark_guard.job import values
from airflow_spark_guard.job.values import UnfitValueError, plain


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Kind(enum.StrEnum):
    BEST = "best"


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


DAY = dt.date(2026, 1, 2)
MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
NANOSECONDS = "2026-01-02T03:04:05.123456789"
ID = uuid.UUID(int=7)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(1.5), 1.5),
        (np.float64(1.5), 1.5),
        (np.float16(1.5), 1.5),
        (np.longdouble(1.5), 1.5),
        (np.int64(3), 3),
        (np.uint8(3), 3),
        (np.array([True])[0], True),
        (np.str_("x"), "x"),
        (np.array(2.5), 2.5),
        (np.array(3), 3),
        (np.datetime64("2026-01-02"), "2026-01-02"),
        (np.datetime64(NANOSECONDS), NANOSECONDS),
        (np.datetime64("NaT"), None),
        (np.timedelta64(1500, "ms"), 1.5),
        (np.timedelta64(1_500_000_000, "ns"), 1.5),
        (DAY, "2026-01-02"),
        (MOMENT, "2026-01-02T03:04:05+00:00"),
        (dt.time(3, 4), "03:04:00"),
        (dt.timedelta(minutes=2), 120.0),
        (pd.Timestamp(MOMENT), "2026-01-02T03:04:05+00:00"),
        (pd.Timedelta("2s"), 2.0),
        (pd.NaT, None),
        (pd.NA, None),
        (np.ma.masked, None),
        (np.ma.array(5, mask=True), None),
        (np.ma.array(5, mask=False), 5),
        (decimal.Decimal("1.25"), 1.25),
        (decimal.Decimal(12), 12),
        (decimal.Decimal("1E+3"), 1000),
        (ID, str(ID)),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Kind.BEST, "best"),
        (pa.scalar(4), 4),
        ((1, 2), [1, 2]),
        (Row(rows=3, mae=np.float32(0.5)), {"rows": 3, "mae": 0.5}),
        (deep(values.DEEPEST), deep(values.DEEPEST)),
    ],
    ids=repr,
)
def test_values_of_other_types_are_the_plain_ones_that_they_stand_for(value, expected):
    """Also inside a result; and the types are Python's own, or JSON would not take them."""
    found = plain({"x": [value]}) if expected != deep(values.DEEPEST) else {"x": [plain(value)]}
    assert found == {"x": [expected]}
    assert type(found["x"][0]) is type(expected)
    json.dumps(found, allow_nan=False)


class Lazy:
    """Its session is stopped."""

    @property
    def shape(self):
        raise RuntimeError


class Name(str):
    """Of a library, with a broken text."""

    __slots__ = ()

    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Lazy(), "result is Lazy"),
        ({Name("a"): {Name("b"): Lazy()}}, "result['a']['b'] is Lazy"),
        ({Name("__type"): 1}, "the key '__type' of result is reserved by Airflow"),
        ({"mae": [1.0, math.nan]}, "result['mae'][1] is nan"),
        (np.float32("inf"), "result is inf"),
        ([decimal.Decimal("NaN")], "result[0] is nan"),
        ({"a": {1, 2}}, "result['a'] is set"),
        ({"a": np.array([1, 2])}, "result['a'] is ndarray of shape (2,)"),
        ({"a": pd.Series([1])}, "result['a'] is Series of shape (1,)"),
        (b"x", "result is bytes"),
        (1j, "result is complex"),
        (np.complex64(1), "result is complex64 of shape ()"),
        (iter(()), "result is tuple_iterator"),
        ({"a": [{10**5000: 2}]}, "the key int of result['a'][0] is not text"),
        ({"a": [{1: 2}]}, "the key 1 of result['a'][0] is not text"),
        ({"a": {"__classname__": "x"}}, "the key '__classname__' of result['a'] is reserved by Airflow"),
        ({"__type": "dict", "__var": {}}, "the key '__type' of result is reserved by Airflow"),
        ({"n": 2**64}, "result['n'] is an integer of more than 64 bits"),
        ({"n": 10**5000}, "result['n'] is an integer of more than 64 bits"),
        ({"t": "a\0b"}, "result['t'] is text with a NUL character"),
        ({"t\0": 1}, "a key of result is text with a NUL character"),
        (["\ud800"], "result[0] is text that is not valid Unicode"),
        (deep(values.DEEPEST + 1), "result" + "[0]" * 65 + " is more than 64 levels deep"),
    ],
    ids=lambda value: value[-40:] if isinstance(value, str) else type(value).__name__,
)
def test_what_cannot_be_stored_is_named_by_its_path(value, said):
    """A result of a hundred values is not searched by hand."""
    with pytest.raises(UnfitValueError) as caught:
        plain(value)
    assert str(caught.value).replace(" ... ", "") == said or "levels" in said
    assert str(caught.value).endswith(said[-20:])


def test_a_value_that_holds_itself_is_too_deep():
    """And no recursion without an end."""
    value: list[object] = []
    value.append(value)
    with pytest.raises(UnfitValueError, match="more than 64 levels deep"):
        plain(value)


def test_the_callers_own_value_is_not_changed():
    """The script may go on with it."""
    mine = {"a": [np.int64(1)]}
    plain(mine)["a"].append(2)
    assert mine == {"a": [np.int64(1)]}


def test_both_ends_and_airflow_agree_on_what_is_reserved():
    """The constants stand in two files because the job's side ships alone."""
    assert values.RESERVED_KEYS == reading_end.RESERVED_KEYS == FORBIDDEN_XCOM_KEYS
    assert (values.DEEPEST, values.SMALLEST_INT, values.LARGEST_INT) == (
        reading_end.DEEPEST,
        reading_end.SMALLEST_INT,
        reading_end.LARGEST_INT,
    )


def test_airflow_reads_back_what_was_stored():
    """With its own serializer."""
    found = plain({"rows": np.int64(3), "at": MOMENT, "n": [2**64 - 1, -(2**63)], "x": deep(60), "e": {}})
    assert deserialize(serialize(found)) == found


def test_no_library_is_loaded_for_it():
    """A job without numpy must not pay for it."""
    code = (
        "import sys\nfrom airflow_spark_guard.job import report\nreport({'a': 1.5, 'b': ['x']}, m=2)\n"
        "import json\nprint(json.dumps([n for n in ('numpy', 'pandas', 'decimal', 'uuid', 'pyarrow', 'enum') if n in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"numpy", "pandas", "decimal", "uuid", "pyarrow"} & set(json.loads(done.stdout))
