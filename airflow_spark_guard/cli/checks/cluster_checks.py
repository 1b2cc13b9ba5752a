"""The master, and whether one executor fits there."""

from __future__ import annotations

import socket
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from airflow_spark_guard.cli.checks.check import Check
from airflow_spark_guard.cli.checks.conf_checks import conf_of
from airflow_spark_guard.core.cluster.managers import cluster_manager, is_watched
from airflow_spark_guard.core.cluster.status import TASK_MARK
from airflow_spark_guard.core.conf.conf_view import manager_of
from airflow_spark_guard.core.conf.preflight import check_fit
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.quantity import counted
from airflow_spark_guard.core.web import master_json
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.cluster import AsyncClusterSource, BlockingClusterSource
from airflow_spark_guard.sources.cluster_access import cluster_access
from airflow_spark_guard.sources.http import MAX_BODY
from airflow_spark_guard.sources.master import AsyncMasterSource, MasterSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.cli.checks.check import Line
    from airflow_spark_guard.cli.checks.cluster import Cluster
    from airflow_spark_guard.cli.checks.setup import Setup

_PATIENCE: Final = 3.0
# A value that no application carries: whoever may list applications by it may list ours.
_NO_MARK: Final = "spark-guard-doctor"
_NOT_KNOWN: Final = "not asked: no master is known; name one with --connection or --master"


class MasterCheck(Check):
    """The cluster's manager: whether it answers, and whether it lets us in."""

    name = "master"
    limit = 40.0

    def look(self, setup: Setup) -> Iterable[Line]:
        """Sets ``setup.cluster.seen`` for the check of the executor's size."""
        cluster = setup.cluster
        if cluster is None:
            return [self.ok(_NOT_KNOWN)]
        if manager_of(cluster.master) in {"local", "local-cluster"}:
            return [self.ok(f"{cluster.master} runs on this host")]
        if manager_of(cluster.master) == "standalone":
            return self._standalone(cluster)
        if is_watched(cluster.master):
            return [self._watched(cluster, setup)]
        return [self.ok(f"not asked: {cluster.master} is of a kind that cannot be asked")]

    def _standalone(self, cluster: Cluster) -> list[Line]:
        refused = [text for one in master_json.addresses(cluster.master) if (text := _refuses(one))]
        if len(refused) == len(master_json.addresses(cluster.master)):
            fix = f"Start the master, or correct host and port in {cluster.origin}, or the way to it."
            return [self.error(f"The master is not reachable: {'; '.join(refused)}.", fix)]
        lines = [
            self.warning(f"One of the masters is not reachable: {text}.", "Start it.") for text in refused
        ]
        with closing(
            MasterSource(AsyncMasterSource(cluster.master, cluster.master_ui, timeout=_PATIENCE))
        ) as source:
            try:
                cluster.seen = source.look()
            except UnusableAnswerError as error:
                what = f"The master accepts connections, but its web page gives no usable answer: {error}."
                fix = 'If it is not on port 8080, set the connection\'s extra {"master_ui": "http://host:8090"}.'
                return [*lines, self.warning(what, fix)]
        workers = cluster.seen.workers
        if not workers:
            return [*lines, self.warning(f"{cluster.master} has no living worker.", "Start one.")]
        cores, memory = sum(row[2] for row in workers), sum(row[3] for row in workers)
        size = f"{counted(len(workers), 'worker')}, {counted(cores, 'core')}, {memory} MiB"
        return [*lines, self.ok(f"{cluster.master}: {size}")]

    def _watched(self, cluster: Cluster, setup: Setup) -> Line:
        try:
            manager = cluster_manager(cluster.settings(conf_of(setup).plain()))
        except BadInputError as error:
            what = f"not asked: {error.what} Client mode works without it."
            return self.warning(what, error.advice)
        access = partial(cluster_access, manager, cluster.secrets)
        made = AsyncClusterSource(manager, access, timeout=_PATIENCE, max_body=MAX_BODY)
        with closing(BlockingClusterSource(made)) as source:
            try:
                source.find(TASK_MARK, _NO_MARK)
            except UnusableAnswerError as error:  # a refusal of our credentials as well
                what = f"{manager.title} gives no usable answer: {error}."
                return self.error(what, error.advice or f"Check the address in {cluster.origin}.")
        return self.ok(f"{manager.title} answers at {', '.join(manager.servers)}")


class FitCheck(Check):
    """Whether one executor of the configured size fits on a worker of the master."""

    name = "executor size"

    def look(self, setup: Setup) -> Iterable[Line]:
        """The error that a job would end with before it starts."""
        cluster = setup.cluster
        kind = manager_of(cluster.master) if cluster is not None else ""
        if cluster is None or (kind == "standalone" and cluster.seen is None):
            return [self.ok("not compared: the master's workers are not known")]
        if kind not in {"standalone", "local-cluster"}:
            return [self.ok("not compared: only a standalone master names its workers")]
        warning = check_fit(conf_of(setup).values, cluster.master, cluster.seen)
        if warning:
            return [self.warning(warning, "Start a worker.")]
        return [self.ok("an executor fits on a worker")]


def _refuses(master: str) -> str:
    """Why a master's own port cannot be reached; empty if it can."""
    address = urlsplit(master)
    try:
        with socket.create_connection((address.hostname, address.port), timeout=_PATIENCE):
            return ""
    except OSError as error:
        return f"{master}: {error.strerror or error}"
