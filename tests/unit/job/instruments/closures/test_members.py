"""Parts have the names that the script would write."""

from __future__ import annotations

import functools
import types

import pytest

from airflow_spark_guard.job.instruments.closures import members
from airflow_spark_guard.job.instruments.closures.counting import CountingFile
from airflow_spark_guard.job.instruments.closures.pickler import ClosurePickler
from tests.support.closures import script

NAMES = script(
    "def make(rate):\n"
    "    def func(a, b='b', *, c='c'): return a, b, c, rate, TABLE, len\n"
    "    return func\n"
    "def unset():\n    def func(): return later\n    return func\n    later = 1\n"
    "TABLE = [1]\n"
    "class Base: pass\n"
    "class Own(Base):\n    table = [1]\n    @property\n    def it(self): return 1\n"
    "    @classmethod\n    def of(cls): return 1\n    def call(self): return 1\n"
)


def reduction(obj):
    return ClosurePickler(CountingFile(60)).reduction(obj)


def named(found):
    return {one.path: one.how for one in found}


def test_a_function_has_nonlocals_globals_defaults_and_attributes():
    """Not what is built in."""
    func = NAMES["make"](2)
    func.extra = "extra"
    assert named(members.of_function(func, reduction(func).state)) == {
        "rate": "nonlocal",
        "TABLE": "global",
        "default argument b": "default argument",
        "default argument c": "default argument",
        "func.extra": "function attribute",
    }


def test_a_variable_without_a_value_is_left_out():
    """It is set later, or never."""
    func = NAMES["unset"]()
    assert named(members.of_function(func, reduction(func).state)) == {}


def test_a_class_has_bases_attributes_and_methods():
    """Not its name and the like."""
    known = reduction(NAMES["Own"])
    assert named(members.of_class(NAMES["Own"], known.constructor[1], known.state)) == {
        "Base": "class",
        "Own.table": "class attribute",
        "Own.it": "function",
        "Own.of": "function",
        "Own.call": "function",
    }


def test_a_partial_has_a_function_and_arguments():
    """By number or by name."""
    assert named(members.of_partial(functools.partial(NAMES["make"], 1, key=2))) == {
        "make": "function",
        "functools.partial argument 0": "partial argument",
        "functools.partial argument key": "partial argument",
    }


def test_a_method_has_a_function_and_what_it_is_bound_to():
    """An object, or a class."""
    assert named(members.of_method(NAMES["Own"]().call)) == {"call": "function", "self": "attribute of self"}
    assert named(members.of_method(NAMES["Own"].of)) == {"of": "function", "Own": "class"}


def test_descriptors_have_functions_and_modules_have_names():
    """Under the name of the one that holds them."""
    attributes = vars(NAMES["Own"])
    assert named(members.of_descriptor(attributes["it"], "Own.it")) == {"Own.it": "function"}
    assert named(members.of_descriptor(attributes["of"], "Own.of")) == {"Own.of": "function"}
    assert named(members.of_module({"__name__": "m", "A": 1}, "m")) == {"m.A": "member of a module"}


@pytest.mark.parametrize(
    ("obj", "paths"),
    [
        ({"a": 1, 2: 2, (3,): 3, 10**99: 4}, ['x["a"]', "x[2]", "x[<tuple>]", "x[<int>]"]),
        ([5, 6], ["x[0]", "x[1]"]),
        ((5,), ["x[0]"]),
        ({"\x1b[2J" + "k" * 99: 1}, ['x["\ufffd[2J' + "k" * 25 + "\N{HORIZONTAL ELLIPSIS}" + '"]']),
    ],
    ids=["dict", "list", "tuple", "long key"],
)
def test_members_of_containers_are_named_by_their_keys(obj, paths):
    """Texts and numbers are shown, as one short line; of others the type."""
    assert [one.path for one in members.of_container(obj, "x")] == paths
    assert all(one.how is None and not one.is_root for one in members.of_container(obj, "x"))


@pytest.mark.parametrize(
    ("state", "paths"),
    [
        ({"a": 1, 2: 2}, ["x.a"]),
        (({"a": 1}, {"b": 2}), ["x.a", "x.b"]),
        ((None, {"b": 2}), ["x.b"]),
        ("s", []),
        (None, []),
    ],
)
def test_a_state_has_attributes(state, paths):
    """Of a class with slots it is a pair; anything else is a whole."""
    assert [one.path for one in members.of_state(state, "x")] == paths


def test_names_are_short():
    """Of a function or class; else of the type."""
    func, own = NAMES["make"], NAMES["Own"]
    found = [members.name_of(one) for one in (func, own, own(), own().call, functools.partial(func), types)]
    assert found == ["make", "Own", "Own", "call", "make", "module"]
