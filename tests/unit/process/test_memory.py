"""Resident memory of an attempt's processes on this host."""

import os
import re
from pathlib import Path

import pytest

from airflow_spark_guard.core.watch.observation import HostMemory
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.memory import memory_of, resident
from tests.support.processes import seconds_until
from tests.support.spark_standin import BACKEND, SUBMIT, Standins


def test_resident_memory_is_what_the_kernel_says():
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert resident(os.getpid()) == pytest.approx(int(kilobytes) << 10, rel=0.2)


def test_a_process_that_is_gone_uses_nothing():
    assert resident(2**30) == 0


def test_an_attempt_without_processes_has_no_figures():
    assert memory_of(Tag(new_attempt(), "x")) is None


def test_each_process_counts_by_its_role(tmp_path):
    tag = Tag(new_attempt(), new_attempt())
    standins = Standins(tmp_path, tag)
    try:
        standins.jvm(SUBMIT)
        seconds_until(lambda: memory_of(tag) is not None, 60, "the driver's JVM")
        before = memory_of(tag)
        assert before.driver_jvm > 1 << 20
        assert (before.driver_python, before.executor_jvms, before.workers) == (0, 0, 0)
        standins.jvm(BACKEND)
        # A process that is just executing its program shows no environment, and is not found.
        seconds_until(
            lambda: (memory_of(tag) or HostMemory()).executor_jvms > 1 << 20, 60, "the executor's JVM"
        )
    finally:
        standins.end()
