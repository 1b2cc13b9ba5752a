"""Spark's configuration: values that Spark refuses, settings without effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.cli.checks.check import Check
from airflow_spark_guard.cli.work.conf import effective_conf, installed_spark
from airflow_spark_guard.core.conf.conf_lint import lint
from airflow_spark_guard.core.conf.effective_conf import Layer
from airflow_spark_guard.core.conf.properties import spark_properties
from airflow_spark_guard.core.errors import ConfError, SparkSubmitMissingError
from airflow_spark_guard.process.toolchain import find_spark_submit, spark_defaults

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.cli.checks.check import Line
    from airflow_spark_guard.cli.checks.setup import Setup
    from airflow_spark_guard.core.conf.effective_conf import EffectiveConf


class ConfCheck(Check):
    """The configuration that a job would get without settings of its own, and what is wrong with it."""

    name = "configuration"

    def look(self, setup: Setup) -> Iterable[Line]:
        """A line for each problem of the lint."""
        found = conf_of(setup)
        master = setup.cluster.master if setup.cluster is not None else ""
        problems = lint(
            found.values, spark_version=spark_of(setup), master=master, environment=setup.env.keys()
        )
        lines = []
        for problem in problems:
            text = problem.text + (f" Expected: {problem.expected}." if problem.expected else "")
            made = self.error if problem.severity == "error" else self.warning
            lines.append(made(text, problem.advice))
        return lines or [self.ok(f"{len(found.values)} values, all with effect")]


def spark_of(setup: Setup) -> tuple[int, int] | None:
    """(major, minor) of the Spark that a job would run with; None if unknown."""
    try:
        return find_spark_submit(None, setup.env).version
    except SparkSubmitMissingError:
        return installed_spark()


def conf_of(setup: Setup) -> EffectiveConf:
    """Profile, then spark-defaults.conf, the connection, and what the command line names.

    Raises:
        ConfError: a setting that cannot be read.
    """
    layers = [_defaults(setup)]
    if setup.cluster is not None:
        layers.append(setup.cluster.layer())
    return effective_conf(setup.conf, setup.profile, version=spark_of(setup), layers=layers)


def _defaults(setup: Setup) -> Layer:
    try:
        file = spark_defaults(find_spark_submit(None, setup.env).home, setup.env)
        conf, _ = spark_properties(file.read_text(encoding="utf-8")) if file else ({}, 0)
    except SparkSubmitMissingError:
        return Layer("", {})
    except (OSError, UnicodeDecodeError) as error:
        raise ConfError(
            "spark-defaults.conf cannot be read.",
            got=str(error),
            expected="a file of Spark properties in UTF-8",
            advice="Check SPARK_CONF_DIR, and the file as the Airflow worker sees it.",
        ) from error
    return Layer(str(file or ""), conf)
