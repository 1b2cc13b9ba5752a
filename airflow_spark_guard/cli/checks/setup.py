"""What the checks look at: this machine, this Python, and what the user names."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.cli.work.distributions import installed_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.cli.checks.cluster import Cluster
    from airflow_spark_guard.core.store_address import StoreAddress

DEFAULT_CONNECTION = "spark_default"


@dataclass
class Setup:
    """The set-up to check.

    Attributes:
        env: the environment that a job would have.
        python: (major, minor, micro) of the Python that runs the task.
        paths: folders of installed distributions; None for those of this interpreter.
        connection: id of the Airflow connection; empty if the user names none.
        master: Spark's master, instead of the connection's.
        record_folder: where all records are, instead of Airflow's option.
        profile: name of the profile.
        conf: as ``conf=`` of the operator, each as ``KEY=VALUE``.
        cluster: what the connection holds; set by the check of the connection.
    """

    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    python: tuple[int, ...] = field(default_factory=lambda: tuple(sys.version_info[:3]))
    paths: Sequence[str] | None = None
    connection: str = ""
    master: str = ""
    record_folder: Path | StoreAddress | None = None
    profile: str = "default"
    conf: Sequence[str] = ()
    cluster: Cluster | None = None

    @property
    def uses_airflow(self) -> bool:
        """Whether the user names a connection, or an Airflow is configured here."""
        if self.connection or self.env.get("AIRFLOW_HOME") or self.env.get("AIRFLOW_CONFIG"):
            return True
        names = (DEFAULT_CONNECTION.upper(),)
        home = Path(self.env.get("HOME") or "/", "airflow", "airflow.cfg")
        return any(f"AIRFLOW_CONN_{name}" in self.env for name in names) or home.is_file()

    def version(self, name: str) -> str:
        """Version of an installed distribution; empty if it is not installed."""
        return installed_version(name, self.paths)
