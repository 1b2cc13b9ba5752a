"""What PySpark pickles for a function: the command of an RDD's operation, or of a UDF."""

from __future__ import annotations

import types
from typing import Any, NamedTuple

from airflow_spark_guard.job.instruments.closures import kinds, members
from airflow_spark_guard.job.instruments.errors import OptionError

_UDF_CLASSES = {"UserDefinedFunction", "UserDefinedTableFunction"}


class Command(NamedTuple):
    """What is sent.

    Attributes:
        func: the user's function in it.
        whole: what Spark pickles.
        name: of the function.
    """

    func: Any
    whole: Any
    name: str


def command_of(func: Any) -> Command:
    """The command for a function, as ``_wrap_function`` in ``pyspark.core.rdd`` and ``pyspark.sql.udf``.

    Raises:
        OptionError: it cannot be called.
    """
    if not callable(func):
        raise OptionError(
            "closure_size measures functions",
            got=f"an object of type {kinds.type_name(func)}",
            expected="a function, a method, a partial, an object that can be called, or a UDF",
            advice="pass the function itself; for a value use broadcast_size",
        )
    attributes = vars(func) if type(func) is types.FunctionType else {}
    if "evalType" in attributes and "returnType" in attributes and "func" in attributes:
        inner = attributes["func"]
        return Command(inner, (inner, attributes["returnType"]), members.name_of(func))
    if _is_udf(type(func)):
        return Command(func.func, (func.func, _return_type(func)), members.name_of(func.func))
    from pyspark.serializers import AutoBatchedSerializer, CPickleSerializer

    serializer = AutoBatchedSerializer(CPickleSerializer())
    return Command(func, (func, None, serializer, serializer), members.name_of(func))


def _is_udf(kind: type) -> bool:
    name = type.__getattribute__(kind, "__name__")
    return name in _UDF_CLASSES and kinds.module_of(kind).startswith("pyspark.")


def _return_type(udf: Any) -> Any:
    """The type, a hundred bytes; None if it is a text that only a running JVM can parse."""
    try:
        return udf.returnType
    except Exception:  # noqa: BLE001 - an AssertionError or an error of PySpark's, by version
        return None
