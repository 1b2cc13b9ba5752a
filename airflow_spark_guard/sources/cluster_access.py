"""Getting in at a cluster's manager: what this machine has of tokens and certificates."""

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
    """The credentials to use now; to be asked again when they are refused, since tokens are renewed.

    Raises:
        BadInputError: a file that was named cannot be read, or a kubeconfig logs in by other means.
    """
    return manager.access(secrets, THIS_MACHINE)


def _yaml(path: str) -> Any:
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        msg = f"{path} is no YAML"
        raise ValueError(msg) from error


@lru_cache(maxsize=16)
def _as_file(data: bytes) -> str:
    """In memory, until this process ends: TLS wants certificates as a file."""
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
