"""The sentence follows what makes the function large."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.closures.captures import Captured
from airflow_spark_guard.job.instruments.closures.closure_advice import advice_of

MIB = 1 << 20


def captured(path, how, size=20 * MIB, share=0.9, kind="Model", **more):
    return Captured(path, how, kind, size, share, **more)


def advice(*found, needed=()):
    return advice_of("score", 22 * MIB, MIB, found, needed)


def test_up_to_the_limit_there_is_none():
    """At it as well."""
    assert advice_of("score", MIB, MIB, [captured("x", "global")]) == ""


@pytest.mark.parametrize(
    ("one", "cure"),
    [
        (captured("MODEL", "global"), "pass it as a broadcast, or bind what you need to a local name"),
        (captured("df", "global", kind="pandas.core.frame.DataFrame"), "pass it as a broadcast, or make it a Spark DataFrame and join it"),
        (captured("default argument w", "default argument"), "pass a broadcast in its place, and use `.value` of it"),
        (captured("functools.partial argument 0", "partial argument"), "pass a broadcast in its place"),
        (captured("A.table", "class attribute"), "the class is sent whole because executors cannot import it"),
        (captured("m.TABLE", "member of a module"), "the module is registered to be sent by value"),
        (captured("helper", "function"), "load large constants of its code from a file inside the function"),
        (captured("self.model", "attribute of self", used=False), "it only comes along with `self`; bind what"),
    ],
)  # fmt: skip
def test_the_cure_is_that_of_the_cause(one, cure):
    """With both sizes."""
    assert advice(one).startswith(
        f"`score` takes 22.0 MiB (limit: 1.0 MiB) and captures `{one.path}` (20.0 MiB): {cure}"
    )


def test_what_the_function_needs_of_self_is_bound_to_names():
    """Three at most."""
    text = advice(captured("self.model", "attribute of self", used=False), needed=["a", "b", "c", "d"])
    assert (
        "uses `self.a`, `self.b`, `self.c`; bind that to a local name (`a = self.a`, `b = self.b`, `c = self.c`)"
        in text
    )


def test_the_function_in_between_is_named():
    """The object is a global of another one."""
    assert "captures `T` (20.0 MiB, through `helper`)" in advice(captured("T", "global", through="helper"))


def test_several_are_named_where_no_one_is_most_of_it():
    """The three largest."""
    text = advice(*(captured(name, "global", 7 * MIB, 0.3) for name in "abcd"))
    assert text.endswith(
        "captures `a` (7.0 MiB), `b` (7.0 MiB), `c` (7.0 MiB): pass the large ones as broadcasts, or bind what "
        "you need to local names."
    )


def test_code_that_is_large_itself_is_the_cause():
    """Nothing else is."""
    own = "most of it in its own code: load large constants from a file inside the function."
    assert advice().endswith(own)
    assert advice(captured("x", "global", 100, 0.0)).endswith(own)
