"""The arguments of a collection: what passes, and the whole message of what does not."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields

import numpy as np
import pytest
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import types as t

from airflow_spark_guard.job import SampleError, Stratify
from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.options import Options, SampleOptions

SCHEMA = t.StructType(
    [
        t.StructField("id", t.LongType()),
        t.StructField("ratio", t.DoubleType()),
        t.StructField("text", t.StringType()),
        t.StructField("flag", t.BooleanType()),
        t.StructField("map", t.MapType(t.StringType(), t.LongType())),
        t.StructField("list", t.ArrayType(t.LongType())),
        t.StructField("blob", t.BinaryType()),
        t.StructField("day", t.DateType()),
        t.StructField("v", VectorUDT()),
    ]
)


def options(**named):
    return SampleOptions(**{"max_rows": 10, "seed": 1, **named})


def refusal(**named):
    with pytest.raises(SampleError) as caught:
        options(**named).check(SCHEMA, check_columns(SCHEMA, "id"))
    return str(caught.value)


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"max_rows": 10**12},
        {"seed": 2**63 - 1},
        {"seed": -(2**63)},
        {"max_bytes": 1},
        {"max_bytes": 1.0},
        {"max_bytes": np.float64(0.25)},
        {"fraction": 1.0},
        {"fraction": 1e-9},
        {"total_rows": 0},
        {"stratify": "text"},
        {"stratify": Stratify("flag", "balanced")},
        {"key": "id"},
        {"key": ["blob", "day", "text"]},
        {"key": ()},
        {"weight": "ratio"},
        {"weight": "id", "key": "id"},
        {"stratify": "id", "key": "id"},
    ],
)
def test_what_can_be_passes(named):
    """Every argument at its edges."""
    options(**named).check(SCHEMA, check_columns(SCHEMA, "id"))


MAX_BYTES = "bytes as a whole number, or a share of the memory left: a float above 0, up to 1"
PART = "a number above 0, up to 1"
SEED = "a whole number of 64 bits; the same one gives the same sample"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        *(("max_rows", value, "a whole number of at least 1") for value in (0, -1, True, 2.0, "5", None)),
        *(("seed", value, SEED) for value in ("x", 1.0, None, True, 2**63, -(2**63) - 1)),
        *(("max_bytes", value, MAX_BYTES) for value in (0, -1, 2.0, 0.0, -0.5, True, "1g", float("nan"))),
        *(("fraction", value, PART) for value in (0.0, 1.5, -0.1, 2.0, True, "half", float("nan"))),
        *(("total_rows", value, "the number of rows of the source") for value in (-1, 1.0, True, "1")),
        *(
            ("stratify", value, "the name of a column, or Stratify(column, allocation=..., at_least=...)")
            for value in (5, ["text"])
        ),
        *(("key", value, "the name of a column, or a list of names") for value in (5, {"id": 1})),
    ],
)
def test_wrong_arguments_are_named(name, value, expected):
    """The argument, what it was, what it may be, before Spark runs anything."""
    assert refusal(**{name: value}) == (
        f"This {name} cannot be used.\n  got: {value!r}\n  expected: {expected}\n  do: Correct {name}= in the call."
    )


@pytest.mark.parametrize(
    ("named", "name"), [({"key": [None]}, "None"), ({"weight": 5}, "5"), ({"weight": "idd"}, "'idd'")]
)
def test_names_that_do_not_exist(named, name):
    """Key and weight are looked up as the features are."""
    assert refusal(**named).startswith(f"The DataFrame has no column {name}.\n  got: {name}\n")


def test_an_unknown_stratum_gets_the_nearest_name():
    """As every column."""
    assert refusal(stratify="txt") == (
        "The DataFrame has no column 'txt'.\n"
        "  got: 'txt'\n"
        "  expected: one of: id, ratio, text, flag, map, list, blob, day, v\n"
        "  do: Did you mean 'text'?"
    )


def test_strata_are_classes():
    """A column of fractions is refused before the pass that would count it."""
    assert refusal(stratify=Stratify("ratio")).startswith(
        "Column 'ratio' cannot be stratified by.\n  got: double\n"
    )


@pytest.mark.parametrize(
    ("key", "name", "got"),
    [("map", "map", "map<string,bigint>"), (["id", "list"], "list", "array<bigint>"), ("v", "v", "vector")],
)
def test_keys_are_plain_values(key, name, got):
    """Spark cannot compare maps; arrays and vectors identify nothing."""
    assert refusal(key=key) == (
        f"Column {name!r} cannot be the key.\n"
        f"  got: {got}\n"
        "  expected: text, numbers, booleans, dates or timestamps\n"
        "  do: Name another column, or cast this one, in key=."
    )


@pytest.mark.parametrize(("weight", "got"), [("text", "string"), ("flag", "boolean"), ("day", "date")])
def test_weights_are_numbers(weight, got):
    """Nothing else has a size."""
    assert refusal(weight=weight) == (
        f"Column {weight!r} cannot be the weight.\n"
        f"  got: {got}\n"
        "  expected: numbers\n"
        "  do: Name another column, or cast this one, in weight=."
    )


def test_strata_and_weights_exclude_each_other():
    """One way of drawing at a time."""
    assert refusal(stratify=Stratify("text"), weight="id") == (
        "A sample is either stratified or weighted.\n"
        "  got: stratify='text' and weight='id'\n"
        "  expected: one of them\n"
        "  do: Stratify(column, allocation='balanced') evens out classes; weight draws single rows."
    )


def test_keys_are_a_tuple_and_strata_a_wish():
    """One name or many; a bare name means proportional strata."""
    assert options().keys == ()
    assert options(key="a").keys == ("a",)
    assert options(key=["a", "b"]).keys == ("a", "b")
    assert options().strata is None
    assert options(stratify="a").strata == Stratify("a", "proportional", 1)
    assert options(stratify=Stratify("a", "balanced", 0)).strata == Stratify("a", "balanced", 0)


@pytest.mark.parametrize(
    ("named", "total", "rows"),
    [
        ({"max_rows": 10}, 100, 10),
        ({"max_rows": 10}, 10, 10),
        ({"max_rows": 10}, 3, 3),
        ({"max_rows": 10}, 0, 0),
        ({"fraction": 0.5, "max_rows": 100}, 101, 50),
        ({"fraction": 0.5, "max_rows": 100}, 103, 52),
        ({"fraction": 0.01, "max_rows": 100}, 3, 1),
        ({"fraction": 1.0, "max_rows": 7}, 7, 7),
        ({"fraction": 0.3, "max_rows": 7}, 0, 0),
    ],
)
def test_rows_to_take(named, total, rows):
    """max_rows, or a fraction rounded to the nearest row (half to even), of anything at least one."""
    assert options(**named).rows(total) == rows


def test_fraction_and_max_rows_must_agree():
    """A fraction that max_rows would cut is a contradiction, told with the numbers."""
    with pytest.raises(SampleError) as caught:
        options(fraction=0.5, max_rows=1000).rows(10_000)
    assert str(caught.value) == (
        "fraction and max_rows contradict each other.\n"
        "  got: fraction=0.5 of 10,000 rows is 5,000; max_rows=1000\n"
        "  expected: a fraction that max_rows allows\n"
        "  do: Pass max_rows=5000 with this fraction, or max_rows alone."
    )


def test_max_bytes_cannot_cut_a_sparse_sample():
    """Whose rows differ in size."""
    with pytest.raises(SampleError) as caught:
        options(max_bytes=0.5, sparse=True).check(SCHEMA, check_columns(SCHEMA, "v"))
    assert str(caught.value) == (
        "max_bytes cannot cut a sparse sample.\n"
        "  got: sparse=True and max_bytes=0.5\n"
        "  expected: one of them: sparse rows differ in size, so it is not known before how many fit\n"
        "  do: Pass max_rows; what does not fit into the memory left is still refused."
    )


KNOWN = ", ".join(field.name for field in fields(SampleOptions))


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("max_row", "Did you mean 'max_rows'?"),
        ("stratified", "Did you mean 'stratify'?"),
        ("zzz", "Leave it out, or correct the name."),
    ],
)
def test_an_argument_that_does_not_exist_gets_the_nearest_name(name, advice):
    """With all that exist; a TypeError, as of any function."""
    with pytest.raises(TypeError) as caught:
        SampleOptions.of({"seed": 1, name: 5})
    assert isinstance(caught.value, SampleError)
    assert str(caught.value) == (
        f"collect_sample has no argument {name!r}.\n  got: {name}=\n  expected: one of: {KNOWN}\n  do: {advice}"
    )


def test_a_seed_is_required():
    """Which nobody chooses for the caller."""
    with pytest.raises(TypeError) as caught:
        SampleOptions.of({"max_rows": 5})
    assert str(caught.value) == (
        "collect_sample needs a seed.\n"
        "  got: no seed=\n"
        f"  expected: {SEED}\n"
        "  do: Pass seed=1, or any other number that you keep."
    )


def test_type_checkers_see_the_same_options():
    """Names, order and types of the dataclass; the one without a default is required."""
    typed = {name: kind.__forward_arg__ for name, kind in Options.__annotations__.items()}
    own = {field.name: field.type for field in fields(SampleOptions)}
    assert list(typed.items()) == list({**own, "seed": "Required[int]"}.items())
    assert [field.name for field in fields(SampleOptions) if field.default is MISSING] == ["seed"]


def test_every_option_is_documented():
    """In its place and order."""
    described = re.findall(r"^ {8}(\w+): ", SampleOptions.__doc__, re.MULTILINE)
    assert described == [field.name for field in fields(SampleOptions)]
