"""The connection type ``spark_monitor`` in Airflow's form: data for the provider info."""

from __future__ import annotations

from typing import Any, Final

_TEXT: Final = {"type": ["string", "null"]}
MONITOR_CONNECTION: Final[dict[str, Any]] = {
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
            "description": "Such as http://host:18080; only it can report how an application ended",
            "schema": _TEXT,
        },
        "master": {
            "label": "Standalone master",
            "description": "Such as spark://host:7077, or several as spark://host:7077,host2:7077",
            "schema": _TEXT,
        },
        "master_ui": {
            "label": "Master's web UI",
            "description": "If it is not at port 8080 of the master's host",
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
