"""The keytab that an Airflow connection holds in its extras."""

from __future__ import annotations

import base64
import binascii

from airflow_spark_guard.core.errors import ConnectionMissingError


def keytab_of(connection: str, text: object) -> bytes:
    """The content of the keytab.

    Args:
        connection: its name.
        text: the extra ``keytab``: base64, with or without line ends.

    Raises:
        ConnectionMissingError: it is no base64, or empty.
    """
    trouble = "nothing"
    if isinstance(text, str):
        try:
            content = base64.b64decode(text)
        except (binascii.Error, ValueError) as error:
            content, trouble = b"", f"{len(text)} characters: {error}"
        if content:
            return content
    else:
        trouble = type(text).__name__
    raise ConnectionMissingError(
        f"The keytab in Airflow connection {connection!r} cannot be used.",
        got=trouble,
        expected="the keytab file in base64",
        advice="Store the output of: base64 -w0 FILE",
    )
