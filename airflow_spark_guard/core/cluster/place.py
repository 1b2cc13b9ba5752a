"""Where an application runs and who is asked about it: read from connection and configuration, no secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from airflow_spark_guard.core.codec import LATER, Stored
from airflow_spark_guard.core.conf.conf_view import manager_of
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

YARN, KUBERNETES = "yarn", "kubernetes"
RESOURCE_MANAGER: Final = "yarn_resourcemanager_webapp_address"
_NAMESPACE = "spark.kubernetes.namespace"
_CONTAINER = "spark.kubernetes.driver.podTemplateContainerName"
# Spark's own settings for whoever submits; a token itself is taken from the connection only.
_TOKEN_FILE = "spark.kubernetes.authenticate.submission.oauthTokenFile"  # noqa: S105 - a setting's name
_CA_FILE = "spark.kubernetes.authenticate.submission.caCertFile"


@dataclass(frozen=True)
class ClusterPlace(Stored):
    """A manager's address. It goes into a trigger's arguments, which Airflow stores: it holds no secret.

    Attributes:
        manager: ``yarn`` or ``kubernetes``.
        servers: its web servers, tried in this order; of the same cluster.
        namespace: of the driver's pod.
        container: of the driver's pod; empty for Spark's usual one.
        user: who asks YARN, where it believes everybody.
        token_file: a token for the API server; empty for the usual places.
        kubeconfig: a file with server, CA and token; empty for the usual places.
        ca_file: certificates of the servers; empty for the usual ones.
        verify: whether certificates are checked.
        kerberos: whether YARN may ask for a Kerberos token (SPNEGO).
    """

    manager: str
    servers: tuple[str, ...]
    namespace: str = "default"
    container: str = ""
    user: str = ""
    token_file: str = ""
    kubeconfig: str = ""
    ca_file: str = ""
    verify: bool = True
    kerberos: bool = field(default=False, metadata=LATER)

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """The inverse of :meth:`to_json`.

        Raises:
            ValueError: JSON of another shape, an unknown manager, or no server.
        """
        found = super().from_json(raw)
        if found.manager not in (YARN, KUBERNETES) or not found.servers:
            msg = "no manager of a cluster, or no server of one"
            raise ValueError(msg)
        return found


def is_watched(master: str) -> bool:
    """Whether cluster mode on this master is the guard's; on any other one it is upstream's."""
    return manager_of(master) in (YARN, KUBERNETES)


def cluster_place(
    master: str,
    extra: Mapping[str, Any],
    conf: Mapping[str, str],
    *,
    namespace: str | None = None,
    user: str = "",
) -> ClusterPlace:
    """The place that connection and configuration name.

    Args:
        master: Spark's master URL.
        extra: of the connection; only the keys that the documentation names are read.
        conf: the effective configuration.
        namespace: of Kubernetes, as upstream found it; None where it did not.
        user: the connection's login.

    Raises:
        BadInputError: no address, or one that is none.
    """
    if manager_of(master) == YARN:
        return ClusterPlace(
            YARN,
            _resource_managers(extra.get(RESOURCE_MANAGER)),
            user=user,
            ca_file=_text(extra, "cluster_ca_file"),
            verify=_is_on(extra, "cluster_verify"),
        )
    return ClusterPlace(
        KUBERNETES,
        (_api_server(master),),
        namespace=namespace or conf.get(_NAMESPACE) or "default",
        container=conf.get(_CONTAINER) or "",
        token_file=_text(extra, "kubernetes_token_file") or conf.get(_TOKEN_FILE, ""),
        kubeconfig=_text(extra, "kubeconfig"),
        ca_file=_text(extra, "cluster_ca_file") or conf.get(_CA_FILE, ""),
        verify=_is_on(extra, "cluster_verify"),
    )


def _resource_managers(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else str(value or "").split(",")
    found = tuple(_with_scheme(str(one).strip()) for one in listed if str(one).strip())
    if not found or not all(_is_url(one) for one in found):
        raise BadInputError(
            "Cluster mode on YARN needs the address of the ResourceManager.",
            got=safe_text(f"extra {RESOURCE_MANAGER}: {value!r}")[:300],
            expected="a web address, or several of one cluster: http://rm1:8088,http://rm2:8088",
            advice=f'Set it in the Airflow connection: extra {{"{RESOURCE_MANAGER}": "http://rm:8088"}}. '
            "Without it the application could be neither watched nor ended.",
        )
    return found


def _api_server(master: str) -> str:
    url = master.removeprefix("k8s://")
    # Spark's own rule: without a scheme it is https.
    server = (url if "://" in url else f"https://{url}").rstrip("/")
    if not _is_url(server):
        raise BadInputError(
            "The master names no Kubernetes API server.",
            got=safe_text(master)[:300],
            expected="k8s://https://host:port",
            advice="Mend the host of the Airflow connection.",
        )
    return server


def _with_scheme(url: str) -> str:
    return (url if "://" in url else f"http://{url}").rstrip("/")


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _text(extra: Mapping[str, Any], name: str) -> str:
    value = extra.get(name)
    return value if isinstance(value, str) else ""


def _is_on(extra: Mapping[str, Any], name: str) -> bool:
    return str(extra.get(name, True)).strip().lower() not in {"false", "0", "no", "off"}
