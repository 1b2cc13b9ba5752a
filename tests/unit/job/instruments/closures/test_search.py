"""The shortest way to an object, as the script writes it."""

from __future__ import annotations

import collections
import functools
import types

import pytest

from airflow_spark_guard.job.instruments.closures.search import path_to
from tests.support.closures import script

WANTED = object()
NAMES = script(
    "class Slots:\n    __slots__ = ('a', 'b')\n"
    "class Plain: pass\n"
    "class Table(dict): pass\n"
    "def make(value):\n    def inner(): return value\n    return inner\n"
    "def default(x=None): return x\n"
    "def uses(): return WANTED\n"
    "class Held:\n    table = {}\n    @property\n    def it(self): return WANTED\n"
    "class Bound:\n    def call(self): return self\n"
)


def plain(value):
    found = NAMES["Plain"]()
    found.a = value
    return found


def slots(value):
    found = NAMES["Slots"]()
    found.b = value
    return found


def default(value):
    func = NAMES["default"]
    return types.FunctionType(func.__code__, {}, "default", (value,))


def method(value):
    bound = NAMES["Bound"]()
    bound.a = value
    return bound.call


def uses(value):
    NAMES["WANTED"] = value
    return NAMES["uses"]


def table(value):
    found = NAMES["Table"]()
    found["k"] = value
    return found


def held(value):
    NAMES["Held"].table = [value]
    return NAMES["Held"]


def in_property(value):
    NAMES["WANTED"] = value
    return NAMES["Held"].__dict__["it"]


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda one: one, "x"),
        (lambda one: {"a": [0, (1, one)]}, 'x["a"][1][1]'),
        (lambda one: {("a", 1): one}, "x[<tuple>]"),
        (lambda one: {one}, "x[0]"),
        (plain, "x.a"),
        (slots, "x.b"),
        (table, 'x["k"]'),
        (lambda one: collections.OrderedDict(k=one), 'x["k"]'),
        (NAMES["make"], "value"),
        (default, "default argument x"),
        (method, "self.a"),
        (uses, "WANTED"),
        (held, "Held.table[0]"),
        (in_property, "WANTED"),
        (lambda one: functools.partial(print, 1, one), "functools.partial argument 1"),
        (lambda one: plain([plain(plain(one))]), "x.a[0].a.a"),
        (lambda one: types.ModuleType("m", one), None),
        (lambda _: [[]], None),
    ],
)
def test_the_way_is_found(make, path):
    """None if there is none."""
    assert path_to(WANTED, make(WANTED), "x") == path


def test_cycles_end():
    """Each object is looked at once."""
    cycle = []
    cycle.append({"k": cycle})
    assert path_to(WANTED, cycle, "x") is None


def test_no_code_of_an_object_runs():
    """Its attributes are read past it."""
    hidden = script(
        "class Hidden:\n    def __init__(self, a): self.__dict__['a'] = a\n"
        "    def __getattribute__(self, name):\n        if name == '__dict__': return object.__getattribute__(self, name)\n"
        "        raise RuntimeError\n    def __eq__(self, other): raise RuntimeError\n    __hash__ = None\n"
    )["Hidden"]
    assert path_to(WANTED, [hidden(WANTED)], "x") == "x[0].a"
