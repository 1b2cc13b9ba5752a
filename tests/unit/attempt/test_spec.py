"""What is settled before an attempt starts."""

import math

import pytest

from airflow_spark_guard.attempt.spec import Finished, Program, ignore
from airflow_spark_guard.core.limits import GuardLimits
from tests.support.attempts import spec


@pytest.mark.parametrize(
    ("program", "is_python", "words"),
    [
        (Program("/jobs/a.py", ["--day", "1"]), True, ["/jobs/a.py", "--day", "1"]),
        (Program("/jobs/a.jar", java_class="A"), False, ["/jobs/a.jar"]),
        (Program("/jobs/a.R"), False, ["/jobs/a.R"]),
        (Program("/jobs/a.py", java_class="A"), False, ["/jobs/a.py"]),
    ],
)
def test_the_launcher_runs_python_alone(program, is_python, words):
    """A main class says that the file is a jar, whatever it is called."""
    assert (program.is_python, program.words) == (is_python, words)


@pytest.mark.parametrize(
    ("limits", "timeout", "deadline", "budget", "backstop"),
    [
        (GuardLimits(deadline="2h"), None, 7200.0, 7200.0, 7200.0),
        (GuardLimits(deadline="2h"), 420.0, 7200.0, 420.0, 420.0),
        (GuardLimits(), 420.0, None, 420.0, 420.0),
        (GuardLimits(on_finding="warn"), None, 3600.0, 3600.0, math.inf),
    ],
)
def test_the_shorter_of_deadline_and_execution_timeout_ends_it(limits, timeout, deadline, budget, backstop):
    """In observe mode nothing of ours does."""
    found = spec(limits, execution_timeout=timeout)
    assert (found.deadline, found.budget, found.backstop) == (deadline, budget, backstop)


def test_the_supervisor_above_the_task_is_its_guardian():
    """Its death ends the attempt; under ``dag.test()`` there is none."""
    assert (spec(supervisor=7).guardians, spec().guardians) == ((7,), ())


def test_what_nobody_wants_is_ignored():
    assert (ignore(3), Finished().result) == (None, None)
