"""Processes of a test: those that carry its mark, and ``main`` of a module in a process of its own."""

from __future__ import annotations

import os
import sys

from tools import ROOT
from tools.support.processes import MARK, end_all, marked, seconds_until

__all__ = ["MARK", "end_all", "marked", "python_main", "seconds_until"]


def python_main(module: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment that run ``main(sys.argv[1:])`` of a module, measured where we are measured."""
    code = f"from {module} import main; sys.exit(main(sys.argv[1:]))"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    if config := os.environ.get("SPARK_GUARD_TEST_COVERAGE"):
        env["COVERAGE_PROCESS_START"] = config
        code = f"import coverage; coverage.process_startup(); {code}"
    return [sys.executable, "-c", f"import sys; {code}"], env
