"""Dataclasses as JSON and back, each value checked against the type that its field declares.

A dataclass is an object, a tuple an array, an enumeration its value. What is read has every declared field,
no other, and values of the declared types: one that is nested deeper than they allow is of the wrong type.
A field with a default may be missing if it is marked :data:`LATER`, or if its class is sparse.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping  # noqa: TC003 - the types of its own class are read too
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType
from typing import Any, ClassVar, Final, Literal, NewType, Self, TypeVar, get_args, get_origin, get_type_hints

from airflow_spark_guard.core.errors import SparkGuardError

T = TypeVar("T")
LATER: Final[Mapping[str, bool]] = MappingProxyType({"later": True})
"""``metadata`` of a field that older versions of this package do not write: it then has its default."""
_HUGE = 1e300
_BRIEF = reprlib.Repr()


class Stored:
    """A dataclass that is kept as JSON, or travels as such."""

    sparse: ClassVar[bool] = False
    """Whether what has its default value is left out, here and in whatever the fields hold."""

    @classmethod
    def unreadable(cls, problem: str) -> Exception:
        """The error for JSON of another shape; the text names the place and what was found there."""
        return ValueError(problem)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON."""
        found: dict[str, Any] = encode(self)
        return found

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """The inverse of :meth:`to_json`.

        Raises:
            Exception: what ``unreadable`` makes, for JSON of another shape.
        """
        return decode(cls, raw, cls.unreadable)


def encode(value: Any, *, sparse: bool = False) -> Any:
    """A dataclass, or what a field of one holds, as JSON."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [encode(item, sparse=sparse) for item in value]
    if not is_dataclass(value):
        return value
    sparse = sparse or getattr(value, "sparse", False)
    items = ((field, getattr(value, field.name)) for field in fields(value))
    return {
        field.name: encode(item, sparse=sparse)
        for field, item in items
        if not (sparse and item == field.default)
    }


def decode(kind: type[T], raw: object, error: Callable[[str], Exception] = ValueError) -> T:
    """JSON as a value of this type.

    Args:
        kind: a dataclass, or any type that a field of one may have.
        raw: JSON as Python reads it; a tuple is an array as well.
        error: makes the exception from a text that names the place and what was found there.
    """
    try:
        return _read(kind, raw, "", sparse=False)  # type: ignore[no-any-return]
    except _MismatchError as mismatch:
        raise error(str(mismatch)) from None


class _MismatchError(ValueError):
    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)


def _not(wanted: str, raw: object, path: str) -> _MismatchError:
    return _MismatchError(path, f"{_BRIEF.repr(raw)} is not {wanted}")


def _read(kind: Any, raw: object, path: str, sparse: bool) -> Any:  # noqa: FBT001 - it goes with the path
    kind, origin, parts, may_be_null = _shape(kind)
    if raw is None and may_be_null:
        return None
    if origin is tuple:
        return _items(parts, raw, path, sparse)
    if kind in _SCALARS or origin is Literal:
        fits, wanted = _SCALARS.get(kind) or (parts.__contains__, f"one of {', '.join(filter(None, parts))}")
        if not fits(raw):
            raise _not(wanted, raw, path)
        return raw
    if is_dataclass(kind):
        return _object(kind, raw, path, sparse or getattr(kind, "sparse", False))
    if issubclass(kind, Enum):
        return _member(kind, raw, path)
    return kind(*_items(tuple(_hints(kind).values()), raw, path, sparse))  # a named tuple: an array in JSON


def _member(kind: type[Enum], raw: object, path: str) -> Enum:
    try:
        return kind(raw)
    except ValueError:
        raise _not(f"one of {', '.join(item.value for item in kind)}", raw, path) from None


def _items(parts: tuple[Any, ...], raw: object, path: str, sparse: bool) -> tuple[Any, ...]:  # noqa: FBT001
    many = parts[-1] is Ellipsis
    if not isinstance(raw, list | tuple) or not (many or len(raw) == len(parts)):
        raise _not("an array" if many else f"an array of {len(parts)}", raw, path)
    kinds = parts[:1] * len(raw) if many else parts
    pairs = zip(kinds, raw, strict=True)
    return tuple(_read(kind, item, f"{path}[{at}]", sparse) for at, (kind, item) in enumerate(pairs))


def _object(kind: Any, raw: object, path: str, sparse: bool) -> Any:  # noqa: FBT001
    if not isinstance(raw, dict):
        raise _not("an object", raw, path)
    hints, declared = _hints(kind), _declared(kind)
    if unknown := [name for name in raw if name not in declared]:
        raise _MismatchError(path, f"{_BRIEF.repr(unknown[0])} is unknown")
    if missing := [name for name, field in declared.items() if name not in raw and _is_needed(field, sparse)]:
        raise _MismatchError(path, f"{missing[0]!r} is missing")
    prefix = f"{path}." if path else ""
    found = {name: _read(hints[name], item, prefix + name, sparse) for name, item in raw.items()}
    try:
        return kind(**found)
    except (ValueError, SparkGuardError) as error:
        raise _MismatchError(path, getattr(error, "what", str(error))) from error


def _is_needed(field: Field[Any], sparse: bool) -> bool:  # noqa: FBT001
    has_default = field.default is not MISSING or field.default_factory is not MISSING
    return not has_default or not (sparse or field.metadata.get("later"))


@cache
def _shape(kind: Any) -> tuple[Any, Any, tuple[Any, ...], bool]:
    """The type without its names and its None, its origin, its parts, and whether it may be null."""
    if isinstance(kind, NewType):
        return _shape(kind.__supertype__)
    parts = get_args(kind)
    if NoneType in parts:
        (kind,) = (part for part in parts if part is not NoneType)
        return (*_shape(kind)[:3], True)
    return kind, get_origin(kind), parts, False


@cache
def _declared(kind: Any) -> Mapping[str, Field[Any]]:
    return {field.name: field for field in fields(kind)}


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _is_number(raw: object) -> bool:
    """Neither NaN nor what no float can hold is a number."""
    return isinstance(raw, int | float) and not isinstance(raw, bool) and -_HUGE < raw < _HUGE


_SCALARS: Final[Mapping[Any, tuple[Callable[[object], bool], str]]] = {
    str: (lambda raw: isinstance(raw, str) and not isinstance(raw, Enum), "text"),
    bool: (lambda raw: isinstance(raw, bool), "true or false"),
    int: (lambda raw: type(raw) is int and _is_number(raw), "a whole number"),
    float: (_is_number, "a number"),
}
