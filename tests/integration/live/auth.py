"""Airflow's simple auth manager, with one user who may read no DAG but ``theirs``."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager


class OneDagAuthManager(SimpleAuthManager):
    """``stranger`` has rights for the DAG ``theirs`` alone."""

    def is_authorized_dag(self, *, user: Any, details: Any = None, **kwargs: Any) -> bool:
        if user.get_name() == "stranger" and details is not None and details.id not in (None, "theirs"):
            return False
        return super().is_authorized_dag(user=user, details=details, **kwargs)
