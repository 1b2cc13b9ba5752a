"""A cluster as an Airflow connection describes it: manager, credentials, channel directory."""

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
        place: the cluster manager.
        secrets: the credentials for it.
        marks: on the applications of this try.
        channel: the channel directory as Spark names it; empty if none is set.
        channel_here: the channel directory as Airflow names it.
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
        """A client for the manager.

        Args:
            timeout: longest silence of a server, in seconds; one request may take three times that.

        Raises:
            BadInputError: the credentials cannot be read.
        """
        access = partial(cluster_access, self.place, self.secrets)
        return BlockingClusterSource(
            AsyncClusterSource(self.place, access, timeout=timeout, max_body=MAX_BODY)
        )

    def driver_directory(self) -> str:
        """This try's directory in the channel, as Spark names it; empty without a channel."""
        marks = self.marks
        return attempt_directory(self.channel, marks.task, marks.attempt) if self.channel else ""

    def channel_of(self, attempt: str) -> str:
        """The directory of any try of this task, as Airflow names it; empty without a channel."""
        return attempt_directory(self.channel_here, self.marks.task, attempt) if self.channel else ""

    def directory(self, url: str) -> ChannelDirectory | None:
        """The directory at ``url``, to read messages from; None for an empty ``url``."""
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
    """The cluster that a connection names.

    Args:
        connection: Airflow's, or anything with its ``extra_dejson``, ``login`` and ``password``.
        master: Spark's master URL.
        conf: the effective configuration.
        tag: of the attempt.
        namespace: the Kubernetes namespace that upstream found.
        deployment: distinguishes this Airflow from others on the cluster with a DAG of the same name.
        open_directory: opens a directory of an object store.

    Raises:
        BadInputError: an address that is missing or not valid.
        ConfError: a channel directory that is not text.
    """
    extra = connection.extra_dejson
    channel = extra.get("channel_directory") or ""
    if not isinstance(channel, str):
        raise ConfError(
            "The extra 'channel_directory' of the Airflow connection cannot be used.",
            got=type(channel).__name__,
            expected='a directory that both the driver and Airflow can reach: "s3a://bucket/spark-guard"',
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
