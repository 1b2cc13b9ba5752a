"""A private Airflow home, set before anything imports Airflow; a connection for the Spark of the tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import coverage
import pytest

from tools.support import class_archive

ROOT = Path(__file__).parent.parent
# Each of pytest-xdist's workers has one of its own: Airflow's database is a file.
HOME = ROOT / "build" / f"test-airflow{os.environ.get('PYTEST_XDIST_WORKER', '')}"

os.environ.update(
    {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_SPARK_DEFAULT": '{"conn_type": "spark", "host": "local[1]", "extra": {"deploy-mode": "client"}}',
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYTHONWARNINGS": "default",
        # A thread of OpenMP that waits for others spins: where cores are shared, a fit of 1 s takes 4.
        "OMP_WAIT_POLICY": "PASSIVE",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
)
for name in ("SPARK_HOME", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "SPARK_CONF_DIR"):
    os.environ.pop(name, None)
# Without bytecode on disk every process compiles Airflow and PySpark anew, several seconds of CPU each.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Neither the launcher nor the driver nor a daemon of Spark lives long here.
os.environ.update(dict.fromkeys(class_archive.VARIABLES, class_archive.options()))

if coverage.Coverage.current() is not None:
    # Tests that start launcher or reaper directly let them measure themselves; nothing else does.
    os.environ["SPARK_GUARD_TEST_COVERAGE"] = str(ROOT / "pyproject.toml")


@pytest.fixture(scope="session")
def airflow_db():
    """Airflow's metadata database, made once, without an Airflow process; its file."""
    file = HOME / "airflow.db"
    if not file.exists() or not file.stat().st_size:  # whoever asks for a connection leaves an empty file
        from airflow.utils.db import initdb

        initdb()
    return file
