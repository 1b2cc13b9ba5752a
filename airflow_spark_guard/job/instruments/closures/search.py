"""How the script reaches an object that cannot be pickled. Reads references; runs no code of the objects."""

from __future__ import annotations

import types
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.closures import kinds, members, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 100_000


def path_to(wanted: object, start: object, path: str) -> str | None:
    """The shortest way from an object to another one, as ``self.client._lock``.

    Args:
        wanted: the object to find.
        start: where to begin.
        path: how the script writes ``start``.

    Returns:
        None if it is not found among the first 100,000 objects: it may be made when the object is pickled.
    """
    waiting = deque([(start, path)])
    known = {id(start)}
    while waiting:
        obj, way = waiting.popleft()
        if obj is wanted:
            return way
        for part, further in _parts(obj, way):
            if id(part) not in known and type(part) not in kinds.NUMBERS and len(known) < MOST:
                known.add(id(part))
                waiting.append((part, further))
    return None


def _parts(obj: Any, path: str) -> Iterator[tuple[Any, str]]:
    if kinds.is_a(obj, types.FunctionType):
        yield from _ways(members.of_function(obj, _state(obj)))
    elif type(obj) is types.MethodType:
        yield from _ways(members.of_method(obj))
    elif type(obj) is partial:
        yield from _ways(members.of_partial(obj))
    elif kinds.is_descriptor(obj):
        yield from _ways(members.of_descriptor(obj, path))
    elif kinds.is_a(obj, type):
        attributes = dict(type.__getattribute__(obj, "__dict__"))
        yield from _ways(members.of_class(obj, (), (attributes, {})))
    elif type(obj) is not types.ModuleType:
        yield from _of_instance(obj, path)


def _ways(found: Iterable[members.Member]) -> Iterator[tuple[Any, str]]:
    return ((one.value, one.path) for one in found)


def _state(func: types.FunctionType) -> tuple[dict[str, Any], dict[str, Any]]:
    """What cloudpickle would send, without asking any object."""
    used = names.names_in(func.__code__)
    return vars(func), {
        "__closure__": func.__closure__,
        "__globals__": {name: value for name, value in func.__globals__.items() if name in used},
        "__defaults__": func.__defaults__,
        "__kwdefaults__": func.__kwdefaults__,
    }


def _of_instance(obj: Any, path: str) -> Iterator[tuple[Any, str]]:
    if kinds.is_a(obj, dict):
        yield from _ways(members.of_container(dict(dict.items(obj)), path))
    elif kinds.is_a(obj, (list, tuple, set, frozenset)):
        native = next(kind for kind in (list, tuple, set, frozenset) if kinds.is_a(obj, kind))
        yield from _ways(members.of_container(list(native.__iter__(obj)), path))
    yield from _ways(members.of_state((_attributes(obj), _slots(obj)), path))


def _attributes(obj: object) -> dict[str, Any]:
    try:
        found = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}


def _slots(obj: object) -> dict[str, Any]:
    found = {}
    for base in type.__getattribute__(type(obj), "__mro__"):
        for name, slot in type.__getattribute__(base, "__dict__").items():
            if type(slot) is types.MemberDescriptorType:
                try:
                    found[name] = slot.__get__(obj)
                except AttributeError:  # without a value yet
                    continue
    return found
