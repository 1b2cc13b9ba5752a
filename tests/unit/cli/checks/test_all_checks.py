"""One list of all checks."""

from __future__ import annotations

import inspect

from airflow_spark_guard.cli.checks import (
    airflow_checks,
    cluster_checks,
    conf_checks,
    host_checks,
    python_checks,
    spark_checks,
)
from airflow_spark_guard.cli.checks.all_checks import CHECKS
from airflow_spark_guard.cli.checks.check import Check

MODULES = (airflow_checks, cluster_checks, conf_checks, host_checks, python_checks, spark_checks)


def test_every_class_is_in_the_list_once():
    """Under a name of its own, with a time limit."""
    classes = {
        found
        for module in MODULES
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Check) and not inspect.isabstract(found) and not found.__name__.startswith("_")
    }
    assert {type(check) for check in CHECKS} == classes - {Check}
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(0 < check.limit <= 60 for check in CHECKS)


def test_what_others_use_comes_before_them():
    """The connection's master, then the master's workers."""
    names = [check.name for check in CHECKS]
    assert names.index("connection") < names.index("master") < names.index("executor size")
    assert names.index("connection") < names.index("configuration")
