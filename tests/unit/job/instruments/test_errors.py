"""Errors have four parts, as text and as attributes."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.errors import (
    CheckpointDirectoryError,
    FrameError,
    InstrumentError,
    NotAFrameError,
    OptionError,
    StoppedSessionError,
    UnpicklableError,
)


def test_an_error_shows_what_got_expected_and_advice():
    """In this order; a ValueError, and for an option a TypeError too."""
    error = OptionError("it failed", got="1", expected="2", advice="pass 2")
    assert str(error) == "it failed\n  got: 1\n  expected: 2\n  do: pass 2"
    assert (error.what, error.got, error.expected, error.advice) == ("it failed", "1", "2", "pass 2")
    assert isinstance(error, InstrumentError)
    assert isinstance(error, ValueError)
    assert isinstance(error, TypeError)


def test_an_object_that_cannot_be_sent_is_shown_with_its_path():
    """And its type, and the reason."""
    error = UnpicklableError(
        "no", path="self.a", type_name="_thread.lock", reason="a lock", advice="make it there"
    )
    assert str(error) == (
        "no\n  got: `self.a`, of type _thread.lock (a lock)\n  expected: objects that can be pickled\n"
        "  do: make it there"
    )
    assert (error.path, error.type_name) == ("self.a", "_thread.lock")


@pytest.mark.parametrize("kind", [FrameError, NotAFrameError, StoppedSessionError, CheckpointDirectoryError])
def test_an_error_of_a_dataframe_has_four_parts(kind):
    """Each is an attribute too, and one class catches all."""
    error = kind("It failed.", got="a", expected="b", advice="c")
    assert str(error) == "It failed.\n  got: a\n  expected: b\n  do: c"
    assert (error.what, error.got, error.expected, error.advice) == ("It failed.", "a", "b", "c")
    assert isinstance(error, FrameError)


def test_something_else_than_a_frame_is_a_type_error():
    assert issubclass(NotAFrameError, TypeError)
