"""What an Airflow connection says of a cluster: who is asked, how one gets in, where messages go."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.attempt.channel_directory import ChannelDirectory, no_store
from airflow_spark_guard.core.cluster.channel_files import as_airflow_names_it, attempt_directory
from airflow_spark_guard.core.cluster.manager import ClusterSecrets, Marks, Settings
from airflow_spark_guard.core.cluster.managers import cluster_manager
from airflow_spark_guard.core.errors import ConfError
from airflow_spark_guard.sources.cluster import AsyncClusterSource, BlockingClusterSource
from airflow_spark_guard.sources.cluster_access import cluster_access
from airflow_spark_guard.sources.http import MAX_BODY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.attempt.channel_directory import OpenDirectory
    from airflow_spark_guard.core.cluster.manager import ClusterManager
    from airflow_spark_guard.process.leftovers import Tag


@dataclass(frozen=True)
class ClusterConnection:
    """A connection, and what the configuration adds to it.

    Attributes:
        place: who is asked.
        secrets: how one gets in.
        marks: what the applications of this try carry.
        channel: the channel directory as Spark names it; empty where there is none.
        channel_here: the same as Airflow names it.
        channel_conn_id: the Airflow connection for its store; None for the default.
        open_directory: opens the channel directory (``hooks/object_storage.py``).
    """

    place: ClusterManager
    secrets: ClusterSecrets
    marks: Marks
    channel: str = ""
    channel_here: str = ""
    channel_conn_id: str | None = None
    open_directory: OpenDirectory = no_store

    def source(self, *, timeout: float = 5.0) -> BlockingClusterSource:
        """The manager.

        Args:
            timeout: longest silence of a server, in seconds; one question may take three times that.

        Raises:
            BadInputError: the credentials cannot be read.
        """
        access = partial(cluster_access, self.place, self.secrets)
        return BlockingClusterSource(
            AsyncClusterSource(self.place, access, timeout=timeout, max_body=MAX_BODY)
        )

    def driver_directory(self) -> str:
        """Where this try's driver puts its messages, as Spark names it; empty where there is no channel."""
        marks = self.marks
        return attempt_directory(self.channel, marks.task, marks.attempt) if self.channel else ""

    def channel_of(self, attempt: str) -> str:
        """The same of any try of this task, as Airflow names it."""
        return attempt_directory(self.channel_here, self.marks.task, attempt) if self.channel else ""

    def directory(self, url: str) -> ChannelDirectory | None:
        """Where messages are read; None for an empty ``url``."""
        return ChannelDirectory(url, self.channel_conn_id, self.open_directory) if url else None


def cluster_connection(
    connection: Any,
    master: str,
    conf: Mapping[str, str],
    tag: Tag,
    *,
    namespace: str | None = None,
    deployment: tuple[str, ...] = ("", ""),
    open_directory: OpenDirectory = no_store,
) -> ClusterConnection:
    """What the connection says.

    Args:
        connection: of Airflow, or anything with its ``extra_dejson``, ``login`` and ``password``.
        master: Spark's master URL.
        conf: the effective configuration.
        tag: of the attempt.
        namespace: of Kubernetes, as upstream found it.
        deployment: tells this Airflow from others that share the cluster and may run a DAG of the same name.
        open_directory: opens a directory of an object store.

    Raises:
        BadInputError: an address that is missing or cannot be used.
        ConfError: a channel directory that is not text.
    """
    extra = connection.extra_dejson
    channel = extra.get("channel_directory") or ""
    if not isinstance(channel, str):
        raise ConfError(
            "The extra 'channel_directory' of the Airflow connection cannot be used.",
            got=type(channel).__name__,
            expected='a directory that driver and Airflow reach: "s3a://bucket/spark-guard"',
            advice="Correct the connection.",
        )
    user = connection.login or os.environ.get("HADOOP_USER_NAME", "")
    return ClusterConnection(
        place=cluster_manager(Settings(master, extra, conf, user, namespace)),
        secrets=cluster_secrets(connection),
        marks=_marks(tag, (*deployment, str(extra.get("deployment") or ""))),
        channel=channel,
        channel_here=extra.get("channel_directory_airflow") or as_airflow_names_it(channel),
        channel_conn_id=extra.get("channel_conn_id"),
        open_directory=open_directory,
    )


def cluster_secrets(connection: Any) -> ClusterSecrets:
    """The credentials in an Airflow connection."""
    return ClusterSecrets(
        login=connection.login or "",
        password=connection.password or "",
        token=str(connection.extra_dejson.get("cluster_token") or ""),
    )


def _marks(tag: Tag, deployment: tuple[str, ...]) -> Marks:
    digest = hashlib.sha256("\0".join((tag.task, *deployment)).encode()).hexdigest()
    return Marks(digest[:32], tag.attempt)
