"""``python -m airflow_spark_guard.cli``, as ``spark-guard``."""

from __future__ import annotations

import sys

from airflow_spark_guard.cli import main

if __name__ == "__main__":
    sys.exit(main())
