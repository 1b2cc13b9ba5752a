"""The one module that uses Airflow's API server from inside: its names exist, and they decide by role."""

from __future__ import annotations

import ast

import pytest

from airflow_spark_guard.plugins import access
from tests.support.source import PACKAGE, nodes, python_files


@pytest.fixture
def user(airflow_db):
    from airflow.api_fastapi.app import create_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    create_auth_manager()
    return lambda role: SimpleAuthManagerUser(username="alice", role=role)


def test_no_other_module_imports_airflows_api_server():
    """It is not declared a public API."""
    found = {
        path.name
        for path in python_files(PACKAGE)
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("airflow.api_fastapi")
    }
    assert found == {"access.py"}


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("user", True), ("admin", True)])
def test_who_may_change_runs_may_end_jobs(user, role, may):
    """As the auth manager decides."""
    assert access.may_end(user(role), "etl") is may


def test_the_user_has_a_name_and_a_login(user):
    """And reads no DAG of an empty database."""
    assert access.user_name(user("viewer")) == "alice"
    assert access.login_url("/spark-guard/page").endswith("next=%2Fspark-guard%2Fpage")
    assert isinstance(access.readable_dags(user("viewer")), set)
    assert isinstance(access.base_url(), str)
