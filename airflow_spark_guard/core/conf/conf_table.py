"""The anti-hanging profile as data: every Spark key the guard sends, by profile and Spark version.

The rows themselves are in ``conf_rows_cluster`` and ``conf_rows_python``.
"""

from __future__ import annotations

import math

from airflow_spark_guard.core.conf.conf_rows_cluster import DRIVER, LIVENESS, SHUFFLE, TASKS
from airflow_spark_guard.core.conf.conf_rows_python import PYTHON
from airflow_spark_guard.core.conf.conf_setting import Setting, Version

__all__ = [
    "PROFILES",
    "SETTINGS",
    "SPARK_VERSIONS",
    "TABLE",
    "Setting",
    "dump_interval",
    "known_version",
    "profile_settings",
]

PROFILES = ("default", "ml-training", "strict", "none")
SPARK_VERSIONS: tuple[Version, ...] = ((3, 5), (4, 0), (4, 1), (4, 2), (4, 3))
OLDEST_SUPPORTED: Version = (4, 0)

TABLE: dict[str, tuple[Setting, ...]] = {
    "Network and heartbeats": LIVENESS,
    "Shuffle and serializer": SHUFFLE,
    "Tasks and stages": TASKS,
    "Driver and shutdown": DRIVER,
    "Python workers": PYTHON,
}
"""Title of a group -> its rows, in the order of the page."""

SETTINGS: dict[str, Setting] = {row.key: row for rows in TABLE.values() for row in rows}
"""Key -> its row."""

BACKSTOP_MINUTES = 2
SHORTEST_IDLE = 600
_MINUTE = 60
_DUMPS_IN_A_LIMIT = 3
_SHORTEST_DUMP, _LONGEST_DUMP = 5, 120


def known_version(version: tuple[int, ...] | None) -> Version:
    """Major and minor of a Spark version; the oldest supported one if the version is not known."""
    found = tuple(version or ())[:2]
    return next((known for known in SPARK_VERSIONS if known == found), OLDEST_SUPPORTED)


def profile_settings(
    profile: str,
    spark_version: tuple[int, ...] | None = None,
    deadline: float | None = None,
    *,
    python: bool = True,
    stall: float | None = None,
) -> dict[str, str]:
    """The settings of a profile for this Spark, in the order of the table.

    Args:
        profile: one of ``PROFILES``.
        spark_version: such as ``(4, 2)`` or ``(4, 2, 0)``; None if unknown.
        deadline: seconds that the attempt may take; None leaves out the JVM's own backstop.
        python: whether the application is a Python script.
        stall: ``stall_timeout`` in seconds; None for the default one.
    """
    version = known_version(spark_version)
    minutes = None if deadline is None else math.ceil(deadline / _MINUTE) + BACKSTOP_MINUTES
    idle = max(SHORTEST_IDLE, math.ceil(stall or 0))
    return {
        row.key: row.values[profile].format(minutes=minutes, idle=idle, dump=dump_interval(deadline, stall))
        for row in SETTINGS.values()
        if profile in row.values and _is_sent(row, version, minutes) and (python or not row.python_only)
    }


def dump_interval(deadline: float | None, stall: float | None) -> int:
    """Whole seconds between two stack dumps of a Python worker.

    A third of the shorter limit, so that a hung worker has written its stack more than once before the limit
    ends it; at most 120. Not below 5: each dump takes 2 to 8 kB of the executor's log.
    """
    limits = [limit / _DUMPS_IN_A_LIMIT for limit in (deadline, stall) if limit is not None]
    return max(_SHORTEST_DUMP, int(min([_LONGEST_DUMP, *limits])))


def _is_sent(row: Setting, version: Version, minutes: int | None) -> bool:
    # The plugin's class was added together with its time-out: an older Spark would not start with it.
    since = SETTINGS["spark.driver.timeout"].since if row.needs_deadline else row.since
    return (since is None or since <= version) and not (row.needs_deadline and minutes is None)
