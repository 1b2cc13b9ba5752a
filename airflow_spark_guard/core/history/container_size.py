"""The memory that a cluster reserves for an executor and for the driver, by the rules of Spark 4.2.

Source: ``ResourceProfile.getResourcesForClusterManager`` (YARN and Kubernetes), ``BasicExecutorFeatureStep``,
``BasicDriverFeatureStep`` and ``yarn/Client``. On YARN and Kubernetes a container has heap, overhead,
off-heap memory and Python's memory. A standalone worker reserves the heap alone.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from airflow_spark_guard.core.quantity import size_in_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

Manager = Literal["local", "standalone", "yarn", "kubernetes"]

_MIB: Final = 1 << 20
_DEFAULT_HEAP: Final = 1024 * _MIB
_FACTOR: Final = 0.1
_LEAST_OVERHEAD: Final = 384 * _MIB
_MANAGERS: Final[tuple[tuple[str, Manager], ...]] = (
    ("local-cluster", "standalone"),
    ("local", "local"),
    ("spark://", "standalone"),
    ("yarn", "yarn"),
    ("k8s://", "kubernetes"),
)


@dataclass(frozen=True)
class ContainerSize:
    """What is reserved for one process, in bytes.

    Attributes:
        heap: ``spark.executor.memory`` or ``spark.driver.memory``.
        overhead: for everything else of the process.
        off_heap: ``spark.memory.offHeap.size``.
        python: ``spark.executor.pyspark.memory``.
    """

    heap: int
    overhead: int = 0
    off_heap: int = 0
    python: int = 0

    @property
    def total(self) -> int:
        """The sum."""
        return self.heap + self.overhead + self.off_heap + self.python


def manager_of(conf: Mapping[str, str]) -> Manager | None:
    """The cluster manager, by ``spark.master``; None if unknown."""
    master = conf.get("spark.master", "")
    return next((manager for start, manager in _MANAGERS if master.startswith(start)), None)


def executor_heap(conf: Mapping[str, str]) -> int | None:
    """``spark.executor.memory`` in bytes; None if the configuration is unknown."""
    return _size(conf, "spark.executor.memory", _DEFAULT_HEAP) if conf else None


def driver_heap(conf: Mapping[str, str]) -> int | None:
    """``spark.driver.memory`` in bytes; None if the configuration is unknown."""
    return _size(conf, "spark.driver.memory", _DEFAULT_HEAP) if conf else None


def executor_container(conf: Mapping[str, str]) -> ContainerSize | None:
    """What the cluster reserves for an executor, in ``local[n]`` for the driver; None if unknown."""
    manager = manager_of(conf)
    if manager is None:
        return None
    if manager == "local":
        heap = driver_heap(conf)
        return None if heap is None else ContainerSize(heap)
    heap = executor_heap(conf)
    if manager == "standalone" or heap is None:
        return None if heap is None else ContainerSize(heap)
    overhead = _overhead(conf, manager, "executor", heap)
    off_heap = _off_heap(conf)
    python = _size(conf, "spark.executor.pyspark.memory", 0) if _is_python(conf, manager) else 0
    if overhead is None or off_heap is None or python is None:
        return None
    return ContainerSize(heap, overhead, off_heap, python)


def driver_container(conf: Mapping[str, str]) -> ContainerSize | None:
    """What is reserved for the driver; None if unknown. Only in cluster mode it has a container."""
    manager, heap = manager_of(conf), driver_heap(conf)
    if manager is None or heap is None:
        return None
    in_container = conf.get("spark.submit.deployMode") == "cluster" and manager in ("yarn", "kubernetes")
    overhead = _overhead(conf, manager, "driver", heap) if in_container else 0
    return None if overhead is None else ContainerSize(heap, overhead)


def _overhead(conf: Mapping[str, str], manager: Manager, process: str, heap: int) -> int | None:
    """The one that is set; else a share of the heap, at least a minimum."""
    if f"spark.{process}.memoryOverhead" in conf:
        return _size(conf, f"spark.{process}.memoryOverhead", 0)
    least = _size(conf, f"spark.{process}.minMemoryOverhead", _LEAST_OVERHEAD)
    # In cluster mode Spark's client sets the second key to 0.4 for a Python application.
    keys = [f"spark.{process}.memoryOverheadFactor"]
    keys += ["spark.kubernetes.memoryOverheadFactor"] if manager == "kubernetes" else []
    factor = next((conf[key] for key in keys if key in conf), str(_FACTOR))
    with suppress(ValueError):
        return None if least is None else max(int(heap // _MIB * float(factor)) * _MIB, least)
    return None


def _off_heap(conf: Mapping[str, str]) -> int | None:
    if conf.get("spark.memory.offHeap.enabled", "false") != "true":
        return 0
    return _size(conf, "spark.memory.offHeap.size", 0, unit=1)


def _is_python(conf: Mapping[str, str], manager: Manager) -> bool:
    """Whether Spark adds Python's memory to an executor."""
    if manager == "kubernetes":  # in client mode the key is not there, and Spark adds none
        return conf.get("spark.kubernetes.resource.type") == "python"
    return conf.get("spark.yarn.isPython") == "true"


def _size(conf: Mapping[str, str], key: str, default: int, unit: int = _MIB) -> int | None:
    """A size of Spark's configuration; a number without a unit has the key's own. None if it is not one."""
    text = conf.get(key, "").strip()
    if not text:
        return default
    with suppress(ValueError):
        return int(text) * unit if text.isdigit() else size_in_bytes(text)
    return None
