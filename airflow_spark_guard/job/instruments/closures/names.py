"""Which names the code of a function uses."""

from __future__ import annotations

import types
from typing import Any

from airflow_spark_guard.job.instruments.closures import kinds


def names_in(code: types.CodeType) -> set[str]:
    """Names of globals and of attributes, also in the functions inside."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            found |= names_in(constant)
    return found


def names_used(func: types.FunctionType, owner: type | None) -> set[str]:
    """What a function names, and the methods and properties of ``owner`` that it names, and those in turn."""
    methods = _methods(owner) if owner is not None else {}
    found: set[str] = set()
    waiting = names_in(func.__code__)
    while waiting:
        found |= waiting
        following: set[str] = set()
        for name in waiting:
            for method in methods.get(name, ()):
                following |= names_in(method.__code__)
        waiting = following - found
    return found


def _methods(owner: type) -> dict[str, list[types.FunctionType]]:
    found: dict[str, list[types.FunctionType]] = {}
    for base in type.__getattribute__(owner, "__mro__"):
        for name, value in type.__getattribute__(base, "__dict__").items():
            found.setdefault(name, []).extend(functions_of(value))
    return found


def functions_of(value: Any) -> list[types.FunctionType]:
    """The Python functions of a method, a class method, a static method or a property."""
    parts = [value]
    if type(value) is property:
        parts = [value.fget, value.fset, value.fdel]
    elif kinds.is_descriptor(value):
        parts = [value.__func__]
    return [one for one in parts if kinds.is_a(one, types.FunctionType)]
