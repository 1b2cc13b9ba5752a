"""What works for a driver that is silent itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch.driver_work import work_beside
from airflow_spark_guard.core.watch.process_sample import ProcessSample

SECONDS = 60.0
CHILD = ProcessSample("child", "7:7", cpu=1.0, switches=10, io=10)
JVM = ProcessSample("jvm", "8:8", cpu=1.0, io=1000)
DRIVER = ProcessSample("driver", "9:9", cpu=1.0, switches=10, io=0)


@pytest.mark.parametrize(
    ("changes", "works"),
    [
        ({}, False),
        ({"switches": 40}, False),
        ({"switches": 300}, False),  # it sleeps and wakes up
        ({"cpu": 1.5}, True),
        ({"cpu": 61.0}, True),
        ({"io": 60_000}, True),
        ({"cpu": None}, False),  # another user's: out of sight
    ],
)
def test_a_child_works_if_it_computes_reads_or_writes(changes, works):
    """By the same figures as a Python worker."""
    assert bool(work_beside([DRIVER, CHILD], [DRIVER, replace(CHILD, **changes)], SECONDS)) is works


def test_children_that_come_and_go_are_work():
    """A script that runs one program after the other."""
    assert work_beside([CHILD], [], SECONDS) == "processes that it has started come and go"
    assert work_beside([], [CHILD], SECONDS)
    assert work_beside([], [], SECONDS) == ""


@pytest.mark.parametrize(
    ("rate", "executors", "works"),
    [(2_000, 0, False), (70_000, 0, True), (70_000, 100, False), (200_000, 100, True)],
)
def test_the_jvm_works_if_it_moves_more_than_heartbeats(rate, executors, works):
    """It always answers questions of ours, and each executor reports to it."""
    after = replace(JVM, io=JVM.io + int(rate * SECONDS))
    found = work_beside([JVM], [after], SECONDS, executors)
    assert found == ("its JVM reads and writes data" if works else "")


def test_figures_that_cannot_be_read_show_nothing():
    """Nor does a JVM that only computes: that may be a plan without an end."""
    assert work_beside([JVM], [replace(JVM, io=None)], SECONDS) == ""
    assert work_beside([JVM], [replace(JVM, cpu=50.0)], SECONDS) == ""


@pytest.mark.parametrize(("cpu", "works"), [(0.6, True), (20.0, False), (4.0, False)])
def test_bytes_of_the_jvm_count_while_the_drivers_python_is_idle(cpu, works):
    """Otherwise they may be the calls of that Python itself, one for each value of a huge plan."""
    before = [replace(DRIVER, stack="d"), JVM]
    after = [replace(before[0], cpu=1.0 + cpu), replace(JVM, io=10**9)]
    assert bool(work_beside(before, after, SECONDS)) is works
