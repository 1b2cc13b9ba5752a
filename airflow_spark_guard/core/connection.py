"""Checks an Airflow connection of type Spark before anything starts: its master and its extras."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from airflow_spark_guard.core.errors import ConnectionMissingError
from airflow_spark_guard.core.master import ACCEPTED, master_problem
from airflow_spark_guard.core.process_word import is_word
from airflow_spark_guard.core.text.masking import is_secret_key
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

# The extra that switches off the check of the master, for a cluster manager plugged into Spark.
EXTERNAL: Final = "external_cluster_manager"
AS_JSON: Final = '{"conn_type": "spark", "host": "spark://m1:7077,m2:7077"}'


def _is_port(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    text = str(value).strip()
    return text.isascii() and text.isdecimal() and 0 < int(text[:9]) < 1 << 16


_BINARIES: Final = ("spark-submit", "spark2-submit", "spark3-submit")
# Extras that upstream reads, and uses without a check.
_OF_UPSTREAM: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    **dict.fromkeys(
        ("queue", "deploy-mode", "namespace", "principal"),
        ("text", lambda value: isinstance(value, str) and is_word(value)),
    ),
    "keytab": ("the keytab file in base64", lambda value: isinstance(value, str)),
    "spark-binary": (f"one of {', '.join(_BINARIES)}", lambda value: value in _BINARIES),
    "spark-home": ("nothing: the provider no longer reads it", lambda _: False),
    "rest-scheme": ("http or https", lambda value: value in ("http", "https")),
    "rest-port": ("a port from 1 to 65535", _is_port),
}
_ADVICE: Final = {
    "spark-binary": "Set only the name of the program, and have it on the PATH or in SPARK_HOME/bin. "
    "For a path use the operator's spark_binary=.",
    "spark-home": "Remove it. Set SPARK_HOME for the worker or in env_vars=, or set the operator's "
    "spark_binary=.",
}
_OURS: Final = (
    *("conf", "master_ui", "history_server", EXTERNAL, "yarn_resourcemanager_webapp_address"),
    *("channel_directory", "channel_directory_airflow", "channel_conn_id", "deployment", "cluster_token"),
    *("cluster_ca_file", "cluster_verify", "kubernetes_token_file", "kubeconfig"),
)
_FIELDS: Final = frozenset(
    ("conn_type", "host", "port", "login", "password", "schema", "extra", "description", "conn_id", "uri")
)
_MASTER_EXTRAS: Final = ("master", "host", "url", "port")


@dataclass(frozen=True)
class ConnectionAddress:
    """The origin of the master, for messages; contains no secrets.

    Attributes:
        conn_id: id of the Airflow connection.
        conn_type: its type; if the connection is a URI, the part before ``://``.
        host: its host, unchanged.
        port: its port, unchanged.
        extras: the names of its extras.
        external: whether the connection declares a cluster manager that is plugged into Spark.
    """

    conn_id: str = ""
    conn_type: str | None = None
    host: str | None = None
    port: int | None = None
    extras: tuple[str, ...] = ()
    external: bool = False


def check_master(master: str, address: ConnectionAddress, spark_version: tuple[int, ...] | None) -> None:
    """Refuse a master that Spark would refuse later, once its JVM runs.

    Args:
        master: the value for spark-submit.
        address: the origin of the master.
        spark_version: such as ``(4, 2)``; None if unknown.

    Raises:
        ConnectionMissingError: names the connection, the field, what Spark accepts, and what to write.
    """
    problem = None if address.external else master_problem(master, spark_version)
    if problem is None:
        return
    field, advice = str(problem.field), problem.advice
    if address.conn_type not in ("spark", "k8s") and address.host:
        field = "connection type"
        advice = f'Set the connection type to "spark", and write the master into the host. {advice}'
    in_extras = [name for name in _MASTER_EXTRAS if name in address.extras]
    if not address.host and in_extras:
        field = f"host (empty) and extras ({', '.join(in_extras)})"
        advice = f"The master is read only from the host, not from the extras. {advice}"
    raise ConnectionMissingError(
        f"Spark cannot parse the master of Airflow connection {address.conn_id!r}: it {problem.why}. "
        f"Check its {field}.",
        got=one_line(f"{master!r} ({_fields(address)})", 300),
        expected=ACCEPTED,
        advice=advice,
    )


def _fields(address: ConnectionAddress) -> str:
    return f"connection type {address.conn_type!r}, host {address.host!r}, port {address.port!r}"


def check_extras(conn_id: str, extra: object, replaced: Collection[str] = ()) -> Mapping[str, Any]:
    """The extras, after a check of those that the provider reads.

    Args:
        conn_id: id of the Airflow connection.
        extra: its parsed JSON.
        replaced: names of extras that are not read, because the operator sets them itself.

    Raises:
        ConnectionMissingError: names the connection and the extra.
    """
    if not isinstance(extra, dict):
        raise _refused(
            conn_id, "The extras", type(extra).__name__, 'a JSON object: {"deploy-mode": "client"}'
        )
    for name, (expected, is_right) in _OF_UPSTREAM.items():
        value = extra.get(name)
        if name in replaced or value in (None, "") or is_right(value):
            continue
        shown = type(value).__name__ if name == "keytab" or is_secret_key(name) else repr(value)
        raise _refused(conn_id, f"The extra {name!r}", one_line(shown, 200), expected, _ADVICE.get(name, ""))
    return extra


def misspelt_extras(extra: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence for each extra that is not read and whose name is close to one that is."""
    known = (*_OF_UPSTREAM, *_OURS)
    found = []
    for name in map(str, extra):
        near = difflib.get_close_matches(name.lower().replace("_", "-"), known, n=1, cutoff=0.85)
        near = near or difflib.get_close_matches(name, known, n=1, cutoff=0.85)
        if name not in known and near:
            found.append(f"The extra {name!r:.80} is not read. Did you mean {near[0]!r}?")
    return tuple(found)


def unreadable(conn_id: str, raw: str) -> ConnectionMissingError:
    """The error for a connection that exists but cannot be read; it shows no part of the connection.

    Args:
        conn_id: id of the Airflow connection.
        raw: its URI or JSON.
    """
    return ConnectionMissingError(
        f"The Airflow connection {conn_id!r} exists, but Airflow cannot read it.",
        got=f"{'JSON' if _is_json(raw) else 'a URI'} {_what_is_wrong(raw)}",
        expected="a URI with one host and a number as its port, or JSON",
        advice=f"Write it as JSON: {AS_JSON}",
    )


def _is_json(raw: str) -> bool:
    return raw.lstrip().startswith("{")


def _what_is_wrong(raw: str) -> str:
    if _is_json(raw):
        return _wrong_in_json(raw)
    if not raw.strip():
        return "that is empty"
    try:
        address = urlsplit(raw)
    except ValueError:
        return "whose host is not valid"
    if "," in address.netloc:
        return "with several hosts; Airflow reads only one"
    try:
        _ = address.port
    except ValueError:
        return "whose port is not a number from 0 to 65535"
    return "in a form that Airflow does not know"


def _wrong_in_json(raw: str) -> str:
    try:
        found = json.loads(raw)
    except json.JSONDecodeError as error:
        return f"that is not valid in line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):
        return "that is not valid"
    if found.get("port") and not _is_port(found["port"]):
        return "whose port is not a number"
    if strange := sorted(set(found) - _FIELDS):
        return f"with fields that a connection does not have: {', '.join(strange)[:100]}"
    return "that Airflow refuses"


def _refused(
    conn_id: str, what: str, got: str, expected: str, advice: str = "Correct the connection."
) -> ConnectionMissingError:
    return ConnectionMissingError(
        f"{what} of Airflow connection {conn_id!r} cannot be used.",
        got=got,
        expected=expected,
        advice=advice or "Correct the connection.",
    )
