"""Airflow provider: Spark jobs that cannot hang silently, outlive their task, or succeed by accident.

Importing this package imports neither Airflow nor PySpark: the public names load when they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_spark_guard.core.conf.profile import SparkProfile
    from airflow_spark_guard.core.errors import SparkGuardError
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.verdict import Verdict
    from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook
    from airflow_spark_guard.hooks.spark_monitor import SparkMonitorHook
    from airflow_spark_guard.operators.safe_spark_submit import SafeSparkSubmitOperator
    from airflow_spark_guard.sensors.executor_restart import SparkExecutorRestartSensor
    from airflow_spark_guard.sensors.spark_application import SparkApplicationSensor
    from airflow_spark_guard.task.retry_policy import SparkGuardRetryPolicy

__version__ = "0.9.0"

__all__ = [
    "GuardLimits",
    "SafeSparkSubmitHook",
    "SafeSparkSubmitOperator",
    "SparkApplicationSensor",
    "SparkExecutorRestartSensor",
    "SparkGuardError",
    "SparkGuardRetryPolicy",
    "SparkMonitorHook",
    "SparkProfile",
    "Verdict",
]

_HOMES = {
    "GuardLimits": "core.limits",
    "SafeSparkSubmitHook": "hooks.safe_spark_submit",
    "SafeSparkSubmitOperator": "operators.safe_spark_submit",
    "SparkApplicationSensor": "sensors.spark_application",
    "SparkExecutorRestartSensor": "sensors.executor_restart",
    "SparkGuardError": "core.errors",
    "SparkGuardRetryPolicy": "task.retry_policy",
    "SparkMonitorHook": "hooks.spark_monitor",
    "SparkProfile": "core.conf.profile",
    "Verdict": "core.verdict",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
