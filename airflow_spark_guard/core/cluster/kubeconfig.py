"""A kubeconfig: server, CA and token of its current context."""

from __future__ import annotations

import base64
import os
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.web.access import Access

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.core.cluster.manager import Machine

_VARIABLE, _USUAL = "KUBECONFIG", "~/.kube/config"


def read_token(machine: Machine, file: str) -> str:
    """The token in a file.

    Raises:
        BadInputError: it cannot be read.
    """
    try:
        return machine.text(machine.path(file)).strip()
    except (OSError, ValueError) as error:
        raise BadInputError(
            "The token for the Kubernetes API server cannot be read.",
            got=f"{file}: {type(error).__name__}",
            expected="a file that holds a token",
            advice="Check kubernetes_token_file in the Airflow connection's extra, or Spark's "
            "spark.kubernetes.authenticate.submission.oauthTokenFile, as the Airflow worker sees it.",
        ) from error


def usual_access(machine: Machine, servers: Sequence[str], tls: bool | str) -> Access:  # noqa: FBT001 - httpx's type
    """By a file that the user did not name: its token counts only for its own server.

    Raises:
        BadInputError: it cannot be read, or logs in by other means.
    """
    path = machine.path(machine.variable(_VARIABLE).split(os.pathsep)[0] or _USUAL)
    return kubeconfig_access(machine, path, tls, servers) if machine.exists(path) else Access(verify=tls)


def kubeconfig_access(
    machine: Machine,
    path: str,
    tls: bool | str,  # noqa: FBT001 - httpx's type
    servers: Sequence[str] | None = None,
) -> Access:
    """By the file's current context.

    Args:
        machine: where the file is.
        path: of the file.
        tls: whose certificates count, as ``ClusterManager.tls``; True if the file may decide it.
        servers: to whom its token may be sent; None for any.

    Raises:
        BadInputError: it cannot be read, or logs in by other means.
    """
    try:
        config = machine.yaml(path)
        context = _entry(config, "contexts", "context", config.get("current-context"))
        cluster = _entry(config, "clusters", "cluster", context.get("cluster"))
        user = _entry(config, "users", "user", context.get("user"))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise _unusable(path, type(error.__cause__ or error).__name__) from error
    if servers is not None and str(cluster.get("server", "")).rstrip("/") not in servers:
        return Access(verify=tls)
    verify = _authority(machine, path, cluster) if tls is True else tls
    found = str(user.get("token") or "") or _token_of_file(machine, path, user)
    if found:
        return Access.bearer(found, verify=verify)
    if user:
        raise _unusable(path, f"a login by {', '.join(sorted(map(str, user)))[:200]}")
    return Access(verify=verify)


def _token_of_file(machine: Machine, path: str, user: Mapping[str, Any]) -> str:
    return read_token(machine, _beside(path, user["tokenFile"])) if user.get("tokenFile") else ""


def _authority(machine: Machine, path: str, cluster: Mapping[str, Any]) -> bool | str:
    if cluster.get("insecure-skip-tls-verify") is True:
        return False
    if cluster.get("certificate-authority-data"):
        return machine.as_file(base64.b64decode(str(cluster["certificate-authority-data"])))
    named = cluster.get("certificate-authority")
    return _beside(path, named) if named else True


def _beside(path: str, name: object) -> str:
    return str(PurePath(path).parent / str(name))


def _entry(config: Mapping[str, Any], listed: str, kind: str, name: object) -> Mapping[str, Any]:
    found = next((row[kind] for row in config.get(listed) or [] if row.get("name") == name), None)
    return found if isinstance(found, dict) else {}


def _unusable(path: str, got: str) -> BadInputError:
    return BadInputError(
        "The kubeconfig cannot be used.",
        got=f"{path}: {got}",
        expected="a current context whose user has a token or a tokenFile",
        advice="Programs and client certificates are not used to log in: put a token into the Airflow "
        "connection (extra cluster_token or kubernetes_token_file), such as that of a service account.",
    )
