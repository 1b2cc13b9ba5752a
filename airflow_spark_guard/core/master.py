r"""Checks whether Spark can parse a master, and explains what is wrong if it cannot.

Sources: ``SparkSubmit.prepareSubmitEnvironment``, ``SparkMasterRegex`` of ``SparkContext``,
``Utils.extractHostPortFromSparkUrl`` (a ``java.net.URI``) and ``Utils.checkAndGetK8sMasterUrl``.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

Field = Literal["host", "port"]
"""The field of an Airflow connection that holds the mistake."""

ACCEPTED: Final = (
    "local[*] or local[N], spark://host:7077 (or spark://a:7077,b:7077), yarn, k8s://https://host:6443"
)
_INT: Final = 1 << 31
_LAST_PORT: Final = 65535
_SPARK_4: Final = (4, 0)
_LOCAL: Final = re.compile(r"local\[([0-9]+|\*)(?:\s*,\s*([0-9]+))?\]", re.ASCII)
_LOCAL_CLUSTER: Final = re.compile(r"local-cluster\[\s*([0-9]+)\s*,\s*([0-9]+)\s*,\s*([0-9]+)\s*\]", re.ASCII)
# A plugged-in cluster manager: spark-submit accepts it by its first letters.
_PLUGGED_IN: Final = re.compile(r"(?:spark|k8s|local)-[\w.+-]*://\S+", re.ASCII)
# A host name as java.net.URI accepts it: no underscore; the last of several parts begins with a letter.
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST_NAME: Final = re.compile(
    rf"(?:{_LABEL}|(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?)\.?", re.ASCII
)
_HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>.*))?", re.DOTALL)


@dataclass(frozen=True)
class MasterProblem:
    """Why Spark cannot parse a master.

    Attributes:
        field: the field of the Airflow connection that holds the mistake.
        why: the rest of a sentence whose subject is the master.
        advice: what to write instead.
    """

    field: Field
    why: str
    advice: str


def master_problem(master: str, spark_version: tuple[int, ...] | None = None) -> MasterProblem | None:
    """The reason why Spark cannot parse the master; None if it can.

    Args:
        master: the value for spark-submit.
        spark_version: such as ``(4, 2)``; None if unknown. Spark 4 does not support ``mesos://``.
    """
    if problem := _blanks(master):
        return problem
    is_mesos = (spark_version is None or spark_version < _SPARK_4) and master.startswith("mesos://")
    if master in ("local", "yarn") or is_mesos or _PLUGGED_IN.fullmatch(master):
        return None
    for start, check in (
        ("spark://", _standalone),
        ("k8s://", _kubernetes),
        ("local[", _local),
        ("local-cluster", _local),
    ):
        if master.startswith(start):
            return check(master)
    return _of_no_kind(master)


def _blanks(master: str) -> MasterProblem | None:
    if not master.strip():
        return MasterProblem("host", "is empty", "Write the master into the host.")
    inner = any(char != " " and (char.isspace() or not char.isprintable()) for char in master)
    if inner or master != master.strip():
        return MasterProblem("host", "contains white space", "Remove the white space.")
    return None


def _standalone(master: str) -> MasterProblem | None:
    # Java's split drops empty strings at the end.
    hosts = master.removeprefix("spark://").rstrip(",").split(",")
    return next((problem for host in hosts if (problem := _host_and_port(host))), None)


def _host_and_port(address: str) -> MasterProblem | None:
    found = _HOST_AND_PORT.fullmatch(address)
    host, port = (found["host"], found["port"] or "") if found else (address, "")
    if not host:
        return MasterProblem("host", "names no host", "Write spark://host into the host, and the port.")
    if any(sign in address for sign in "/?#@ "):
        return MasterProblem(
            "host",
            "has more than host and port",
            "Write spark://host:7077, without a path, a login, a space or a slash at the end.",
        )
    if not _is_java_host(host):
        return MasterProblem("host", f"has a host name that Java refuses: {host!r:.80}", _host_advice(host))
    return _port(port)


def _port(port: str) -> MasterProblem | None:
    if not port:
        return MasterProblem("port", "has no port", "Set the port, usually 7077.")
    if ":" in port:
        return MasterProblem("port", "has two ports", "Set the port once: in the host, or as the port.")
    if not (port.isascii() and port.isdecimal() and 0 < int(port[:9]) <= _LAST_PORT):
        advice = f"Use a number from 1 to {_LAST_PORT}, usually 7077."
        return MasterProblem("port", "has a port that is not valid", advice)
    return None


def _is_java_host(host: str) -> bool:
    if host.startswith("["):
        address = host.strip("[]").partition("%")[0]
        return host.endswith("]") and _is_address(address, ipaddress.IPv6Address)
    return _is_address(host, ipaddress.IPv4Address) or _HOST_NAME.fullmatch(host) is not None


def _is_address(text: str, kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True


def _host_advice(host: str) -> str:
    if "_" in host:
        return "Give the host a name without an underscore, or use its IP address."
    return "Use letters, digits, hyphens and dots, or the IP address."


def _kubernetes(master: str) -> MasterProblem | None:
    server, advice = master.removeprefix("k8s://"), "Write k8s://https://host:port."
    url = server if "://" in server else f"https://{server}"
    if " " in server or url.partition("://")[0].lower() not in ("http", "https"):
        return MasterProblem("host", "names no API server", advice)
    try:
        parts = urlsplit(url)
        has_host, has_good_port = bool(parts.hostname), (parts.port or 1) > 0
    except ValueError:
        has_host, has_good_port = True, False
    if not has_host:
        return MasterProblem("host", "names no host", advice)
    return None if has_good_port else MasterProblem("port", "has a port that is not valid", advice)


def _local(master: str) -> MasterProblem | None:
    if "]:" in master:
        return MasterProblem("port", "is local and has a port", "Leave the port empty.")
    if cluster := _LOCAL_CLUSTER.fullmatch(master):
        return _numbers(cluster.groups(), smallest=0)
    if found := _LOCAL.fullmatch(master):
        threads, failures = found.groups()
        return _numbers((threads,), smallest=1) or _numbers((failures,), smallest=0)
    return MasterProblem(
        "host", "is not a valid form of local", "Write local[*], or local[4] for four threads."
    )


def _numbers(texts: Sequence[str | None], smallest: int) -> MasterProblem | None:
    """Check texts that Spark parses as a Java int; ``*`` means all cores."""
    counts = [int(text[:12]) for text in texts if text and text != "*"]
    if all(smallest <= count < _INT for count in counts):
        return None
    return MasterProblem("host", "has a number that is not valid", "Use whole numbers above 0.")


def _of_no_kind(master: str) -> MasterProblem:
    lower = master.lower()
    if "://" not in master or master.startswith(("yarn://", "local://")):
        return _without_scheme(master)
    scheme, _, rest = master.partition("://")
    if not scheme:
        advice = "Write JSON, or a URI such as spark://host:7077, spark://yarn or spark://local%5B%2A%5D."
        return MasterProblem("host", "has neither a type nor a host", advice)
    if lower != master and lower.startswith(("yarn", "local", "spark://", "k8s://")):
        return MasterProblem("host", "has capital letters", f"Write it in lower case: {lower:.80}")
    return MasterProblem("host", f"begins with {scheme!r:.40}, which Spark does not know", _advice(rest))


def _without_scheme(master: str) -> MasterProblem:
    lower, word = master.lower(), master.partition(":")[0]
    if "://" in master:
        right = "yarn" if word == "yarn" else "local[*]"
        return MasterProblem("host", "is written as a URL", f"Write only {right}.")
    if lower != master and lower.startswith(("yarn", "local")):
        return MasterProblem("host", "has capital letters", f"Write it in lower case: {lower:.80}")
    if re.fullmatch(r"(?:yarn|local):\d+", master):
        return MasterProblem("port", f"is {word} and has a port", "Leave the port empty.")
    if lower.startswith("yarn"):
        advice = "Write yarn, and client or cluster as the deploy mode."
        return MasterProblem("host", "is not a valid form of yarn", advice)
    return MasterProblem("host", "has no scheme", _advice(master))


def _advice(rest: str) -> str:
    rest = rest.rpartition("://")[2]
    host = rest if _HOST_NAME.fullmatch(rest.partition(":")[0]) else "host"
    with_port = host if ":" in host else f"{host}:7077"
    return f"For a standalone master write spark://{with_port:.80}"
