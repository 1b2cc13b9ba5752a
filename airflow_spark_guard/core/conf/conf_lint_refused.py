"""Finds values with which Spark refuses to start, or that kill the first job, before a JVM starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_order import BLOCK_MANAGER, orders
from airflow_spark_guard.core.conf.conf_view import Problem
from airflow_spark_guard.core.quantity import readable_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_spark_guard.core.conf.conf_view import ConfView

_MESSAGE, _LARGEST_MESSAGE = "spark.rpc.message.maxSize", 2047
_SERIALIZER, _CODEC = "spark.serializer", "spark.io.compression.codec"
_LOCAL = re.compile(r"local(?:\[\s*(\d+)\s*(?:,\s*\d+\s*)?])?", re.ASCII)
# Managers that give an executor one core unless the configuration requests more.
_ONE_CORE = frozenset(("yarn", "kubernetes"))
_BLOCK = "spark.broadcast.blockSize"
_TWO_GIB = 2 << 30
_SPARKS = re.compile(r"org\.apache\.spark\.serializer\.(?:Kryo|Java)Serializer")
_EXCLUSION = ("spark.excludeOnFailure.enabled", "spark.excludeOnFailure.application.enabled")
_SPARK_4 = (4, 0)  # the second key came with it
_PER_NODE = "spark.excludeOnFailure.task.maxTaskAttemptsPerNode"
_CPUS, _CORES, _CORES_MAX = "spark.task.cpus", "spark.executor.cores", "spark.cores.max"
_JAVA_OPTIONS = ("spark.executor.extraJavaOptions", "spark.executor.defaultJavaOptions")
_PLUGIN, _DRIVER_TIMEOUT = "DriverTimeoutPlugin", "spark.driver.timeout"
_LEAST_MEMORY = 450 << 20
_DYNAMIC = "spark.dynamicAllocation."
_ENCRYPTION = ("spark.network.crypto.enabled", "spark.authenticate.enableSaslEncryption")


def heartbeats(view: ConfView) -> Iterator[Problem]:
    """Spark requires time-outs in order."""
    for order in orders(block_manager=view.number(BLOCK_MANAGER) is not None):
        low, high, most = order.low, order.high, view.number(order.high)
        if most is None or order.holds(view.number(low), most):
            continue
        yield _error(
            low if view.is_users(low) else high,
            f"{view.shown(low)} and {view.shown(high)}: Spark refuses to start.",
            str(order),
            f"Set {low} to less than {readable_duration(most)}, or {high} to more.",
        )


def ranges(view: ConfView) -> Iterator[Problem]:
    """Numbers out of the range that Spark accepts."""
    for key, least, most, expected in (
        (_MESSAGE, -(2.0**31), _LARGEST_MESSAGE, "at most 2047, in MiB without a unit"),
        ("spark.memory.fraction", 1e-9, 1, "a share above 0, at most 1"),
        ("spark.memory.storageFraction", 0, 1, "a share between 0 and 1"),
        ("spark.scheduler.listenerbus.eventqueue.capacity", 1, 2.0**31, "1 event or more"),
    ):
        value = view.number(key)
        if (
            value is not None
            and not least <= value <= most
            and view.is_users(key, *view.known.old_spellings(key))
        ):
            yield _error(key, f"{view.shown(key)}: Spark refuses to start.", expected, f"Write {expected}.")
    size = view.number(_BLOCK)
    if view.is_users(_BLOCK) and size is not None and not 0 < size < _TWO_GIB:
        yield _error(
            _BLOCK,
            f"{view.shown(_BLOCK)}: such a buffer cannot be allocated, so the first job fails.",
            "more than 0 and less than 2g",
            f"Leave {_BLOCK} at Spark's default, 4m.",
        )


def memory(view: ConfView) -> Iterator[Problem]:
    """A JVM below 450 MiB is too small for Spark's own reserve."""
    if any(key.startswith("spark.testing.") for key in view.values):
        return
    for key in ("spark.executor.memory", "spark.driver.memory"):
        size = view.number(key)
        if view.is_users(key) and size is not None and 0 <= size < _LEAST_MEMORY:
            yield _error(
                key,
                f"{view.shown(key)}: too little memory for Spark to start.",
                "450m or more",
                f"Set {key} to 1g.",
            )


def classes(view: ConfView) -> Iterator[Problem]:
    """Codec and serializer must be short names that Spark knows, or classes."""
    codec = view.text(_CODEC) or ""
    if view.is_users(_CODEC) and "." not in codec and codec.lower() not in {"lz4", "lzf", "snappy", "zstd"}:
        yield _error(_CODEC, f"{view.shown(_CODEC)}: unknown codec.", "lz4, lzf, snappy, zstd", "Write lz4.")
    name = view.text(_SERIALIZER) or ""
    of_spark = name.startswith("org.apache.spark.serializer.") or "." not in name
    if view.is_users(_SERIALIZER) and of_spark and not _SPARKS.fullmatch(name) and "$" not in name:
        best = "org.apache.spark.serializer.KryoSerializer"
        yield _error(
            _SERIALIZER, f"{view.shown(_SERIALIZER)}: Spark does not have this class.", best, f"Write {best}."
        )


def names(view: ConfView) -> Iterator[Problem]:
    """Values that must be one of a few words."""
    for key, allowed in (
        ("spark.scheduler.mode", ("FIFO", "FAIR", "NONE")),
        ("spark.submit.deployMode", ("client", "cluster")),
    ):
        text = view.text(key) or ""
        if view.is_users(key) and text not in allowed and text.upper() not in allowed and "${" not in text:
            yield _error(
                key,
                f"{view.shown(key)}: Spark refuses to start.",
                " or ".join(allowed),
                f"Write {allowed[0]}.",
            )


def kryo(view: ConfView) -> Iterator[Problem]:
    """Kryo's buffer must be below 2 GiB; Spark creates a Kryo serializer at every start, used or not."""
    for key in ("spark.kryoserializer.buffer", "spark.kryoserializer.buffer.max"):
        size = view.number(key)
        if view.is_users(key) and size is not None and size >= _TWO_GIB:
            yield _error(
                key,
                f"{view.shown(key)}: Kryo's buffer cannot be that large; Spark refuses to start.",
                "less than 2g",
                f"Set {key} to at most 1g.",
            )


def exclusion(view: ConfView) -> Iterator[Problem]:
    """A node must be excluded before the task has used up its attempts."""
    keys = _EXCLUSION if view.version is not None and view.version >= _SPARK_4 else _EXCLUSION[:1]
    on = next((key for key in keys if view.is_on(key)), None)
    attempts, failures = view.number(_PER_NODE), view.number("spark.task.maxFailures")
    if on is None or attempts is None or failures is None or attempts < failures:
        return
    yield _error(
        _PER_NODE,
        f"{on} is on, {view.shown(_PER_NODE)} and {view.shown('spark.task.maxFailures')}: "
        "the first job fails with 'cancelled as part of cancellation of all jobs'.",
        f"{_PER_NODE} < spark.task.maxFailures",
        f"Set spark.task.maxFailures to {int(attempts) + 1} or more.",
    )


def cores(view: ConfView) -> Iterator[Problem]:
    """A task must fit into an executor, an executor into the application."""
    each, cpus, total = (view.number(key) for key in (_CORES, _CPUS, _CORES_MAX))
    local = _LOCAL.fullmatch(view.master)
    if local:
        each = float(local[1] or 1)
    elif _CORES not in view.values and view.manager not in _ONE_CORE:
        each = None  # as many as the worker has
    if view.is_users(_CPUS, _CORES) and each is not None and cpus is not None and cpus > each:
        whose = f"master {view.master}" if local else view.shown(_CORES)
        yield _error(
            _CPUS,
            f"{view.shown(_CPUS)} and {whose}: no task fits into an executor.",
            f"{_CPUS} <= the executor's cores",
            f"Set {_CPUS} to {int(each)} or less, or give executors more cores.",
        )
    asked = _CORES in view.values and _CORES_MAX in view.values and view.manager == "standalone"
    if asked and each is not None and total is not None and each > total:
        yield _error(
            _CORES,
            f"{view.shown(_CORES)} and {view.shown(_CORES_MAX)}: not even one executor is allowed.",
            f"{_CORES} <= {_CORES_MAX}",
            f"Set {_CORES_MAX} to {int(each)} or more.",
        )


def java_options(view: ConfView) -> Iterator[Problem]:
    """Options that must be set as keys of their own."""
    refused = [
        (key, option, advice)
        for key in _JAVA_OPTIONS
        for option, advice in (
            ("-Xmx", "Set spark.executor.memory."),
            ("-Dspark", "Set the key itself, without -D, in conf=."),
        )
    ]
    refused += [("spark.driver.extraJavaOptions", "-Xmx", "Set spark.driver.memory.")]
    for key, option, advice in refused:
        if option in (view.text(key) or ""):
            yield _error(key, f"{key} contains {option}: Spark refuses to start.", "no such option", advice)


def switches(view: ConfView) -> Iterator[Problem]:
    """Keys that require another one."""
    for key in _ENCRYPTION:
        if view.is_on(key) and not view.is_on("spark.authenticate"):
            yield _error(
                key,
                f"{view.shown(key)} without spark.authenticate: Spark refuses to start.",
                "spark.authenticate = true",
                "Set spark.authenticate to true, and a secret.",
            )
    size = view.number("spark.memory.offHeap.size")
    if view.is_on("spark.memory.offHeap.enabled") and (size is None or size <= 0):
        yield _error(
            "spark.memory.offHeap.size",
            "spark.memory.offHeap.enabled is on without a size: Spark refuses to start.",
            "more than 0",
            "Set spark.memory.offHeap.size, such as 1g.",
        )
    minutes = view.number(_DRIVER_TIMEOUT)
    if _PLUGIN in (view.text("spark.plugins") or "") and minutes is not None and minutes < 0:
        yield _error(
            _DRIVER_TIMEOUT,
            f"{view.shown(_DRIVER_TIMEOUT)}: Spark refuses to start.",
            "0min or more",
            "Leave it out.",
        )


def dynamic_allocation(view: ConfView) -> Iterator[Problem]:
    """The bounds of dynamic allocation must be in order."""
    low, high = view.number(f"{_DYNAMIC}minExecutors"), view.number(f"{_DYNAMIC}maxExecutors")
    if view.manager == "local" or not view.is_on(f"{_DYNAMIC}enabled") or low is None or high is None:
        return
    if low > high:
        yield _error(
            f"{_DYNAMIC}minExecutors",
            f"{view.shown(_DYNAMIC + 'minExecutors')} and {view.shown(_DYNAMIC + 'maxExecutors')}: "
            "Spark refuses to start.",
            "minExecutors <= maxExecutors",
            "Swap them.",
        )


def _error(key: str, text: str, expected: str, advice: str) -> Problem:
    return Problem("error", key, text, expected, advice)


REFUSED: tuple[Callable[[ConfView], Iterator[Problem]], ...] = (
    heartbeats, ranges, memory, classes, names, kryo, exclusion, cores, java_options, switches,
    dynamic_allocation,
)  # fmt: skip
"""Each is certain. ``tests/integration/spark/test_conf_lint_on_spark.py`` checks those that ``local[1]`` can
show; the bounds of dynamic allocation, and executor.cores > cores.max, are based on Spark's code.
"""
