"""How a cluster's manager lets us in: tokens and certificates where people and clusters keep them."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from airflow_spark_guard.core.cluster.place import KUBERNETES
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.sources.kerberos import kerberos_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.cluster.place import ClusterPlace

# Where a pod finds the credentials of its own account.
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_KUBECONFIG = "KUBECONFIG"


@dataclass(frozen=True)
class ClusterSecrets:
    """What an Airflow connection holds to get in.

    Attributes:
        login: of the connection.
        password: of the connection.
        token: extra ``cluster_token``.
    """

    login: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def cluster_access(place: ClusterPlace, secrets: ClusterSecrets) -> Access:
    """The credentials to use now; to be asked again when they are refused, since tokens are renewed.

    The connection goes first, then Spark's own settings, then for Kubernetes a kubeconfig that is named, the
    pod's own account, and a kubeconfig at the usual places if it is about this server. Without any: none.
    YARN is given Kerberos tokens where the place says so and the connection has neither token nor password.

    Raises:
        BadInputError: a file that was named cannot be read, or a kubeconfig logs in by other means.
    """
    verify = place.verify and (place.ca_file or True)
    if secrets.token:
        return Access.bearer(secrets.token, verify=_with_own_ca(verify, place))
    if secrets.password:
        return Access.basic(secrets.login, secrets.password, verify=verify)
    if place.manager == KUBERNETES:
        return _kubernetes(place, verify)
    if place.kerberos:
        return Access(verify=verify, negotiate=kerberos_token)
    return Access(verify=verify)


def _kubernetes(place: ClusterPlace, verify: bool | str) -> Access:  # noqa: FBT001 - the setting's type
    if place.token_file:
        return Access.bearer(_read(place.token_file), verify=_with_own_ca(verify, place))
    if place.kubeconfig:
        return _of_kubeconfig(Path(place.kubeconfig).expanduser(), place, verify, named=True)
    if (SERVICE_ACCOUNT / "token").exists():
        return Access.bearer(_read(SERVICE_ACCOUNT / "token"), verify=_with_own_ca(verify, place))
    usual = os.environ.get(_KUBECONFIG, "").split(os.pathsep)[0] or "~/.kube/config"
    return _of_kubeconfig(Path(usual).expanduser(), place, verify, named=False)


def _with_own_ca(verify: bool | str, place: ClusterPlace) -> bool | str:  # noqa: FBT001 - the setting's type
    """In a pod, the cluster's own certificates where no others are named."""
    own = SERVICE_ACCOUNT / "ca.crt"
    return str(own) if verify is True and place.manager == KUBERNETES and own.exists() else verify


def _read(path: str | Path) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            "The token for the Kubernetes API server cannot be read.",
            got=f"{path}: {type(error).__name__}",
            expected="a file that holds a token",
            advice="Check kubernetes_token_file in the Airflow connection's extra, or Spark's "
            "spark.kubernetes.authenticate.submission.oauthTokenFile, as the Airflow worker sees it.",
        ) from error


def _of_kubeconfig(path: Path, place: ClusterPlace, verify: bool | str, *, named: bool) -> Access:  # noqa: FBT001
    """Server, CA and token of the current context; a file that nobody named counts only for its server."""
    if not named and not path.exists():
        return Access(verify=verify)
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        context = _entry(config, "contexts", "context", config.get("current-context"))
        cluster = _entry(config, "clusters", "cluster", context.get("cluster"))
        user = _entry(config, "users", "user", context.get("user"))
    except (OSError, ValueError, AttributeError, TypeError, yaml.YAMLError) as error:
        raise _unusable(path, f"{type(error).__name__}") from error
    if not named and str(cluster.get("server", "")).rstrip("/") not in place.servers:
        return Access(verify=verify)
    if verify is True:
        verify = _authority(path, cluster)
    token = str(user.get("token") or "") or _token_of_file(path, user)
    if token:
        return Access.bearer(token, verify=verify)
    if user:
        raise _unusable(path, f"a login by {', '.join(sorted(map(str, user)))[:200]}")
    return Access(verify=verify)


def _token_of_file(path: Path, user: Mapping[str, Any]) -> str:
    return _read(path.parent / user["tokenFile"]) if user.get("tokenFile") else ""


def _authority(path: Path, cluster: Mapping[str, Any]) -> bool | str:
    if cluster.get("insecure-skip-tls-verify") is True:
        return False
    if cluster.get("certificate-authority-data"):
        return _as_file(str(cluster["certificate-authority-data"]))
    named = cluster.get("certificate-authority")
    return str(path.parent / str(named)) if named else True


@lru_cache(maxsize=16)
def _as_file(data: str) -> str:
    """Certificates that stand inside a kubeconfig, as the file that TLS wants; in memory, until we end."""
    descriptor = os.memfd_create("spark-guard-ca")
    os.write(descriptor, base64.b64decode(data))
    return f"/proc/self/fd/{descriptor}"


def _entry(config: Mapping[str, Any], listed: str, kind: str, name: object) -> Mapping[str, Any]:
    found = next((row[kind] for row in config.get(listed) or [] if row.get("name") == name), None)
    return found if isinstance(found, dict) else {}


def _unusable(path: Path, got: str) -> BadInputError:
    return BadInputError(
        "The kubeconfig cannot be used.",
        got=f"{path}: {got}",
        expected="a current context whose user has a token or a tokenFile",
        advice="Programs and client certificates are not used to log in: put a token into the Airflow "
        "connection (extra cluster_token or kubernetes_token_file), such as that of a service account.",
    )
