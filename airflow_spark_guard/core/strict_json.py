"""Parses JSON from outside; any problem raises ``ValueError`` and nothing else."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

# Code that walks through a value later may recurse once per level.
DEEPEST = 200


def strict_json(text: bytes | str) -> Any:
    """The value of a JSON text.

    Args:
        text: UTF-8.

    Raises:
        ValueError: not JSON, nested more than 200 levels deep, a duplicate key in an object, or a number
            that JSON does not allow (NaN, infinity, or one that Python can only read as infinity).
    """
    plain = text.decode() if isinstance(text, bytes) else text
    try:
        value = _DECODER.decode(plain)
    except RecursionError:
        raise _too_deep() from None
    return checked_depth(value, plain)


def checked_depth(value: Any, text: bytes | str) -> Any:
    """The value itself, which was read from this text.

    Raises:
        ValueError: it is nested more than 200 levels deep.
    """
    opening = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
    if sum(map(text.count, opening)) <= DEEPEST:  # type: ignore[arg-type]
        return value
    level = [value]
    for _ in range(DEEPEST):
        level = [item for one in level for item in _inside(one)]
        if not level:
            return value
    raise _too_deep()


def _inside(value: Any) -> Iterable[Any]:
    """Its items that are containers."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict | list)]


def _too_deep() -> ValueError:
    return ValueError(f"nested more than {DEEPEST} levels deep")


def _no_number(name: str) -> NoReturn:
    msg = f"{name} is not a number in JSON"
    raise ValueError(msg)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        msg = "a number that is too large for Python"
        raise ValueError(msg)
    return value


def _without_double(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "duplicate key in an object"
        raise ValueError(msg)
    return found


_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_without_double)
