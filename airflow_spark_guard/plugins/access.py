"""All that the live page uses of Airflow's API server: who the user is, and what the user may do.

``airflow.api_fastapi`` is not declared a public API, so that no other module imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "READS_LOGS",
    "READS_TASKS",
    "WRITES_RUNS",
    "current_user",
    "may_end",
    "readable_dags",
    "user_name",
]

current_user: Final[Callable[..., Any]] = get_user
"""Dependency: the user; 401 without a token, 403 with one that is not valid."""
READS_TASKS: Final[Callable[..., Any]] = requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE)
"""Dependency: the user may read task instances of the DAG that ``dag_id`` in the address names; else 403."""
READS_LOGS: Final[Callable[..., Any]] = requires_access_dag("GET", DagAccessEntity.TASK_LOGS)
"""Dependency: the user may also read logs of that DAG: reports and stacks show what the job has printed."""
WRITES_RUNS: Final[Callable[..., Any]] = requires_access_dag("PUT", DagAccessEntity.RUN)
"""Dependency: the user may change runs of that DAG."""


def readable_dags(user: Any) -> set[str]:
    """Ids of the DAGs that the user may read."""
    return set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))


def may_end(user: Any, dag_id: str) -> bool:
    """Whether the user may change runs of this DAG; the page then offers its buttons."""
    manager = get_auth_manager()
    team = _team(dag_id)
    details = DagDetails(id=dag_id, team_name=team) if team else DagDetails(id=dag_id)
    return bool(
        manager.is_authorized_dag(method="PUT", access_entity=DagAccessEntity.RUN, details=details, user=user)
    )


def user_name(user: Any) -> str:
    """The user's name, for the record."""
    return str(user.get_name())


def login_url(next_url: str) -> str:
    """Where a user signs in and comes back from."""
    return get_auth_manager().get_url_login(next_url=next_url)


def base_url() -> str:
    """Airflow's address for browsers; empty if it is not configured."""
    from airflow.providers.common.compat.sdk import conf  # noqa: PLC0415 - importing it reads airflow.cfg

    return str(conf.get("api", "base_url", fallback="") or "")


def _team(dag_id: str) -> str | None:
    from airflow.models.dag import DagModel  # noqa: PLC0415 - the database is not needed to import this module

    # Airflow below 3.2 has no teams.
    found = getattr(DagModel, "get_team_name", None)
    return found(dag_id) if found is not None else None
