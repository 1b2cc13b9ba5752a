"""An Airflow connection as text: whether one exists that Airflow does not find, and what its extras hold.

Airflow skips what it cannot read, and then says that the connection is not defined, which sends its reader to
the wrong place.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.connection import unreadable
from airflow_spark_guard.core.errors import ConnectionMissingError
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOG = logging.getLogger(__name__)
_VARIABLE = "AIRFLOW_CONN_"


@dataclass(frozen=True)
class ConnectionGiven:
    """What an Airflow connection holds beside its address.

    Attributes:
        extra_dejson: its extras.
        login: as it is.
        password: as it is.
    """

    extra_dejson: dict[str, Any] = field(repr=False)
    login: str | None = None
    password: str | None = field(default=None, repr=False)


def not_found(conn_id: str, error: Exception, expected: str, advice: str) -> ConnectionMissingError:
    """The error for a connection that Airflow did not give: there is none, or it cannot be read.

    Args:
        conn_id: of the connection.
        error: what Airflow raised.
        expected: what the connection should be, for one that does not exist.
        advice: what to do, for one that does not exist.
    """
    raw = next(_texts(conn_id), None)
    if raw is not None:
        return unreadable(conn_id, raw)
    return ConnectionMissingError(
        f"There is no Airflow connection {conn_id!r}.",
        got=one_line(str(error).split("\n")[0], 300) or type(error).__name__,
        expected=expected,
        advice=advice,
    )


def _texts(conn_id: str) -> Iterator[str]:
    """URI or JSON of the connection, wherever one can be asked for it as text."""
    in_environment = os.environ.get(f"{_VARIABLE}{conn_id.upper()}")
    if in_environment:
        yield in_environment
    try:
        from airflow.sdk.execution_time.supervisor import (  # noqa: PLC0415 - only where something is wrong
            ensure_secrets_backend_loaded,
        )

        backends = ensure_secrets_backend_loaded()
    except Exception as error:  # noqa: BLE001 - another Airflow, or a backend that cannot be made
        _LOG.debug("No secrets backend could be asked for %s: %s", conn_id, type(error).__name__)
        return
    for backend in backends:
        try:
            found = backend.get_conn_value(conn_id=conn_id)
        except Exception as error:  # noqa: BLE001 - of no such method, or not reached; Airflow skips it too
            reason = type(error).__name__
            _LOG.debug("%s gave no text of %s: %s", type(backend).__name__, conn_id, reason)
            continue
        if isinstance(found, str) and found:
            yield found


def extras(text: str | None) -> object:
    """What the extras of a connection hold; Airflow's own reader takes broken ones for none.

    Args:
        text: as Airflow has it: JSON, or None.
    """
    if not text:
        return {}
    try:
        return json.loads(text)
    except ValueError:
        return text
