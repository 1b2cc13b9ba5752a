"""A check reports lines, whatever happens to it."""

from __future__ import annotations

import threading

import pytest

from airflow_spark_guard.cli.checks.check import Check, Line
from airflow_spark_guard.cli.checks.setup import Setup
from airflow_spark_guard.core.errors import ConfError


class Fails(Check):
    name = "fails"
    limit = 0.2

    def __init__(self, action):
        self.action = action

    def look(self, setup):
        self.action()
        yield self.ok(setup.master)


def raising(error):
    def action():
        raise error

    return action


def test_lines_have_the_name_of_their_check():
    """And a state each."""
    check = Fails(lambda: None)
    assert check.run(Setup(master="m")) == (Line("fails", "ok", "m"),)
    assert check.warning("w", "f") == Line("fails", "warning", "w", "f")
    assert check.error("e", "f") == Line("fails", "error", "e", "f")


def test_an_error_that_a_job_would_end_with_is_its_line():
    error = ConfError("It is wrong.", got="1", expected="2", advice="Correct it.")
    assert Fails(raising(error)).run(Setup()) == (
        Line("fails", "error", "It is wrong. Got: 1. Expected: 2.", "Correct it."),
    )


class Silent(Check):
    name = "silent"

    def look(self, setup):
        del setup
        return []


def test_a_check_that_reports_nothing_is_an_error_line():
    assert [line.state for line in Silent().run(Setup())] == ["error"]


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RecursionError("x"), SystemExit(1)])
def test_a_check_that_fails_is_an_error_line(error):
    (line,) = Fails(raising(error)).run(Setup())
    assert line.state == "error"
    assert line.what.startswith(f"The check itself failed: {type(error).__name__}: ")


def test_a_check_that_is_late_is_an_error_line():
    """It does not keep the process alive."""
    go_on = threading.Event()
    (line,) = Fails(go_on.wait).run(Setup())
    assert (line.state, line.what) == ("error", "The check took longer than 0.2s.")
    thread = next(one for one in threading.enumerate() if one.name == "fails")
    assert thread.daemon
    go_on.set()
    thread.join(5)


def test_texts_are_safe_to_print():
    """An error may quote a server."""
    (line,) = Fails(raising(ConfError("\x1b[31ma\nb password=hunter2", advice="\x07x"))).run(Setup())
    assert (line.what, line.fix) == ("[31ma b password=******", "x")
