"""What Airflow asks an installed provider (entry point ``apache_airflow_provider``)."""

from __future__ import annotations

from typing import Any

from airflow_spark_guard import __version__


def get_provider_info() -> dict[str, Any]:
    """Provider info as Airflow's providers manager validates it."""
    return {
        "package-name": "airflow-spark-guard",
        "name": "Spark guard",
        "description": "Spark jobs that cannot hang silently, outlive their task, or succeed by accident.",
        "versions": [__version__],
        "config": {
            "spark_guard": {
                "description": "Options of the Spark guard.",
                "options": {
                    "record_folder": {
                        "description": "Folder under which each attempt leaves its record: summary, "
                        "observations, output and autopsy.\n"
                        "Empty: ``spark_guard`` beside ``[logging] base_log_folder``. ``none``: no records. "
                        "Old records are not removed.\n",
                        "version_added": None,
                        "type": "string",
                        "example": "/var/lib/airflow/spark_guard",
                        "default": "",
                    },
                },
            },
        },
    }
