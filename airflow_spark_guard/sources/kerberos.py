"""Kerberos tokens for web servers (SPNEGO), from the ticket of whoever runs this process.

The library is optional, and loaded when the first token is wanted: ``pip install
'airflow-spark-guard[kerberos]'``. It is the one that ``requests-kerberos`` is built on.
"""

from __future__ import annotations

import base64
import importlib
from typing import Any

from airflow_spark_guard.core.cluster.status import RefusedError
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.web.answer import UnusableAnswerError

_GSSAPI = "gssapi"
_PIP = "pip install 'airflow-spark-guard[kerberos]'"
_TICKET = (
    "Give this process a ticket: airflow kerberos (its ticket renewer) or kinit, and KRB5CCNAME where the "
    "cache is not at its usual place; on the triggerer too, for deferrable=True."
)


def kerberos_token(host: str) -> str:
    """A token for the service ``HTTP@host``, in base64; of one use.

    Raises:
        RefusedError: a library is missing; the advice has the line that installs it.
        UnusableAnswerError: there is no ticket, or none for this host.
    """
    _check_libraries(host)
    try:
        context: Any = importlib.import_module("spnego").client(
            hostname=host, service="HTTP", protocol="kerberos"
        )
        token = context.step()
    except Exception as error:
        text = safe_text(f"no Kerberos token for HTTP@{host}: {type(error).__name__}: {error}")
        raise UnusableAnswerError(text[:300], advice=_TICKET) from error
    if not token:
        raise UnusableAnswerError(f"no Kerberos token for HTTP@{host}: it is empty", advice=_TICKET)
    return base64.b64encode(token).decode()


def _check_libraries(host: str) -> None:
    for name in ("spnego", _GSSAPI):
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:  # OSError: gssapi without the system's Kerberos library
            raise RefusedError(
                safe_text(f"{host} asks for a Kerberos token, and none can be made here: {name}: {error}")[
                    :300
                ],
                advice=f"{_PIP}, on the worker and on the triggerer (it is built against libkrb5: apt-get "
                "install gcc libkrb5-dev). Or let a gateway log in: login and password, or cluster_token, in "
                "the connection.",
            ) from error
