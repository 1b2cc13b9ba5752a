"""The access to a cluster's manager: tokens and certificates of this machine."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from airflow_spark_guard.core.cluster.manager import Machine
from airflow_spark_guard.sources.kerberos import kerberos_token

if TYPE_CHECKING:
    from airflow_spark_guard.core.cluster.manager import ClusterManager, ClusterSecrets
    from airflow_spark_guard.core.web.access import Access


def cluster_access(manager: ClusterManager, secrets: ClusterSecrets) -> Access:
    """The current credentials; call it again if they are refused, since tokens are renewed.

    Raises:
        BadInputError: a configured file cannot be read, or a kubeconfig uses another kind of login.
    """
    return manager.access(secrets, THIS_MACHINE)


def _yaml(path: str) -> Any:
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        msg = f"{path} is not valid YAML"
        raise ValueError(msg) from error


@lru_cache(maxsize=16)
def _as_file(data: bytes) -> str:
    """In memory, until this process ends: TLS reads certificates from a file only."""
    descriptor = os.memfd_create("spark-guard-ca")
    os.write(descriptor, data)
    return f"/proc/self/fd/{descriptor}"


THIS_MACHINE = Machine(
    variable=lambda name: os.environ.get(name, ""),
    path=lambda name: str(Path(name).expanduser()),
    exists=lambda path: Path(path).exists(),
    text=lambda path: Path(path).read_text(encoding="utf-8"),
    yaml=_yaml,
    as_file=_as_file,
    kerberos_token=kerberos_token,
)
