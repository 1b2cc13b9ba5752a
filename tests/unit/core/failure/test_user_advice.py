"""What to do about the failures of a script that are mostly the installation's."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.failure.user_advice import user_advice
from tests.support.paths import DATA

CAPTURED = DATA / "toolchain"
WORKER = (
    "Traceback (most recent call last):\n"
    '  File "/jobs/job.py", line 9, in <module>\n    frame.collect()\n'
    "pyspark.errors.exceptions.captured.PythonException: \n"
    "  An exception was thrown from the Python worker. Please see the stack trace below.\n"
    "Traceback (most recent call last):\n"
    '  File "/jobs/job.py", line 3, in f\n    open(path)\n'
    "{}\n\n\tat org.apache.spark.api.python.X.y(X.scala:1)\nCaused by: java.lang.IOError: 3\n"
)
DRIVER = 'Traceback (most recent call last):\n  File "/jobs/job.py", line 1, in <module>\n{}: {}\n'


def in_driver(kind: str, message: str, executable: str = "") -> str:
    return user_advice(kind, message, DRIVER.format(kind, message), executable)


def in_worker(line: str) -> str:
    return user_advice("PythonException", "An exception was thrown", WORKER.format(line), "/driver/python")


def test_a_missing_module_says_whose_python_lacks_it():
    """In client mode the driver's is Airflow's, which surprises most."""
    assert in_driver("ModuleNotFoundError", "No module named 'sklearn.linear_model'", "/venv/bin/python") == (
        "sklearn is missing in the driver's Python (/venv/bin/python): in client mode Airflow's own, unless "
        "spark.pyspark.driver.python names another: install it there, or name an interpreter that has it. Ship "
        "modules of your own with py_files."
    )
    worker = in_worker("ModuleNotFoundError: No module named 'pricing'")
    assert worker.startswith("pricing is missing in the executors' Python (spark.pyspark.python")
    assert "/driver/python" not in worker


@pytest.mark.parametrize(
    ("kind", "message", "words"),
    [
        ("ImportError", "cannot import name 'x' from 'pandas' (/a.py)", "has another version"),
        (
            "ImportError",
            "libGL.so.1: cannot open shared object file: No such file",
            "install the system package",
        ),
        (
            "ImportError",
            "/lib/libm.so.6: version `GLIBC_2.34' not found (required by /x.so)",
            "system package",
        ),
        ("ImportError", "numpy.core.multiarray failed to import", "built for another NumPy"),
        ("ImportError", "numpy._core.multiarray failed to import", "built for another NumPy"),
        ("ImportError", "DLL load failed", "The import failed in the driver's Python"),
        ("ValueError", "numpy.dtype size changed, may indicate binary incompatibility", "numpy<2"),
        ("AttributeError", "_ARRAY_API not found", "built for another NumPy"),
        ("ModuleNotFoundError", "No module named 'pyspark'", "SPARK_HOME/python"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'data.csv'", "where the task runs"),
        ("PermissionError", "[Errno 13] Permission denied: '/data'", "the driver's host"),
        ("MemoryError", "", "less data at once"),
    ],
)
def test_siblings_have_an_advice_too(kind, message, words):
    assert words in in_driver(kind, message)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("FileNotFoundError: [Errno 2] No such file or directory: '/opt/model.pkl'", "SparkFiles.get"),
        ("PermissionError: [Errno 13] Permission denied: '/data'", "every worker's host"),
        ("ImportError: numpy.core.multiarray failed to import", "executors' Python"),
        ("ModuleNotFoundError: No module named 'pyspark'", "pyspark is missing in the executors' Python"),
    ],
)
def test_in_a_worker_the_executors_side_is_meant(line, words):
    """Its host, its files, its interpreter."""
    assert words in in_worker(line)


@pytest.mark.parametrize("kind", ["KeyError", "ZeroDivisionError", "AnalysisException", ""])
def test_what_the_exception_says_best_itself_has_no_advice(kind):
    assert in_driver(kind, "'distance'") == ""
    assert in_worker("ZeroDivisionError: division by zero") == ""


def test_a_workers_exception_goes_before_the_drivers():
    """As Spark 4.2 writes it."""
    text = (CAPTURED / "none.udf.txt").read_text()
    assert user_advice("PythonException", "x", text.replace("ZeroDivisionError", "PermissionError")) != ""
    assert user_advice("FileNotFoundError", "x", text) == ""
