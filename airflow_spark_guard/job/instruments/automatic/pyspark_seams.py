"""PySpark's private names that the instruments use, all of them, each held by a contract test.

Every function that PySpark sends to executors (RDD functions, every kind of UDF, data sources, streaming
writers) goes through ``_prepare_for_python_RDD``; every transformation returns a ``DataFrame`` of the classic
API. The names have moved in Spark 4.0; both homes are known here.
"""

from __future__ import annotations

import importlib
import inspect
import os
from typing import Any

PREPARE = "_prepare_for_python_RDD"


def folder() -> str:
    """The folder of PySpark's modules."""
    import pyspark

    return os.path.dirname(str(pyspark.__file__))  # noqa: PTH120 - PySpark compares text


def rdd_module() -> Any:
    """The module that pickles functions: ``pyspark.core.rdd``, before Spark 4.0 ``pyspark.rdd``."""
    return _first("pyspark.core.rdd", "pyspark.rdd")


def pickling_modules() -> tuple[Any, ...]:
    """The modules that call ``PREPARE`` by a name of their own: before Spark 4.0 that of UDFs did."""
    others = (importlib.import_module("pyspark.sql.udf"),)
    return (rdd_module(), *(module for module in others if hasattr(module, PREPARE)))


def rdd_class() -> Any:
    """The class of RDDs."""
    return rdd_module().RDD


def context_class() -> Any:
    """The class ``SparkContext``."""
    return _first("pyspark.core.context", "pyspark.context").SparkContext


def frame_class() -> Any:
    """The class of DataFrames of the classic API."""
    return _first("pyspark.sql.classic.dataframe", "pyspark.sql.dataframe").DataFrame


def grouped_classes() -> tuple[Any, ...]:
    """The classes between a DataFrame and its aggregation."""
    group = importlib.import_module("pyspark.sql.group")
    operations = importlib.import_module("pyspark.sql.pandas.group_ops")
    return group.GroupedData, operations.PandasCogroupedOps


def session_class() -> Any:
    """The class of sessions of the classic API."""
    return importlib.import_module("pyspark.sql.session").SparkSession


def writer_classes() -> tuple[Any, ...]:
    """The classes that write a DataFrame."""
    module = importlib.import_module("pyspark.sql.readwriter")
    return module.DataFrameWriter, module.DataFrameWriterV2


def public_functions(owner: Any) -> tuple[str, ...]:
    """Names of the functions of a class that a script may call; no properties."""
    return tuple(
        name
        for name in dir(owner)
        if not name.startswith("_") and inspect.isfunction(inspect.getattr_static(owner, name))
    )


def parents(owner: Any) -> tuple[Any, ...]:
    """The DataFrames that an object of :func:`grouped_classes` stems from."""
    found = []
    for name in ("_df", "_gd1", "_gd2"):
        part = getattr(owner, name, None)
        if part is not None:
            found.append(getattr(part, "_df", part))
    return tuple(found)


def frame_of(owner: Any) -> Any:
    """The DataFrame that a writer writes, or a DataFrame itself; None for an RDD."""
    return owner if isinstance(owner, frame_class()) else getattr(owner, "_df", None)


def broadcast_bytes(broadcast: Any) -> int | None:
    """The size of a broadcast's pickle, from the file that PySpark has written; None if it is gone."""
    path = getattr(broadcast, "_path", None)
    try:
        return os.path.getsize(path) if isinstance(path, str) else None  # noqa: PTH202
    except OSError:
        return None


def sent_functions(command: Any) -> tuple[Any, ...]:
    """The user's functions inside of what PySpark pickles: it wraps them in functions of its own."""
    found: list[Any] = []
    waiting, seen = [command[0] if isinstance(command, tuple) and command else command], set()
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if not _is_spark_function(item):
            found.append(item)
            continue
        cells = getattr(item, "__closure__", None) or ()
        waiting.extend(value for cell in cells if callable(value := _content(cell)))
    # Functions of C (``operator.add``, ``len``) are sent by name, and say little beside the user's own.
    own = [item for item in found if not inspect.isbuiltin(item)]
    return tuple(own or found)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # an empty cell
        return None


def _is_spark_function(item: Any) -> bool:
    module = getattr(item, "__module__", None) or ""
    return hasattr(item, "__closure__") and (module == "pyspark" or module.startswith("pyspark."))


def _first(*names: str) -> Any:
    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    return importlib.import_module(names[-1])
