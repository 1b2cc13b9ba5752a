"""This package's options in Airflow's configuration: read in the task, never at import."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.limit_checks import check_on_finding
from airflow_spark_guard.core.quantity import seconds, size_in_bytes
from airflow_spark_guard.core.remote.announcement import Pages
from airflow_spark_guard.core.store_address import store_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.output.spark_log import Level
    from airflow_spark_guard.core.store_address import StoreAddress

T = TypeVar("T")
SECTION = "spark_guard"
RECORD_FOLDER = "record_folder"
RECORD_MAX_AGE = "record_max_age"
RECORD_MAX_SIZE = "record_max_size"
RECORD_URL = "record_url"
HISTORY_URL = "history_url"
DRIVER_UI_URL = "driver_ui_url"
SPARK_LOG_LEVEL = "spark_log_level"
ON_FINDING = "on_finding"
REPORT = "report"
DEPLOYMENT = "deployment"
_NONE = "none"
_ON, _OFF = "on", "off"
_BESIDE_THE_LOGS = "spark_guard"
_LEAST: Level = "WARN"
_LOCAL = "file://"


def record_root() -> Path | StoreAddress | None:
    """Where all records are: ``[spark_guard] record_folder``, a folder or an object store; None for ``none``.

    Unset or empty: ``spark_guard`` beside the folder of ``[logging] base_log_folder``. A relative path is
    resolved from there too, because tasks run in a working directory of their own.

    Raises:
        BadInputError: it is a URL, but not one of a store, or has a password.
    """
    from airflow.providers.common.compat.sdk import conf  # noqa: PLC0415 - importing it reads airflow.cfg

    wanted = _option(RECORD_FOLDER).removeprefix(_LOCAL)
    if wanted.lower() == _NONE:
        return None
    if (address := store_address(wanted)) is not None:
        return address
    beside = Path(conf.get("logging", "base_log_folder")).expanduser().absolute().parent
    return beside / (Path(wanted).expanduser() if wanted else _BESIDE_THE_LOGS)


def record_max_age() -> float | None:
    """Seconds after which a record is removed: ``[spark_guard] record_max_age``; None if none is.

    Raises:
        BadInputError: it is not a duration.
    """
    return _quantity(RECORD_MAX_AGE, seconds, "a duration such as 30d or 12h")


def record_max_size() -> int | None:
    """Bytes that all records may have together: ``[spark_guard] record_max_size``; None for any.

    Raises:
        BadInputError: it is not a size.
    """
    return _quantity(RECORD_MAX_SIZE, size_in_bytes, "a size such as 10GB")


def _quantity(name: str, read: Callable[[str], T], expected: str) -> T | None:
    text = _option(name)
    try:
        return read(text) if text else None
    except ValueError:
        raise BadInputError(
            f"Airflow's option [{SECTION}] {name} cannot be read.",
            got=repr(text),
            expected=expected,
            advice="Correct it, or leave it empty: no record is removed then.",
        ) from None


def record_url() -> str:
    """The URL at which the folder of all records is served: ``[spark_guard] record_url``; empty if none."""
    return _option(RECORD_URL)


def pages() -> Pages:
    """The URLs at which browsers reach Spark's pages: ``[spark_guard] history_url`` and ``driver_ui_url``."""
    driver_ui = _option(DRIVER_UI_URL)
    return Pages(
        _option(HISTORY_URL), "" if driver_ui.lower() == _NONE else driver_ui, driver_ui.lower() != _NONE
    )


def deployment() -> tuple[str, ...]:
    """Distinguishes this Airflow from others of the same user on the same host; equal for all its tasks.

    Its home, its configured addresses, and ``[spark_guard] deployment`` for the case that those are equal.
    """
    from airflow.providers.common.compat.sdk import conf  # noqa: PLC0415 - importing it reads airflow.cfg

    configured = (("api", "base_url"), ("api", "port"), ("core", "execution_api_server_url"))
    return (
        os.environ.get("AIRFLOW_HOME", ""),
        *(str(conf.get(section, name, fallback="") or "") for section, name in configured),
        _option(DEPLOYMENT),
    )


def addresses() -> tuple[str, str]:
    """The configured addresses of this Airflow, which distinguish it from others that share a cluster."""
    from airflow.providers.common.compat.sdk import conf  # noqa: PLC0415 - importing it reads airflow.cfg

    return (
        str(conf.get("api", "base_url", fallback="") or ""),
        str(conf.get("core", "execution_api_server_url", fallback="") or ""),
    )


def spark_log_level() -> Level:
    """The lowest level of Spark's own lines in the task log: ``[spark_guard] spark_log_level``.

    Raises:
        BadInputError: it is not the name of a level.
    """
    from airflow_spark_guard.core.output.spark_log import (  # noqa: PLC0415 - no DAG is parsed with it
        LEVELS,
        level_named,
    )

    named = _option(SPARK_LOG_LEVEL)
    level = level_named(named) if named else _LEAST
    if level is None:
        raise BadInputError(
            f"Airflow's option [{SECTION}] {SPARK_LOG_LEVEL} is not a log level.",
            got=repr(named),
            expected=", ".join(LEVELS),
            advice=f"Set it to {_LEAST}, or to INFO to see everything that Spark logs.",
        )
    return level


def on_finding() -> str:
    """What an exceeded limit does unless the task sets it: ``[spark_guard] on_finding``; may be empty.

    Raises:
        LimitError: neither ``end`` nor ``warn``, nor empty.
    """
    named = _option(ON_FINDING)
    if named:
        check_on_finding(f"Airflow's option [{SECTION}] {ON_FINDING}", named)
    return named


def report() -> bool:
    """Whether each attempt ends with a report: ``[spark_guard] report``; on unless it is ``off``.

    Raises:
        BadInputError: neither ``on`` nor ``off``, nor empty.
    """
    named = _option(REPORT).lower() or _ON
    if named not in {_ON, _OFF}:
        raise BadInputError(
            f"Airflow's option [{SECTION}] {REPORT} is not known.",
            got=repr(named),
            expected=f"{_ON} or {_OFF}",
            advice=f"Set it to {_ON} for a page at the end of each attempt, else to {_OFF}.",
        )
    return named == _ON


def _option(name: str) -> str:
    from airflow.providers.common.compat.sdk import conf  # noqa: PLC0415 - importing it reads airflow.cfg

    return str(conf.get(SECTION, name, fallback="") or "").strip()
