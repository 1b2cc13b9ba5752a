"""Provider metadata for Airflow (entry point ``apache_airflow_provider``)."""

from __future__ import annotations

from typing import Any, Final

from airflow_spark_guard import __version__
from airflow_spark_guard.core.remote.monitor_form import MONITOR_CONNECTION

_OPTIONS: Final = {
    "record_folder": {
        "description": "Folder for the records of attempts: summary, observations, output and "
        "diagnostics of each attempt. Or a URL that Airflow's object storage knows, such as "
        "``s3://conn_id@bucket/prefix``.\n"
        "Empty: ``spark_guard`` beside ``[logging] base_log_folder``. ``none``: no records. "
        "Old records are removed as ``record_max_age`` and ``record_max_size`` say.\n",
        "version_added": None,
        "type": "string",
        "example": "/var/lib/airflow/spark_guard",
        "default": "",
    },
    "report": {
        "description": "``on``: each attempt ends with ``report.html`` in its record: verdict, timeline, "
        "diagnostics.\n``off``: ``spark-guard report`` makes it when it is asked.\n",
        "version_added": None,
        "type": "string",
        "example": "off",
        "default": "on",
    },
    "record_max_age": {
        "description": "Records whose last change is older are removed, for a second at the start of each "
        "attempt. ``spark-guard prune`` does the same at any time.\n"
        "A duration such as ``30d`` or ``12h``. Empty: none is removed for its age.\n",
        "version_added": None,
        "type": "string",
        "example": "30d",
        "default": "",
    },
    "record_max_size": {
        "description": "Size of all records together: beyond it the oldest are removed, as for "
        "``record_max_age``.\n"
        "A size such as ``10GB`` (powers of 1024). Empty: none is removed for its size.\n",
        "version_added": None,
        "type": "string",
        "example": "10GB",
        "default": "",
    },
    "record_url": {
        "description": "Base URL at which you serve the folder of records, for the task link "
        '"Guard record".\n'
        "Empty: no such link. You run the server and control access to it.\n",
        "version_added": None,
        "type": "string",
        "example": "https://records.example.com/spark_guard",
        "default": "",
    },
    "history_url": {
        "description": "Base URL at which browsers reach the history server, for the task link "
        '"Spark history".\n'
        "Empty: the address at which the task reaches it.\n",
        "version_added": None,
        "type": "string",
        "example": "https://history.example.com",
        "default": "",
    },
    "driver_ui_url": {
        "description": "Base URL at which browsers reach drivers' web UIs, for the task link "
        '"Spark UI"; ``{port}`` in it is replaced by the driver\'s port.\n'
        "Empty: the driver's own address. ``none``: browsers cannot reach drivers; no link.\n",
        "version_added": None,
        "type": "string",
        "example": "http://gateway.example.com:{port}",
        "default": "",
    },
    "spark_log_level": {
        "description": "Lowest level of Spark's own log lines that the task log shows: ``TRACE``, ``DEBUG``, "
        "``INFO``, ``WARN``, ``ERROR`` or ``FATAL``.\n"
        "The job's own output is always shown. The attempt's record contains every line.\n",
        "version_added": None,
        "type": "string",
        "example": "INFO",
        "default": "WARN",
    },
    "on_finding": {
        "description": "What happens when a limit is exceeded, unless the task sets it "
        "(``GuardLimits.on_finding``).\n"
        "``end`` ends the job. ``warn`` is observe mode: verdicts are logged, recorded and pushed as XCom, "
        "and the job runs on.\n",
        "version_added": None,
        "type": "string",
        "example": "warn",
        "default": "end",
    },
    "deployment": {
        "description": "A name for this Airflow, needed if the same user runs another one on the same host "
        "with the same ``AIRFLOW_HOME``, ``[api] base_url``, ``[api] port`` and execution API address.\n"
        "A new try ends processes that earlier tries of the same task have left running: without a name, "
        "also those of a task with the same ids in the other Airflow.\n",
        "version_added": None,
        "type": "string",
        "example": "staging",
        "default": "",
    },
}


def get_provider_info() -> dict[str, Any]:
    """Provider info in the form that Airflow's providers manager validates."""
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
