"""The one error and its message, and what comes from the data as one short, harmless line in it."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection.errors import OptionError


def test_the_message_has_four_lines_and_the_parts_are_attributes():
    """What, got, expected and do stand each on a line of its own, and travel as attributes too."""
    error = SampleError("It is wet.", got="rain", expected="sun", advice="Take an umbrella.")
    assert str(error) == "It is wet.\n  got: rain\n  expected: sun\n  do: Take an umbrella."
    assert (error.what, error.got, error.expected, error.advice) == (
        "It is wet.",
        "rain",
        "sun",
        "Take an umbrella.",
    )


def test_it_is_a_value_error():
    """Whoever catches ValueError catches it."""
    with pytest.raises(ValueError, match="^A\n  got: b\n  expected: c\n  do: d$"):
        raise SampleError("A", got="b", expected="c", advice="d")


def test_a_missing_argument_is_a_type_error_too():
    """As of every Python function; and still the error of this package."""
    assert issubclass(OptionError, TypeError)
    assert issubclass(OptionError, SampleError)
