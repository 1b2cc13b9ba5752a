"""What Airflow asks an installed provider (entry point ``apache_airflow_provider``)."""

from __future__ import annotations

from typing import Any

from airflow_spark_guard import __version__

_TEXT = {"type": ["string", "null"]}
MONITOR_CONNECTION: dict[str, Any] = {
    "connection-type": "spark_monitor",
    "hook-class-name": "airflow_spark_guard.hooks.spark_monitor.SparkMonitorHook",
    "hook-name": "Spark monitor",
    "ui-field-behaviour": {
        "hidden-fields": [],
        "relabeling": {"host": "Server", "schema": "Protocol", "password": "Password or header value"},
        "placeholders": {"host": "http://host:18080", "schema": "http or https", "port": "18080"},
    },
    "conn-fields": {
        "driver_ui": {
            "label": "Driver UI",
            "description": "Web UI of the driver, such as http://host:4040",
            "schema": _TEXT,
        },
        "history_server": {
            "label": "History server",
            "description": "Such as http://host:18080; it alone can tell how an application ended",
            "schema": _TEXT,
        },
        "master": {
            "label": "Standalone master",
            "description": "Such as spark://host:7077, or several as spark://host:7077,host2:7077",
            "schema": _TEXT,
        },
        "master_ui": {
            "label": "Master's web UI",
            "description": "Where it is not at port 8080 of the master's host",
            "schema": _TEXT,
        },
        "verify": {
            "label": "Verify TLS",
            "description": "true, false, or the path of a file of certificates",
            "schema": {**_TEXT, "default": "true"},
        },
        "auth_header": {
            "label": "Header for the password",
            "description": "Such as Authorization or X-Api-Key; the password is its value. Not with a login.",
            "schema": _TEXT,
        },
        "timeout": {
            "label": "Timeout",
            "description": "Longest silence of a server, such as 5s",
            "schema": {**_TEXT, "default": "5s"},
        },
    },
}


def get_provider_info() -> dict[str, Any]:
    """Provider info as Airflow's providers manager validates it."""
    return {
        "package-name": "airflow-spark-guard",
        "name": "Spark guard",
        "description": "Spark jobs that cannot hang silently, outlive their task, or succeed by accident.",
        "versions": [__version__],
        "connection-types": [MONITOR_CONNECTION],
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
                    "record_url": {
                        "description": "Base URL under which the folder of records is served, for the link "
                        "«Guard record» of a task.\n"
                        "Empty: no such link. The server, and who may read there, are yours.\n",
                        "version_added": None,
                        "type": "string",
                        "example": "https://records.example.com/spark_guard",
                        "default": "",
                    },
                },
            },
        },
    }
