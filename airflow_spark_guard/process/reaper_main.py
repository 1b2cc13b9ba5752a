"""Starts the reaper in an isolated Python that finds only the standard library and this package."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    sys.path.append(os.path.dirname(package))  # noqa: PTH120

    from airflow_spark_guard.process.reaper import main

    sys.exit(main(sys.argv[1:]))
