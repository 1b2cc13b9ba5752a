"""Dataclasses as JSON and back, and what is refused on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple, NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.codec import LATER, Stored, decode, encode
from airflow_spark_guard.core.errors import BadInputError, ProtocolError
from tests.unit.core.web.test_spark_rest import JSON

Moment = NewType("Moment", float)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Pair(NamedTuple):
    name: str
    at: Moment


@dataclass(frozen=True)
class Inner:
    count: int
    code: int | None = None

    def __post_init__(self):
        if self.count < 0:
            raise BadInputError("Counts go up.")


@dataclass(frozen=True)
class Whole(Stored):
    text: str
    number: float
    sure: bool
    colour: Colour
    word: Literal["a", "b"]
    inner: Inner
    maybe: Inner | None = None
    pairs: tuple[Pair, ...] = ()
    four: tuple[int, str] = (1, "x")
    added: bool = field(default=False, metadata=LATER)


@dataclass(frozen=True)
class Sparse(Stored):
    sparse = True
    unreadable = ProtocolError

    name: str = ""
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()


WHOLE = Whole(
    text="t",
    number=0.5,
    sure=True,
    colour=Colour.RED,
    word="a",
    inner=Inner(1),
    maybe=Inner(2, 3),
    pairs=(Pair("p", Moment(1.5)),),
    four=(7, "y"),
    added=True,
)
WRITTEN = {
    "text": "t",
    "number": 0.5,
    "sure": True,
    "colour": "red",
    "word": "a",
    "inner": {"count": 1, "code": None},
    "maybe": {"count": 2, "code": 3},
    "pairs": [["p", 1.5]],
    "four": [7, "y"],
    "added": True,
}
MANY = st.builds(
    Whole, st.text(), st.floats(-1e299, 1e299), st.booleans(), st.sampled_from(Colour), st.sampled_from("ab"),
    st.builds(Inner, st.integers(0)), st.none() | st.builds(Inner, st.integers(0), st.none() | st.integers()),
    st.lists(st.builds(Pair, st.text(), st.floats(0, 9))).map(tuple), st.tuples(st.integers(), st.text()), st.booleans(),
)  # fmt: skip


def test_every_kind_of_field_is_written_as_plain_json():
    """None of the values is of a class of ours: Airflow's encoders need not know them."""
    assert WHOLE.to_json() == WRITTEN
    assert type(WHOLE.to_json()["colour"]) is str
    assert Whole.from_json(WRITTEN) == WHOLE


@given(value=MANY)
def test_whatever_is_written_is_read_again(value):
    assert Whole.from_json(json.loads(json.dumps(value.to_json()))) == value


def test_a_tuple_stands_for_an_array():
    """Airflow keeps the two apart in a trigger's arguments."""
    given_back = {**WRITTEN, "pairs": (("p", 1.5),), "four": (7, "y")}
    assert Whole.from_json(given_back) == WHOLE


def test_a_field_that_older_versions_do_not_write_has_its_default():
    """Any other one has to be there, whether it has a default or not."""
    older = {name: item for name, item in WRITTEN.items() if name != "added"}
    assert Whole.from_json(older).added is False
    for name in older:
        with pytest.raises(ValueError, match=f"^'{name}' is missing$"):
            Whole.from_json({key: item for key, item in older.items() if key != name})


def test_a_sparse_class_leaves_out_what_has_its_default_at_any_depth():
    value = Sparse("n", Inner(1), (Inner(2), Inner(3, 4)))
    written = {"name": "n", "inner": {"count": 1}, "inners": [{"count": 2}, {"count": 3, "code": 4}]}
    assert (value.to_json(), Sparse.from_json(written)) == (written, value)
    assert (Sparse().to_json(), Sparse.from_json({})) == ({}, Sparse())


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"text": 1}, "text: 1 is not text"),
        ({"text": Colour.RED}, "text: <Colour.RED: 'red'> is not text"),
        ({"number": "1"}, "number: '1' is not a number"),
        ({"number": True}, "number: True is not a number"),
        ({"number": float("nan")}, "number: nan is not a number"),
        ({"number": float("inf")}, "number: inf is not a number"),
        ({"number": 10**400}, "number: 1000"),
        ({"sure": 1}, "sure: 1 is not true or false"),
        ({"colour": "green"}, "colour: 'green' is not one of red, blue"),
        ({"colour": ["red"]}, r"colour: \['red'\] is not one of red, blue"),
        ({"word": "c"}, "word: 'c' is not one of a, b"),
        ({"word": {}}, "word: {} is not one of a, b"),
        ({"inner": []}, r"inner: \[\] is not an object"),
        ({"inner": {"count": 1.0, "code": None}}, "inner.count: 1.0 is not a whole number"),
        ({"inner": {"count": 10**400, "code": None}}, "inner.count: 1000"),
        ({"inner": {"count": True, "code": None}}, "inner.count: True is not a whole number"),
        ({"inner": {"count": -1, "code": None}}, "inner: Counts go up."),
        ({"maybe": {"count": 1, "code": "x"}}, "maybe.code: 'x' is not a whole number"),
        ({"pairs": "pp"}, "pairs: 'pp' is not an array"),
        ({"pairs": [["p", 1], ["p"]]}, r"pairs\[1\]: \['p'\] is not an array of 2"),
        ({"pairs": [["p", None]]}, r"pairs\[0\]\[1\]: None is not a number"),
        ({"four": [1, "x", 2]}, "four: .* is not an array of 2"),
        ({"new": 1}, "'new' is unknown"),
        ({1: 1}, "1 is unknown"),
    ],
)
def test_anything_else_is_one_error_that_names_the_place(changed, problem):
    """A whole number is a number as well; a truth value is none."""
    with pytest.raises(ValueError, match=f"^{problem}"):
        Whole.from_json({**WRITTEN, **changed})


@given(value=JSON)
def test_the_error_is_the_callers(value):
    """Whatever stands there, however deep."""
    deep = value
    for _ in range(300):
        deep = [deep]
    for raw in (value, deep, {"inners": deep}, {"name": deep}):
        try:
            read = Sparse.from_json(raw)
        except ProtocolError as error:
            assert len(str(error)) < 400  # noqa: PT017 - it need not be raised
        else:
            assert read.to_json() == raw


def test_parts_of_a_dataclass_are_read_by_their_own_type():
    assert decode(tuple[Inner, ...], [{"count": 1, "code": None}]) == (Inner(1),)
    assert encode((Inner(1), None, Colour.RED)) == [{"count": 1, "code": None}, None, "red"]
