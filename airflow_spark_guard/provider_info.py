"""What Airflow asks an installed provider (entry point ``apache_airflow_provider``)."""

from __future__ import annotations

from typing import Any, Final

from airflow_spark_guard import __version__
from airflow_spark_guard.core.remote.monitor_form import MONITOR_CONNECTION

_OPTIONS: Final = {
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
    "history_url": {
        "description": "Base URL under which browsers reach the history server, for the link "
        "«Spark history» of a task.\n"
        "Empty: the address under which the task reaches it.\n",
        "version_added": None,
        "type": "string",
        "example": "https://history.example.com",
        "default": "",
    },
    "driver_ui_url": {
        "description": "Base URL under which browsers reach drivers' web UIs, for the link "
        "«Spark UI» of a task; ``{port}`` in it is the driver's port.\n"
        "Empty: the driver's own address. ``none``: browsers reach no driver, no link.\n",
        "version_added": None,
        "type": "string",
        "example": "http://gateway.example.com:{port}",
        "default": "",
    },
    "spark_log_level": {
        "description": "Lowest level of Spark's own log lines that the task log shows: ``TRACE``, ``DEBUG``, "
        "``INFO``, ``WARN``, ``ERROR`` or ``FATAL``.\n"
        "What the job itself prints or logs is always shown. The attempt's record holds every line.\n",
        "version_added": None,
        "type": "string",
        "example": "INFO",
        "default": "WARN",
    },
    "on_finding": {
        "description": "What a limit that has passed does, where a task does not say it "
        "(``GuardLimits.on_finding``).\n"
        "``end`` ends the job. ``warn`` is observe mode: verdicts are logged, recorded and pushed as XCom, "
        "and nothing is ended.\n",
        "version_added": None,
        "type": "string",
        "example": "warn",
        "default": "end",
    },
    "deployment": {
        "description": "A name for this Airflow, where another one of the same user runs on the same host "
        "with the same ``AIRFLOW_HOME``, ``[api] base_url``, ``[api] port`` and execution API address.\n"
        "A new try ends what earlier tries of the same task have left running: without such a name, also "
        "what a task of the same names has running in the other one.\n",
        "version_added": None,
        "type": "string",
        "example": "staging",
        "default": "",
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
                "options": _OPTIONS,
            },
        },
    }
