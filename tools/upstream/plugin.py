"""A plugin for pytest: the Spark provider's own tests without Airflow's test harness, on its classes or ours.

The harness (``tests_common``) is published for other Airflow versions only; the two files need little of it.
Loaded with ``-p tools.upstream.plugin``. ``UPSTREAM_TESTS_CLASSES`` is ``upstream`` or ``ours``,
``UPSTREAM_TESTS_RESULT`` the file for the outcomes: ``{test: [outcome, first line of the error]}``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HARNESS = "needs Airflow's own test harness and its database"
# The connections that Airflow's harness has in its database, and those that upstream takes for yarn when they
# are missing: with ours a missing connection is an error, which would hide all other differences.
CONNECTIONS = {
    "SPARK_DEFAULT": {"conn_type": "spark", "host": "yarn", "extra": {"queue": "root.default"}},
    "DEFAULT_SPARK": {"conn_type": "spark", "host": "yarn"},
    "": {"conn_type": "spark", "host": "yarn"},
}
_outcomes: dict[str, list[str]] = {}


def _skip(*_: Any, **__: Any) -> None:
    pytest.skip(HARNESS)


def _stand_in_for_the_harness() -> None:
    names = ("", ".test_utils", ".test_utils.dag", ".test_utils.taskinstance", ".test_utils.version_compat")
    modules: dict[str, Any] = {name: ModuleType(f"tests_common{name}") for name in names}
    sys.modules.update({f"tests_common{name}": module for name, module in modules.items()})
    modules[".test_utils.dag"].sync_dag_to_db = _skip
    modules[".test_utils.taskinstance"].create_task_instance = _skip
    modules[".test_utils.taskinstance"].render_template_fields = _skip
    modules[".test_utils.version_compat"].AIRFLOW_V_3_0_PLUS = True
    modules[".test_utils.version_compat"].AIRFLOW_V_3_3_PLUS = True


def _take_our_classes() -> None:
    from airflow.providers.apache.spark.hooks import spark_submit as hooks  # noqa: PLC0415 - after the environment
    from airflow.providers.apache.spark.operators import spark_submit as operators  # noqa: PLC0415

    from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook  # noqa: PLC0415
    from airflow_spark_guard.operators.safe_spark_submit import SafeSparkSubmitOperator  # noqa: PLC0415

    named: tuple[tuple[Any, str, type], ...] = (
        (hooks, "SparkSubmitHook", SafeSparkSubmitHook),
        (operators, "SparkSubmitHook", SafeSparkSubmitHook),
        (operators, "SparkSubmitOperator", SafeSparkSubmitOperator),
    )
    for module, name, ours in named:
        setattr(module, name, ours)


def pytest_configure(config: pytest.Config) -> None:
    """Before the tests are imported."""
    config.addinivalue_line("markers", "db_test: uses Airflow's database")
    _stand_in_for_the_harness()
    if os.environ["UPSTREAM_TESTS_CLASSES"] == "ours":
        _take_our_classes()


@pytest.fixture
def create_connection_without_db(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """As the harness: in the environment."""

    def create(connection: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{connection.conn_id.upper()}", connection.as_json())

    return create


@pytest.fixture(autouse=True)
def _connections(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, connection in CONNECTIONS.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))


@pytest.fixture(autouse=True)
def _usable_deploy_mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of OpenLineage execute a deploy mode that ours refuses, which would hide the rest."""
    if "openlineage" in request.node.name and hasattr(request.cls, "_config"):
        monkeypatch.setitem(request.cls._config, "deploy_mode", "client")  # noqa: SLF001 - the tests' own


@pytest.fixture
def sdk_connection_not_found() -> None:
    """Nothing to do: what is not in the environment is not found."""


@pytest.fixture
def session() -> None:
    """Of Airflow's database."""
    _skip()


@pytest.fixture
def testing_dag_bundle() -> None:
    """In Airflow's database."""
    _skip()


@pytest.fixture
def create_task_instance_of_operator() -> None:
    """In Airflow's database."""
    _skip()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """The worst of set-up, call and tear-down."""
    if report.when != "call" and report.outcome == "passed":
        return
    longrepr = report.longrepr
    error = getattr(longrepr, "reprcrash", None)
    text = longrepr[2] if isinstance(longrepr, tuple) else error.message if error else str(longrepr or "")
    _outcomes[report.nodeid] = [report.outcome, next(iter(text.strip().splitlines()), "")[:200]]


def pytest_sessionfinish() -> None:
    """For the program that compares."""
    Path(os.environ["UPSTREAM_TESTS_RESULT"]).write_text(json.dumps(_outcomes, indent=1), encoding="utf-8")
