"""The plugin: where Airflow's UI shows the live page, and the app that serves it.

Plugins are loaded wherever DAGs are read, so that FastAPI and the rest are imported in the API server only.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from airflow.plugins_manager import AirflowPlugin

PREFIX: Final = "/spark-guard"
_ICONS: Final = {
    "icon": f"{PREFIX[1:]}/static/icon.svg",
    "icon_dark_mode": f"{PREFIX[1:]}/static/icon-dark.svg",
}
_OF_THE_TASK: Final = "dag_id={DAG_ID}&run_id={RUN_ID}&task_id={TASK_ID}&map_index={MAP_INDEX}"


class SparkGuardPlugin(AirflowPlugin):
    """An entry in the navigation, a tab on task instances, and the app behind both."""

    name = "spark_guard"
    # Without a leading slash: Airflow may be served below a path.
    external_views = [  # noqa: RUF012 - the base class declares it as an attribute of instances
        {
            "name": "Spark guard",
            "href": f"{PREFIX[1:]}/page",
            "url_route": "spark-guard",
            "destination": "nav",
            "nav_top_level": True,  # Airflow below 3.3 does not know it and decides by itself
            **_ICONS,
        },
        {
            "name": "Spark guard",
            "href": f"{PREFIX[1:]}/attempt?{_OF_THE_TASK}",
            "url_route": "spark-guard-attempt",
            "destination": "task_instance",
            **_ICONS,
        },
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The app, made when the API server asks for it."""
        from airflow_spark_guard.plugins.app import build  # noqa: PLC0415 - it imports FastAPI

        return [{"app": build(), "url_prefix": PREFIX, "name": "spark guard"}]
