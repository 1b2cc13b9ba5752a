"""Checks before the launch whether the cluster can ever provide an executor of this size."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_view import ConfView, manager_of
from airflow_spark_guard.core.conf.known_confs import KnownConfs, known_confs
from airflow_spark_guard.core.errors import ImpossibleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.conf.conf_draft import ConfValue
    from airflow_spark_guard.core.watch.observation import Master

_MEMORY, _CORES, _CPUS = "spark.executor.memory", "spark.executor.cores", "spark.task.cpus"
_MIB = 1 << 20
_LOCAL_CLUSTER = re.compile(r"local-cluster\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*]", re.ASCII)


def check_fit(
    values: Mapping[str, ConfValue],
    master: str,
    seen: Master | None = None,
    known: KnownConfs | None = None,
) -> str:
    """A warning if the master has no worker to compare with, else empty.

    Only a standalone master and ``local-cluster`` can be checked: a standalone worker allocates
    ``spark.executor.memory`` and cores for an executor, and ignores overhead, Python and off-heap memory.
    The total memory and cores of workers are compared, not the free ones: others may be freed.

    Args:
        values: key -> value and origin, as ``EffectiveConf.values``.
        master: Spark's master URL.
        seen: the standalone master's answer; None if it was not asked or gave no usable answer.
        known: Spark's own keys; None for the table that ships with this package.

    Raises:
        ImpossibleError: an executor can never fit on any worker.
    """
    workers = _workers(master, seen)
    if workers is None:
        return ""
    if not workers:
        return "The Spark master currently has no living worker; the job will wait for one."
    view = ConfView(values, known_confs() if known is None else known, master)
    key, (memory, cores) = _cores_key(view), _size(view)
    if any(memory <= has and cores <= count for count, has in workers):
        return ""
    count, has = max(
        workers, key=lambda worker: (worker[0] >= cores, worker[1] >= memory, worker[1], worker[0])
    )
    smaller = [f"{_MEMORY} to {has}m or less"] if memory > has else []
    smaller += [f"{key} to {count} or less"] if cores > count else []
    raise ImpossibleError(
        "An executor of this job does not fit on any worker of the cluster.",
        got=f"an executor of {_cores(cores)} and {memory} MiB: {view.shown(_MEMORY)}, {view.shown(key)}",
        expected=f"at most the largest of {len(workers)} workers: {_cores(count)} and {has} MiB",
        advice=f"Set {' and '.join(smaller)}, or start a larger worker.",
    )


def _workers(master: str, seen: Master | None) -> list[tuple[int, int]] | None:
    """(cores, MiB) of each worker; None if unknown."""
    match = _LOCAL_CLUSTER.fullmatch(master.strip())
    if match:
        number, cores, memory = map(int, match.groups())
        return [(cores, memory)] * number
    if seen is None or manager_of(master) != "standalone":
        return None
    return [(cores, memory) for _, _, cores, memory in seen.workers]


def _size(view: ConfView) -> tuple[int, int]:
    """MiB and cores that one executor needs at least; 0 if unknown."""
    return int((view.number(_MEMORY) or 0) // _MIB), int(view.number(_cores_key(view)) or 0)


def _cores_key(view: ConfView) -> str:
    return _CORES if _CORES in view.values else _CPUS  # without it an executor takes all cores of the worker


def _cores(count: int) -> str:
    return f"{count} core" if count == 1 else f"{count} cores"
