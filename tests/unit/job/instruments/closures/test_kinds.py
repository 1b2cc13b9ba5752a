"""Kinds come from types; the code of an object never runs."""

from __future__ import annotations

import collections
import functools
import types

import numpy as np
import pytest

from airflow_spark_guard.job.instruments.closures import kinds
from tests.support.closures import script


class Liar:
    """Claims to be a function, and fails when it is asked anything."""

    @property
    def __class__(self):
        return types.FunctionType

    def __getattribute__(self, name):
        raise RuntimeError(name)


def test_an_object_is_of_its_type_and_not_of_what_it_claims():
    """``isinstance`` would ask it."""
    assert not kinds.is_a(Liar(), types.FunctionType)
    assert kinds.is_a(Liar(), Liar)
    assert kinds.type_name(Liar()).endswith("test_kinds.Liar")


@pytest.mark.parametrize("make", [lambda: test_code_is_what_captures, lambda: Liar, lambda: types, property])
def test_code_is_what_captures(make):
    """Functions and what stands for one."""
    assert kinds.is_code(make())


@pytest.mark.parametrize("make", [Liar, dict, lambda: len, lambda: "".join])
def test_data_and_what_is_built_in_is_not_code(make):
    """It captures nothing."""
    assert not kinds.is_code(make())


def test_a_partial_is_code_and_a_property_is_a_descriptor():
    """Both stand for functions."""
    assert kinds.is_code(functools.partial(len))
    assert kinds.is_descriptor(property())
    assert not kinds.is_descriptor(len)


def test_instances_of_libraries_are_wholes_and_those_of_the_script_are_not():
    """A library's attributes are not what the user writes."""
    scripts = script("class Own: pass\nown = Own()")["own"]
    assert kinds.is_users_instance(scripts)
    assert kinds.is_users_instance(object.__new__(Liar))
    for other in (np.zeros(1), collections.Counter(), types.SimpleNamespace(), {}):
        assert not kinds.is_users_instance(other)


def test_names_of_types_are_those_of_the_script():
    """With the module if it is neither built in nor the script."""
    names = script("def make():\n    class Inner: pass\n    return Inner()\nmade = make()")
    assert kinds.type_name(names["made"]) == "Inner"
    assert [kinds.type_name(one) for one in ({}, np.zeros(1), lambda: 0)] == [
        "dict",
        "numpy.ndarray",
        "function",
    ]


def test_objects_of_the_driver_are_known_by_their_classes():
    """Also subclasses; those of Spark Connect can be pickled."""
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.session import SparkSession as Connect

    own = type("Own", (SparkSession,), {})
    assert [kinds.drivers_class(one) for one in (SparkSession, own, Connect, dict)] == [
        "SparkSession"
    ] * 2 + [None] * 2


def test_a_broadcast_is_known_by_its_class():
    """In any version."""
    from pyspark import Broadcast

    assert kinds.is_broadcast(Broadcast)
    assert not kinds.is_broadcast(type("Broadcast", (), {}))
