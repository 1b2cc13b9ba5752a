"""What to do about an exception of the user's own code that usually has one cause: one table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from airflow_spark_guard.core.failure.failure_text import take_apart

_LONGEST = 2000
_EXCEPTION = re.compile(r"^(?:[A-Za-z_][\w.]{0,100}\.)?([A-Z]\w{1,60}): ?(.{0,1500})$")
_PYSPARK = re.compile(r"No module named '?pyspark\b")
_SHARED_LIBRARY = re.compile(r"cannot open shared object file|undefined symbol|version `GLIBC\S* not found")
_NUMPY = re.compile(
    r"numpy\.(?:_?core\.)?(?:multiarray|umath) failed to import|numpy\.dtype size changed|"
    r"numpy\.ufunc size changed|compiled using NumPy 1\.x|_ARRAY_API not found|"
    r"module compiled against (?:ABI|API) version"
)
_MODULE = re.compile(r"No module named '?([\w.]{1,100})")


@dataclass(frozen=True)
class _Where:
    """The Python that raised.

    Attributes:
        python: the interpreter, as text.
        host: where it runs.
        by: how to install its packages.
        files: how to make a file available.
    """

    python: str
    host: str
    by: str
    files: str


_WORKER: Final = _Where(
    python="the executors' Python (spark.pyspark.python, or PYSPARK_PYTHON)",
    host="every worker's host",
    by="install it there, or ship an environment with spark.archives",
    files="Executors do not see the driver's files: ship it with files= and open SparkFiles.get(name), or "
    "put it on storage that every worker can reach.",
)


def _driver(executable: str) -> _Where:
    named = f" ({executable})" if executable else ""
    return _Where(
        python=f"the driver's Python{named}: in client mode Airflow's own, unless "
        "spark.pyspark.driver.python names another",
        host="the driver's host",
        by="install it there, or name an interpreter that has it",
        files="In client mode the script runs where the task runs: the path must exist there. Use an "
        "absolute path, or storage that every Airflow worker can reach.",
    )


def user_advice(kind: str, message: str, traceback: str, executable: str = "") -> str:
    """What to do next; empty if nothing is known beyond the exception.

    Args:
        kind: the exception's class in the driver.
        message: its text.
        traceback: the whole traceback; the part that a Python worker sent counts before the driver's.
        executable: of the driver's Python, safe to show; empty if it is not known.
    """
    worker = _last_exception(take_apart(traceback).worker)
    if worker is not None:
        return _advice(*worker, _WORKER)
    return _advice(kind, message[:_LONGEST], _driver(executable))


def _last_exception(worker: str) -> tuple[str, str] | None:
    """The exception that ended the Python worker: the first one after its last frame."""
    found = None
    for line in worker.splitlines():
        if line.startswith("\tat "):
            break
        if not line.startswith(" ") and (match := _EXCEPTION.match(line)) and match[1] != "PythonException":
            found = match[1], match[2]
    return found


def _advice(kind: str, message: str, where: _Where) -> str:
    if _NUMPY.search(message):
        return (
            f"A package in {where.python} was built for another NumPy: install compatible versions "
            "(a newer release of that package, or numpy<2)."
        )
    if kind in {"ModuleNotFoundError", "ImportError"}:
        return _of_import(message, where)
    if kind == "FileNotFoundError":
        return where.files
    if kind == "PermissionError":
        return (
            f"The user that runs the job on {where.host} lacks permission: check owner and mode of the path."
        )
    if kind == "MemoryError":
        return f"No memory is left for {where.python}: give it less data at once, or more memory."
    return ""


def _of_import(message: str, where: _Where) -> str:
    if _PYSPARK.search(message):
        return (
            f"pyspark is missing in {where.python}. spark-submit adds SPARK_HOME/python to its path: check "
            "SPARK_HOME, and that nothing clears PYTHONPATH or starts Python with -I."
        )
    if found := _MODULE.search(message):
        return (
            f"{found[1].partition('.')[0]} is missing in {where.python}: {where.by}. Ship modules of your "
            "own with py_files."
        )
    if _SHARED_LIBRARY.search(message):
        return (
            f"A native library is missing or has another version on {where.host}: install the system package."
        )
    if "cannot import name" in message:
        return (
            f"The package in {where.python} has another version than the script expects, or a file of yours "
            "has its name: compare the versions there."
        )
    return f"The import failed in {where.python}: {where.by}."
