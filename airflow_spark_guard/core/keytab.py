"""Reads the keytab from the extras of an Airflow connection."""

from __future__ import annotations

import base64
import contextlib

from airflow_spark_guard.core.errors import ConnectionMissingError


def keytab_of(connection: str, text: object) -> bytes:
    """The content of the keytab.

    Args:
        connection: id of the connection.
        text: the extra ``keytab``: base64, with or without line breaks.

    Raises:
        ConnectionMissingError: it is not valid base64, or empty.
    """
    got = type(text).__name__
    if isinstance(text, str):
        content = b""
        with contextlib.suppress(ValueError):
            content = base64.b64decode(text)
        if content:
            return content
        got = f"{len(text)} characters that are not valid base64" if text else "empty text"
    raise ConnectionMissingError(
        f"The keytab in Airflow connection {connection!r} cannot be used.",
        got=got,
        expected="the keytab file in base64",
        advice="Store the output of: base64 -w0 FILE",
    )
