"""Getting in at a cluster's manager: what this machine has of tokens and certificates."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from airflow_spark_guard.sources.kerberos import kerberos_token

if TYPE_CHECKING:
    from airflow_spark_guard.core.cluster.manager import ClusterManager, ClusterSecrets
    from airflow_spark_guard.core.web.access import Access


class ThisMachine:
    """Environment and files of this process, as ``core/cluster/manager.Machine`` has them."""

    def variable(self, name: str) -> str:
        """Of the environment."""
        return os.environ.get(name, "")

    def path(self, name: str) -> str:
        """With the home folder for ``~``."""
        return str(Path(name).expanduser())

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return Path(path).exists()

    def text(self, path: str) -> str:
        """In UTF-8."""
        return Path(path).read_text(encoding="utf-8")

    def yaml(self, path: str) -> Any:
        """Plain values only."""
        try:
            return yaml.safe_load(self.text(path))
        except yaml.YAMLError as error:
            msg = f"{path} is no YAML"
            raise ValueError(msg) from error

    def as_file(self, data: bytes) -> str:
        """In memory, until this process ends: TLS wants certificates as a file."""
        return _in_memory(data)

    def kerberos_token(self, host: str) -> str:
        """From the ticket of whoever runs this process."""
        return kerberos_token(host)


THIS_MACHINE = ThisMachine()


def cluster_access(manager: ClusterManager, secrets: ClusterSecrets) -> Access:
    """The credentials to use now; to be asked again when they are refused, since tokens are renewed.

    Raises:
        BadInputError: a file that was named cannot be read, or a kubeconfig logs in by other means.
    """
    return manager.access(secrets, THIS_MACHINE)


@lru_cache(maxsize=16)
def _in_memory(data: bytes) -> str:
    descriptor = os.memfd_create("spark-guard-ca")
    os.write(descriptor, data)
    return f"/proc/self/fd/{descriptor}"
