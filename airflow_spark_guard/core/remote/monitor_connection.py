"""A checked connection of type ``spark_monitor``: which servers it names, and which get its credentials.

It takes plain values and needs no Airflow; ``hooks/spark_monitor.py`` looks connections up.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from airflow_spark_guard.core.errors import ApplicationError, ConnectionMissingError
from airflow_spark_guard.core.quantity import seconds
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.web.access import Access

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT: Final = 5.0
_LONGEST_TIMEOUT = 300.0
_WITNESSES = ("driver_ui", "history_server", "master", "master_ui")
EXTRAS: Final = frozenset({*_WITNESSES, "verify", "auth_header", "timeout"})
_PORTS: Final = {"http": 80, "https": 443}
_HISTORY_PORTS, _DRIVER_PORTS = (18080, 18480), range(4040, 4057)  # Spark's own defaults
# So strict that no two readers of an address can disagree about its host.
_ADDRESS = re.compile(
    r"(https?)://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?:[/?#].*)?", re.ASCII | re.IGNORECASE
)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_NOT_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")
_WHERE = "See docs/monitoring.md for the fields of such a connection."

Origin = tuple[str, str, int]


class Fields(Protocol):
    """The fields of an Airflow connection that are read; ``extra`` is its JSON text."""

    conn_id: str
    host: str | None
    schema: str | None
    login: str | None
    password: str | None
    port: int | None
    extra: str | None


@dataclass(frozen=True)
class MonitorConnection:
    """A checked connection. Without arguments it names no server and has no credentials.

    Attributes:
        url: the server in the connection's host; empty if there is none.
        witnesses: those of ``driver_ui``, ``history_server``, ``master``, ``master_ui`` that are set.
        timeout: longest silence of a server, in seconds.
        verify: the TLS check: True, False, or a file of certificates.
    """

    url: str = ""
    witnesses: Mapping[str, str] = field(default_factory=dict)
    timeout: float = TIMEOUT
    verify: bool | str = True
    _headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Read and check the connection.

        Raises:
            ConnectionMissingError: a field is not usable; the message shows no secret.
        """
        name = fields.conn_id
        extra = _extra(name, fields.extra)
        url = _url(name, fields)
        witnesses = {key: str(extra[key]).strip() for key in _WITNESSES if key in extra}
        _check_witnesses(name, witnesses)
        return cls(
            url=url,
            witnesses=_with_host(witnesses, url),
            timeout=_timeout(name, extra.get("timeout")),
            verify=_verify(name, extra.get("verify")),
            _headers=_credentials(name, fields, extra.get("auth_header")),
        )

    @property
    def server(self) -> str:
        """The server to ask about applications: the host, else the driver, else the history server."""
        return self.url or self.witnesses.get("driver_ui", "") or self.witnesses.get("history_server", "")

    def target(self, **named: str) -> Target:
        """The application and its witnesses; the caller's values take precedence over the connection's.

        Raises:
            ApplicationError: a value is not usable.
        """
        given = {key: value for key, value in named.items() if value}
        return Target(**{**self.witnesses, **given})

    def access_for(self, url: str) -> Access:
        """The access to a server, by its address: credentials only if the connection names that server.

        Any other address, for example from an XCom or an argument, gets no credentials, and its certificate
        is checked even if ``verify`` is false. Scheme, host and port identify a server.
        """
        known = {origin(named) for named in (self.url, *self.witnesses.values())} - {None}
        if origin(url) in known:
            return Access(dict(self._headers), self.verify)
        return Access(verify=self.verify or True)


def origin(url: str) -> Origin | None:
    """(scheme, host, port) of a web address; None for anything else, and for an ambiguous address."""
    match = _ADDRESS.fullmatch(url)
    if match is None:
        return None
    scheme = match[1].lower()
    return scheme, match[2].lower(), int(match[3] or _PORTS[scheme])


def _extra(name: str, text: str | None) -> dict[str, Any]:
    try:
        extra = json.loads(text) if text and text.strip() else {}
    except (ValueError, RecursionError):
        extra = None
    if not isinstance(extra, dict):
        raise _unusable(name, "its extra is not a JSON object", expected='such as {"verify": false}')
    unknown = sorted(set(extra) - EXTRAS)
    if unknown:
        raise _unusable(
            name,
            "its extra has unknown fields",
            got=safe_text(", ".join(unknown))[:200],
            expected=f"only {', '.join(sorted(EXTRAS))}",
        )
    return {key: value for key, value in extra.items() if value is not None and value != ""}


def _url(name: str, fields: Fields) -> str:
    """The address in host, port and schema, as Airflow's form, JSON and URIs distribute it."""
    host, schema = (fields.host or "").strip().rstrip("/"), (fields.schema or "").strip().strip("/")
    if not host:
        return ""
    protocol, given, rest = host.partition("://")
    if not given:
        protocol, rest = schema.lower() or "http", host
    # Airflow stores a URI's path as the schema: spark-monitor://https://host:8443/history
    path = schema if given and schema.lower() not in _PORTS else ""
    netloc, slash, tail = rest.partition("/")
    netloc = f"[{netloc}]" if netloc.count(":") > 1 and "[" not in netloc else netloc
    if fields.port and not netloc.endswith(f":{fields.port}"):
        netloc = f"{netloc}:{fields.port}"
    url = f"{protocol}://{netloc}{slash}{tail}{'/' if path else ''}{path}"
    contradicts = bool(given) and schema.lower() in _PORTS and schema.lower() != protocol.lower()
    if origin(url) is None or contradicts or set("?#@") & set(url) or not url.isprintable():
        raise _unusable(
            name,
            "host, port and schema are not the address of a web server",
            got="an address with a login in it" if "@" in url else safe_text(url)[:200],
            expected="host such as http://host:18080, or host, port and http or https as schema",
            advice='Login and password have their own fields; a spark:// master is the extra "master".',
        )
    return url


def _with_host(witnesses: dict[str, str], url: str) -> dict[str, str]:
    """Add the host, by Spark's default ports, if the extras name neither driver nor history server."""
    server = origin(url)
    if server is None or "driver_ui" in witnesses or "history_server" in witnesses:
        return witnesses
    if server[2] in _HISTORY_PORTS:
        return {**witnesses, "history_server": url}
    return {**witnesses, "driver_ui": url} if server[2] in _DRIVER_PORTS else witnesses


def _check_witnesses(name: str, witnesses: Mapping[str, str]) -> None:
    try:
        Target(**witnesses)
    except ApplicationError as error:
        raise _unusable(
            name, error.what, got=safe_text(error.got), expected=error.expected, advice=error.advice
        ) from None


def _timeout(name: str, value: object) -> float:
    try:
        timeout = TIMEOUT if value is None else seconds(value)
    except ValueError:
        timeout = 0.0
    if 0 < timeout <= _LONGEST_TIMEOUT:
        return timeout
    expected = f"seconds or a duration, at most {_LONGEST_TIMEOUT:g} s"
    raise _unusable(name, "timeout is not valid", got=safe_text(repr(value))[:100], expected=expected)


def _verify(name: str, value: object) -> bool | str:
    """From JSON, from the form's text, or from a URI, in which every value is text."""
    if value is None or isinstance(value, bool):
        return value is not False
    if not isinstance(value, str):
        expected = "true, false, or the path of a file of certificates"
        raise _unusable(name, "verify cannot be used", got=safe_text(repr(value))[:100], expected=expected)
    text = value.strip()
    if text.lower() in _TRUE + _FALSE:
        return text.lower() in _TRUE
    return text


def _credentials(name: str, fields: Fields, header: object) -> dict[str, str]:
    login, password = fields.login or "", fields.password or ""
    if header is not None:
        return {_header(name, header, login, password): password}
    if not login and not password:
        return {}
    if not login or ":" in login:
        raise _unusable(
            name,
            "its password cannot be sent",
            got="a login with a colon" if login else "a password without a login",
            expected="login and password, or a password and the extra auth_header",
            advice='For a token set auth_header to "Authorization" and the password to "Bearer TOKEN".',
        )
    return dict(Access.basic(login, password).headers)


def _header(name: str, header: object, login: str, password: str) -> str:
    known = isinstance(header, str) and _HEADER.fullmatch(header) and header.lower() not in _NOT_OURS
    wrong = "" if known else "auth_header is not a valid header name"
    if login:
        wrong = "it has a login and an auth_header; only one of them can be sent"
    elif not password or not (password.isascii() and password.isprintable()):
        wrong = "auth_header is set, but the password is not a valid header value"
    if wrong:
        raise _unusable(
            name,
            wrong,
            expected='auth_header such as "Authorization" or "X-Api-Key", its value as password, no login',
        )
    return str(header)


def _unusable(
    name: str, what: str, *, got: str = "", expected: str = "", advice: str = _WHERE
) -> ConnectionMissingError:
    return ConnectionMissingError(
        f"Airflow connection {name!r} cannot be used: {what.rstrip('.')}.",
        got=got,
        expected=expected,
        advice=advice,
    )
