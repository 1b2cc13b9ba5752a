"""What an object consists of, each part with its name as the script would write it."""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_spark_guard.job.instruments.closures import kinds
from airflow_spark_guard.job.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_spark_guard.job.instruments.closures.captures import How

SELF = "self"
_NAME = 60


class Member(NamedTuple):
    """A part of an object.

    Attributes:
        value: the part.
        path: how the script writes it.
        how: how it is captured; None: as the object it is a part of.
        is_root: whether it is captured by itself, and is not a part of something captured.
    """

    value: Any
    path: str
    how: How | None = None
    is_root: bool = True


def name_of(obj: Any) -> str:
    """The short name of a function or class, or of the type of something else that can be called."""
    if kinds.is_a(obj, functools.partial):
        return name_of(obj.func)
    if kinds.is_a(obj, types.MethodType):
        return name_of(obj.__func__)
    if kinds.is_a(obj, types.FunctionType):
        return shown(obj.__name__, _NAME)
    kind = obj if kinds.is_a(obj, type) else type(obj)
    return shown(str(type.__getattribute__(kind, "__name__")), _NAME)


def of_function(func: types.FunctionType, state: Any) -> Iterator[Member]:
    """What a function captures; the state is cloudpickle's, which holds the globals that the code names."""
    attributes, slots = state
    code = func.__code__
    for name, cell in zip(code.co_freevars, slots["__closure__"] or (), strict=False):
        try:
            yield Member(cell.cell_contents, name, "attribute of self" if name == SELF else "nonlocal")
        except ValueError:  # a variable without a value yet
            continue
    for name, value in slots["__globals__"].items():
        yield Member(value, name, "global")
    defaults = slots["__defaults__"] or ()
    positional = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    given = [*zip(positional, defaults, strict=False), *(slots["__kwdefaults__"] or {}).items()]
    for name, value in given:
        yield Member(value, f"default argument {name}", "default argument")
    for name, value in attributes.items():
        yield Member(value, f"{name_of(func)}.{name}", "function attribute")


def of_class(kind: type, constructor: tuple[Any, ...], state: Any) -> Iterator[Member]:
    """Attributes and methods of a class that is sent by value, and its base classes."""
    name = name_of(kind)
    for value in constructor:
        for base in value if type(value) is tuple else ():
            yield Member(base, name_of(base), "class")
    for attribute, value in (state[0] if type(state) is tuple else {}).items():
        is_method = kinds.is_code(value)
        if is_method or not attribute.startswith("__"):
            yield Member(value, f"{name}.{shown(attribute)}", "function" if is_method else "class attribute")


def of_partial(obj: Any) -> Iterator[Member]:
    """The function of a partial, and the arguments that it holds."""
    yield Member(obj.func, name_of(obj.func), "function")
    for number, value in enumerate(obj.args):
        yield Member(value, f"functools.partial argument {number}", "partial argument")
    for name, value in obj.keywords.items():
        yield Member(value, f"functools.partial argument {shown(name)}", "partial argument")


def of_method(obj: types.MethodType) -> Iterator[Member]:
    """The function of a bound method, and the object or class that it is bound to."""
    yield Member(obj.__func__, name_of(obj), "function")
    if kinds.is_a(obj.__self__, type):
        yield Member(obj.__self__, name_of(obj.__self__), "class")
    else:
        yield Member(obj.__self__, SELF, "attribute of self")


def of_state(state: Any, path: str) -> Iterator[Member]:
    """Attributes of an object: a dict, or a pair of dicts if the class has slots."""
    parts = state if type(state) is tuple else (state,)
    for part in parts:
        for name, value in part.items() if type(part) is dict else ():
            if type(name) is str:
                yield Member(value, f"{path}.{shown(name)}", is_root=False)


def of_container(obj: Any, path: str) -> Iterator[Member]:
    """Members of a dict, list or tuple. A key is shown if it is a text or a number, else its type."""
    pairs: Iterator[tuple[Any, Any]] = iter(_pairs(obj))
    for key, value in pairs:
        if type(key) is str:
            step = f'"{shown(key)}"'
        else:
            step = str(key) if type(key) is int and abs(key) < 1 << 64 else f"<{type_name_of_key(key)}>"
        yield Member(value, f"{path}[{step}]", is_root=False)


def type_name_of_key(key: object) -> str:
    """The type of a key that is not shown."""
    return shown(kinds.type_name(key), _NAME)


def _pairs(obj: Any) -> Any:
    return obj.items() if type(obj) is dict else enumerate(obj)


def of_descriptor(obj: Any, path: str) -> Iterator[Member]:
    """The functions of a property, class method or static method."""
    functions = (obj.fget, obj.fset, obj.fdel) if type(obj) is property else (obj.__func__,)
    for one in functions:
        if one is not None:
            yield Member(one, path, "function")


def of_module(state: Mapping[str, Any], name: str) -> Iterator[Member]:
    """All of a module that is sent by value."""
    for attribute, value in state.items():
        if not attribute.startswith("__"):
            yield Member(value, f"{name}.{attribute}", "member of a module")
