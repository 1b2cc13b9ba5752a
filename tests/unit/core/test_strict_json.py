"""JSON from outside: a value, or a ValueError."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.strict_json import DEEPEST, strict_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES)
def test_json_is_read_as_python_reads_it(value):
    """Nothing that is JSON is refused."""
    assert strict_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=60) | st.text('[]{}":,eE+-.0123456789 \\untrfalsNI', max_size=60))
def test_whatever_else_stands_there_is_a_value_error(text):
    """And no other."""
    try:
        strict_json(text)
    except ValueError:
        return


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_the_depth_has_a_limit(opening):
    """Up to it all is well."""
    closing = {"[": "]"}.get(opening, "}")
    for depth in (DEEPEST - 1, DEEPEST):
        assert strict_json(opening * depth + "1" + closing * depth)
    for depth in (DEEPEST + 1, 500, 100_000):
        with pytest.raises(ValueError, match=f"^nested more than {DEEPEST} levels deep$"):
            strict_json(opening * depth + "1" + closing * depth)


def test_many_brackets_beside_each_other_are_not_deep():
    """Nor are those in a text."""
    assert len(strict_json("[" + "[]," * 1000 + "[]]")) == 1001
    assert strict_json('"' + "[" * 1000 + '"') == "[" * 1000
