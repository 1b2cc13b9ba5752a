"""Of which kind an object is, by its type alone: none of its own code runs (``__class__``, ``__eq__``)."""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

NUMBERS = (type(None), bool, int, float)
# The pickler writes these itself, and never asks them how.
NATIVE = (*NUMBERS, str, bytes, bytearray, dict, list, tuple, set, frozenset)
_DESCRIPTORS = (property, classmethod, staticmethod)
_CODE = (types.FunctionType, types.MethodType, functools.partial, type, types.ModuleType, *_DESCRIPTORS)
_DRIVERS_CLASSES = {"SparkContext", "SparkSession", "RDD", "DataFrame", "Column", "GroupedData", "Catalog"}


def is_a(obj: object, kind: Any) -> bool:
    """Like ``isinstance``, without ``__class__`` of the object."""
    return issubclass(type(obj), kind)


def is_code(obj: object) -> bool:
    """A function or what stands for one: what it captures is listed, and not the thing itself alone."""
    return is_a(obj, _CODE)


def is_descriptor(obj: object) -> bool:
    """A property, a class method or a static method."""
    return type(obj) in _DESCRIPTORS


def is_users_instance(obj: object) -> bool:
    """Whether its class is of the script or of one of its modules, not Python's or a library's."""
    name = module_of(type(obj))
    module = sys.modules.get(name)
    if module is None or name == "__main__":
        return True
    file = getattr(module, "__file__", None)
    is_library = type(file) is not str or "site-packages" in file or "dist-packages" in file
    return not is_library and name.partition(".")[0] not in sys.stdlib_module_names


def module_of(kind: type) -> str:
    """The module of a class; its metaclass is not asked."""
    module = type.__getattribute__(kind, "__module__")
    return module if type(module) is str else ""


def type_name(obj: object) -> str:
    """As ``pandas.core.frame.DataFrame``, ``dict`` for what is built in, ``Scorer`` for the script's own."""
    kind = type(obj)
    name, module = str(type.__getattribute__(kind, "__qualname__")), module_of(kind)
    name = name.rpartition("<locals>.")[2]
    return name if module in {"builtins", "__main__", ""} else f"{module}.{name}"


def drivers_class(kind: type) -> str | None:
    """The name of Spark's class whose objects exist in the driver alone, if it is one; Connect's are its own.

    Source: their ``__getnewargs__`` raise, or they hold a gateway of Py4J.
    """
    for base in type.__getattribute__(kind, "__mro__"):
        name, module = str(type.__getattribute__(base, "__name__")), module_of(base)
        sparks = module.startswith("pyspark.") and not module.startswith("pyspark.sql.connect")
        if (sparks and name in _DRIVERS_CLASSES) or module == "py4j.java_gateway":
            return name
    return None


def is_broadcast(kind: type) -> bool:
    """Spark's Broadcast, in any version."""
    return type.__getattribute__(kind, "__name__") == "Broadcast" and module_of(kind).startswith("pyspark.")
