"""``pytest -p tests.support.cpu``: the 25 tests that take most CPU, which a busy machine changes less than seconds.

Of the test's process and of the children that have ended by then. What Airflow's own processes take while they
run, and a JVM that several tests share, counts where it ends.
"""

from __future__ import annotations

import os
import time

import pytest

_SHOWN = 25
_begun = {}
_found = []


def _cpu():
    return sum(os.times()[:4])


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    _begun[item.nodeid] = _cpu(), time.monotonic()
    yield


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_teardown(item):
    yield
    cpu, begun = _begun.pop(item.nodeid)
    item.user_properties.append(("cpu", (_cpu() - cpu, time.monotonic() - begun)))


def pytest_runtest_logreport(report):
    """In the process that shows the reports, also with workers of pytest-xdist."""
    if report.when == "teardown":
        _found.extend((*value, report.nodeid) for name, value in report.user_properties if name == "cpu")


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section(f"CPU: {sum(cpu for cpu, *_ in _found):.0f} s in {len(_found)} tests")
    for cpu, seconds, test in sorted(_found, reverse=True)[:_SHOWN]:
        terminalreporter.write_line(f"{cpu:8.2f} s of CPU in {seconds:8.2f} s  {test}")
