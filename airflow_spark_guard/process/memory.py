"""Resident memory of an attempt's processes on this host."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.core.watch.observation import HostMemory
from airflow_spark_guard.process import spark_processes

if TYPE_CHECKING:
    from airflow_spark_guard.process.leftovers import Tag

_PAGE = os.sysconf("SC_PAGE_SIZE")


def memory_of(tag: Tag) -> HostMemory | None:
    """One pass over the process table; None if none of them runs here.

    A process that has just ended counts as 0.
    """
    found = spark_processes.find(tag)
    memory = HostMemory(
        driver_jvm=resident(found.jvm.pid) if found.jvm is not None else 0,
        driver_python=resident(found.driver.pid) if found.driver is not None else 0,
        executor_jvms=sum(resident(proc.pid) for proc in found.executor_jvms),
        workers=sum(resident(proc.pid) for proc, _ in found.workers),
    )
    return memory if memory != HostMemory() else None


def resident(pid: int) -> int:
    """Resident memory of one process in bytes; 0 if it is not readable."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
