"""What a connection says of its cluster, as the checks use it; and the way through Airflow to it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.cluster.manager import ClusterSecrets, Settings
from airflow_spark_guard.core.conf.effective_conf import Layer, check_user_conf
from airflow_spark_guard.core.connection import ConnectionAddress, check_master, misspelt_extras

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_spark_guard.core.watch.observation import Master

# Airflow's own commands set it too: without it connections in its database are not found.
_CONTEXT = "_AIRFLOW_PROCESS_CONTEXT"


@dataclass
class Cluster:
    """A cluster.

    Attributes:
        master: Spark's master URL.
        origin: what names it, for messages.
        master_ui: the standalone master's web page; None for port 8080.
        conf: of the connection's extra.
        extra: of the connection.
        login: of the connection.
        secrets: of the connection.
        namespace: of Kubernetes; None if it is not set.
        seen: the standalone master's answer; set by the check of the master.
    """

    master: str
    origin: str
    master_ui: str | None = None
    conf: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    login: str = ""
    secrets: ClusterSecrets = field(default_factory=ClusterSecrets)
    namespace: str | None = None
    seen: Master | None = None

    def layer(self) -> Layer:
        """Its part of the configuration."""
        return Layer(self.origin, self.conf)

    def settings(self, conf: Mapping[str, str]) -> Settings:
        """What a cluster's manager needs to know."""
        return Settings(self.master, self.extra, conf, self.login, self.namespace)


def of_master(master: str, version: tuple[int, ...] | None) -> Cluster:
    """A cluster that only its master names.

    Raises:
        ConnectionMissingError: Spark cannot parse the master.
    """
    check_master(master, ConnectionAddress("--master", "spark", master), version)
    return Cluster(master, "--master")


def of_connection(conn_id: str, version: tuple[int, ...] | None) -> tuple[Cluster, tuple[str, ...]]:
    """The cluster of an Airflow connection, and remarks on its extras.

    Raises:
        ConnectionMissingError: it does not exist, or Airflow, the provider or Spark cannot use it.
        ConfError: its configuration is not one.
    """
    with _with_the_database():
        from airflow_spark_guard.hooks.upstream import UpstreamSubmitHook  # noqa: PLC0415 - it imports Airflow

        hook = UpstreamSubmitHook(conn_id=conn_id)
    check_master(hook.master, hook.address, version)
    given = hook.connection_given
    origin = f"connection {conn_id}"
    extra = dict(given.extra_dejson) if given is not None else {}
    conf = hook.connection_conf if isinstance(hook.connection_conf, dict) else {}
    login, password = (given.login or "", given.password or "") if given is not None else ("", "")
    found = Cluster(
        hook.master,
        origin,
        hook.master_ui,
        check_user_conf(conf, origin),
        extra,
        login,
        ClusterSecrets(login, password, str(extra.get("cluster_token") or "")),
        hook.namespace,
    )
    return found, misspelt_extras(extra)


@contextmanager
def _with_the_database() -> Iterator[None]:
    before = os.environ.get(_CONTEXT)
    os.environ.setdefault(_CONTEXT, "server")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_CONTEXT, None)
