"""Checks that a value from outside has the types that its class declares."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_HUGE = 1e300


def checked_types(value: Any) -> Any:
    """The dataclass instance itself; nested ones are not checked.

    Raises:
        TypeError: a field has another type than it declares, or a number that a float cannot hold.
    """
    for field in fields(value):
        found = getattr(value, field.name)
        if not any(_KNOWN.get(kind, _is_anything)(found) for kind in str(field.type).split(" | ")):
            msg = f"{field.name} is not of type {field.type}"
            raise TypeError(msg)
    return value


def _is_anything(_: object) -> bool:
    return True


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Enum)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_HUGE < value < _HUGE


_KNOWN: dict[str, Callable[[object], bool]] = {
    "str": _is_text,
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: type(value) is int and _is_number(value),
    "float": _is_number,
    "None": lambda value: value is None,
    "tuple[int, ...]": lambda value: isinstance(value, tuple) and all(type(item) is int for item in value),
    "tuple[str, ...]": lambda value: isinstance(value, tuple) and all(map(_is_text, value)),
}
