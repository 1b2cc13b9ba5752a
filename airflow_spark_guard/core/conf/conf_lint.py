"""The lint of a merged conf: errors stop the task before a JVM starts, warnings are logged once.

Errors are only values that Spark certainly refuses or that certainly kill the job. The profile's own values
are never at fault: every problem involves a value of the user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_lint_keys import lint_keys
from airflow_spark_guard.core.conf.conf_lint_order import SENSELESS
from airflow_spark_guard.core.conf.conf_lint_refused import REFUSED
from airflow_spark_guard.core.conf.conf_lint_values import lint_values
from airflow_spark_guard.core.conf.conf_recipes import lint_environment
from airflow_spark_guard.core.conf.conf_view import ConfView, Problem
from airflow_spark_guard.core.conf.known_confs import KnownConfs, known_confs
from airflow_spark_guard.core.errors import ConfError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_spark_guard.core.conf.conf_draft import ConfValue

__all__ = ["Problem", "check_conf", "lint"]


def lint(
    values: Mapping[str, ConfValue],
    *,
    spark_version: tuple[int, ...] | None = None,
    master: str = "",
    environment: Iterable[str] = (),
    known: KnownConfs | None = None,
    stall: float | None = None,
) -> tuple[Problem, ...]:
    """Everything wrong with a conf, errors first, each key once for each kind of mistake.

    Args:
        values: key -> value and origin, as ``EffectiveConf.values``.
        spark_version: such as ``(4, 2)``; None if unknown.
        master: Spark's master URL; empty if unknown.
        environment: names of the job's environment variables; values are not read.
        known: Spark's own keys; None for the table that ships with this package.
        stall: the guard's stall limit, in seconds; None skips the checks against it.
    """
    table = known_confs() if known is None else known
    view = ConfView(values, table, master, spark_version, stall)
    found = [*lint_keys(view), *lint_values(view), *lint_environment(environment, table)]
    for rule in (*REFUSED, *SENSELESS):
        found += rule(view)
    return tuple(sorted(found, key=lambda problem: problem.severity))


def check_conf(
    values: Mapping[str, ConfValue],
    *,
    spark_version: tuple[int, ...] | None = None,
    master: str = "",
    environment: Iterable[str] = (),
    stall: float | None = None,
) -> tuple[str, ...]:
    """The warnings of :func:`lint`, as texts for the log; same arguments.

    Raises:
        ConfError: there are errors; the exception lists all of them.
    """
    found = lint(values, spark_version=spark_version, master=master, environment=environment, stall=stall)
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        raise conf_error(errors)
    return tuple(str(problem) for problem in found)


def conf_error(errors: list[Problem]) -> ConfError:
    """One exception for one or more errors."""
    if len(errors) == 1:
        (only,) = errors
        return ConfError(only.text, expected=only.expected, advice=only.advice)
    numbered = list(enumerate(errors, 1))
    return ConfError(
        f"The Spark configuration has {len(errors)} errors.",
        got=" ".join(f"({n}) {problem.text}" for n, problem in numbered),
        expected="; ".join(f"({n}) {problem.expected}" for n, problem in numbered),
        advice=" ".join(f"({n}) {problem.advice}" for n, problem in numbered),
    )
