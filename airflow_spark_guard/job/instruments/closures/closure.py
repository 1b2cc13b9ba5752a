"""The size of a function as Spark sends it, and which captured objects make it up."""

from __future__ import annotations

import types
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_spark_guard.job.instruments.closures import kinds, members, names
from airflow_spark_guard.job.instruments.closures.captures import ClosureSize
from airflow_spark_guard.job.instruments.closures.closure_advice import advice_of
from airflow_spark_guard.job.instruments.closures.commands import Command, command_of
from airflow_spark_guard.job.instruments.closures.listing import listed
from airflow_spark_guard.job.instruments.closures.unpicklable import unpicklable
from airflow_spark_guard.job.instruments.closures.walk import Unreducible
from airflow_spark_guard.job.instruments.thresholds import Thresholds
from airflow_spark_guard.job.text import shown

if TYPE_CHECKING:
    from airflow_spark_guard.job.instruments.closures.measure import Measured

SECONDS = 10.0
_NAME = 80


def closure_size(
    func: Any,
    name: str | None = None,
    *,
    threshold: int | None = None,
    seconds: float = SECONDS,
) -> ClosureSize:
    """Measure a function as Spark would pickle it, without keeping the pickle. Needs no running Spark.

    Each object is pickled once. That runs its own ``__reduce__`` or ``__getstate__``, as Spark does when the
    function is used; ``__repr__``, ``__eq__``, ``__hash__`` and ``__sizeof__`` of captured objects never run.

    Args:
        func: a function, a lambda, a method, a partial, an object that can be called, or a UDF of any kind.
        name: how to name it in messages, else its own name.
        threshold: bytes above which ``advice`` is given, else ``Thresholds.closure``.
        seconds: time to spend, checked at every 64 KiB of the pickle; after it ``complete`` is False.

    Returns:
        Bytes of the pickled command, as ``CloudPickleSerializer`` writes it, and what they consist of.

    Raises:
        OptionError: ``func`` cannot be called.
        UnpicklableError: Spark could not send it; names the object and how the script reaches it.
    """
    command = command_of(func)
    called = command.name if name is None else shown(str(name), _NAME)
    measured = _measured(command, called, seconds)
    used = _names_used(command.func)
    captured = listed(measured.nodes, measured.size, used)
    limit = Thresholds().closure if threshold is None else threshold
    advice = advice_of(called, measured.size, limit, captured, _needed(measured, used or set()))
    return ClosureSize(called, measured.size, captured, measured.complete, advice)


def _measured(command: Command, name: str, seconds: float) -> Measured:
    # Imports PySpark, which this module can be imported without.
    from airflow_spark_guard.job.instruments.closures.measure import CannotPickle, measure

    try:
        return measure(command.func, command.whole, seconds)
    except Unreducible as error:
        _refuse(name, error.node.obj, error.node.obj, error.node.path, error)
    except CannotPickle as error:
        node = error.node
        start, path = (command.func, name) if node is None else (node.obj, node.path)
        _refuse(name, error.culprit, start, path, error)


def _refuse(name: str, culprit: object, start: object, path: str, error: Exception) -> NoReturn:
    cause = error.__cause__ or error
    raise unpicklable(f"Spark cannot send the function `{name}`", culprit, start, path, cause) from cause


def _needed(measured: Measured, used: set[str]) -> list[str]:
    """Attributes of ``self`` that the function uses, also numbers, which no node stands for."""
    own = next((node for node in measured.nodes if node.path == members.SELF), None)
    state = own.reduction.state if own is not None and own.reduction is not None else None
    return [shown(name) for name in state if name in used] if type(state) is dict else []


def _names_used(func: Any) -> set[str] | None:
    """The names that a function uses, if it captures ``self``; else None."""
    inner = func.func if type(func) is partial else func
    called: Any
    owner: type | None
    if type(inner) is types.MethodType:
        called, owner = inner.__func__, type(inner.__self__)
    elif kinds.is_a(inner, types.FunctionType):
        called, owner = inner, _owner(inner)
    else:
        called, owner = _call_of(inner), type(inner)
    if owner is None or not kinds.is_a(called, types.FunctionType):
        return None
    return names.names_used(called, owner)


def _owner(func: Any) -> type | None:
    """The class of the ``self`` that an inner function captures."""
    cells = dict(zip(func.__code__.co_freevars, func.__closure__ or (), strict=False))
    try:
        return type(cells[members.SELF].cell_contents)
    except (KeyError, ValueError):  # no such variable, or one without a value yet
        return None


def _call_of(obj: object) -> Any:
    """``__call__`` of an object's class."""
    for base in type.__getattribute__(type(obj), "__mro__"):
        if "__call__" in (attributes := type.__getattribute__(base, "__dict__")):
            return attributes["__call__"]
    return None
