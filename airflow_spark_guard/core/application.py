"""Checks that the application is something that spark-submit can run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_spark_guard.core.errors import ApplicationError

if TYPE_CHECKING:
    from collections.abc import Callable

_INTERNAL = ("spark-internal", "spark-shell")  # Spark's own names for "the class is on the class path"
_KINDS = (".py", ".jar", ".R", ".r")


def check_application(application: str, java_class: str | None, exists: Callable[[Path], bool]) -> None:
    """Check path and kind of an application that is submitted in client mode.

    Args:
        application: a path, or a URL that Spark fetches (``hdfs://``, ``s3a://``; existence not checked).
        java_class: if set, the application is a jar whatever its name.
        exists: whether a local path exists.

    Raises:
        ApplicationError: it is missing, was not found, or has a kind that Spark does not run.
    """
    if not application:
        raise _error(
            "No application to submit.", "an empty text", "Set application= to the path of your script."
        )
    if java_class is not None and application in _INTERNAL:
        return
    url = urlsplit(application)
    if url.scheme in ("", "file", "local") and not exists(Path(url.path)):
        raise _error(
            "The application was not found.",
            application,
            "Check the path as the Airflow worker sees it; a relative path starts in the worker's folder.",
        )
    if java_class is None and not application.endswith(_KINDS):
        raise _error(
            "The application is not a Python file.",
            application,
            "Use a script whose name ends in .py; for a jar set java_class.",
        )


def _error(what: str, got: str, advice: str) -> ApplicationError:
    return ApplicationError(what, got=got, expected="a .py file (or a .jar, or a .R file)", advice=advice)
