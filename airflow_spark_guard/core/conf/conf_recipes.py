"""Keys and environment variables from old recipes against hanging that are not read any more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_view import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_spark_guard.core.conf.known_confs import KnownConfs

_NO_TIMEOUT = "Spark has no time-outs for jobs, stages or tasks: use the guard's limits."

OLD_KEYS: dict[str, str] = {
    "spark.kryo.buffer.max": "Write spark.kryoserializer.buffer.max.",
    "spark.kryo.buffer": "Write spark.kryoserializer.buffer.",
    "spark.core.connection.ack.wait.timeout": "Write spark.network.timeout.",
    "spark.python.worker.timeout": "Write spark.python.worker.idleTimeoutSeconds (Spark 4.0 and newer).",
    "spark.network.sasl.timeout": "Write spark.rpc.sasl.timeout.",
    "spark.connect.server.idleTimeout": "Write spark.connect.session.manager.defaultSessionTimeout.",
    "spark.task.timeout": _NO_TIMEOUT,
    "spark.stage.timeout": _NO_TIMEOUT,
    "spark.job.timeout": _NO_TIMEOUT,
    "spark.sql.queryTimeout": _NO_TIMEOUT,
}
"""Key -> what to do instead. Spark 3.5 and later knows none of them."""

_OLD_FAMILIES = {
    "spark.akka.": "Spark 2.0 removed Akka; use spark.rpc.* and spark.network.timeout.",
    "spark.cleaner.ttl": "Spark cleans up by reference since 1.4; there is no time to live.",
    "spark.blacklist.": "Write spark.excludeOnFailure.*.",
    "spark.mesos.": "Spark 4.0 removed Mesos.",
}

_AIRFLOW = {
    "AIRFLOW__CORE__WORKER_MEMORY_LIMIT": "Airflow does not have this option. Limit the worker's container."
}
# Variables of spark-submit and Spark's scripts that look like keys and are read.
_READ = frozenset(
    {
        "SPARK_DRIVER_MEMORY", "SPARK_EXECUTOR_MEMORY", "SPARK_EXECUTOR_CORES", "SPARK_LOCAL_DIR",
        "SPARK_MASTER", "SPARK_DRIVER_BIND_ADDRESS", "SPARK_API_MODE", "SPARK_REMOTE", "SPARK_CONNECT_MODE",
        "SPARK_AUTH_SOCKET_TIMEOUT", "SPARK_BUFFER_SIZE", "SPARK_TESTING", "SPARK_LOG_SCHEMA",
        "SPARK_APPLICATION_ID", "SPARK_UI_PORT", "SPARK_EXECUTOR_ID", "SPARK_LOCAL_IP",
    }
)  # fmt: skip
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def old_family(key: str) -> str:
    """What to do about a key of a removed family; empty for any other key."""
    return next((advice for start, advice in _OLD_FAMILIES.items() if key.startswith(start)), "")


def lint_environment(names: Iterable[str], known: KnownConfs) -> Iterator[Problem]:
    """Warnings about variables that look like settings of Spark or Airflow but are read by neither.

    Args:
        names: names of the job's environment variables; values are not read.
        known: Spark's own keys.
    """
    spelled: dict[str, str] | None = None
    for name in sorted(names):
        if name in _AIRFLOW:
            yield _unread(name, _AIRFLOW[name])
        elif name.startswith("SPARK_") and name not in _READ:
            spelled = _spelled(known) if spelled is None else spelled
            if name in spelled:
                yield _unread(name, f"Set {spelled[name]} in conf=.")


def _unread(name: str, advice: str) -> Problem:
    return Problem("warning", name, f"The environment sets {name}, which is not read.", advice=advice)


def _spelled(known: KnownConfs) -> dict[str, str]:
    """``SPARK_NETWORK_TIMEOUT`` -> ``spark.network.timeout``, for every key with at least two dots."""
    return {
        _HUMP.sub("_", key).replace(".", "_").replace("-", "_").upper(): key
        for key, row in known.rows.items()
        if row.kind and key.count(".") > 1
    } | {"SPARK_SERIALIZER": "spark.serializer"}
