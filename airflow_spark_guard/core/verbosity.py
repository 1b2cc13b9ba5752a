"""How much the job's instruments measure and print, ``SafeSparkSubmitOperator(verbosity=...)``."""

from __future__ import annotations

from typing import Final

from airflow_spark_guard.core.errors import ArgumentError
from airflow_spark_guard.core.template import is_template

VARIABLE: Final = "SPARK_GUARD_VERBOSITY"
"""The environment variable of the driver's Python that the launcher and the instruments read."""
_LEVELS: Final = {0: "nothing", 1: "warnings", 2: "a summary of each operation", 3: "each step"}


def checked_verbosity(value: object) -> int | None:
    """The level to use, after rendering; None, also for the empty text of a template, if it is not set.

    Raises:
        ArgumentError: it is not one of the levels.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    level = int(value) if isinstance(value, str) and value.strip() in set(map(str, _LEVELS)) else value
    if isinstance(level, int) and not isinstance(level, bool) and level in _LEVELS:
        return level
    raise ArgumentError(
        "verbosity is not valid.",
        got=repr(value)[:200],
        expected=", ".join(f"{number} ({what})" for number, what in _LEVELS.items()) + ", or None",
        advice="Fix the value; of a template, check the rendered field in the task's details.",
    )


def check_literal_verbosity(value: object) -> None:
    """Check a level in the DAG file; templates and results of other tasks are checked once rendered.

    Raises:
        ArgumentError: see :func:`checked_verbosity`.
    """
    if not is_template(value) and not hasattr(value, "resolve"):
        checked_verbosity(value)


def environment_of(verbosity: int | None) -> dict[str, str]:
    """What the driver's Python finds in its environment; empty, and the user's holds, if it is not set."""
    return {} if verbosity is None else {VARIABLE: str(verbosity)}


def without_launcher(verbosity: int | None) -> str:
    """Why it has no effect on a job that our launcher does not run; empty for 0 and if it is not set."""
    text = "verbosity={} has no effect: instruments need the guard's launcher, and it does not run this job."
    return text.format(verbosity) if verbosity else ""
