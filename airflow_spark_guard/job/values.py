"""Converts values of a job to plain JSON: numpy scalars, dates, decimals and so on; refuses others by path.

Types are recognised by name: a job that does not use numpy, ``decimal`` or ``uuid`` must not pay for their
import.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# MySQL stores JSON of at most 100 levels, Airflow passes on at most 255.
DEEPEST = 64
# Airflow reads these keys as the description of an object, or refuses them.
RESERVED_KEYS = frozenset(
    ("__classname__", "__version__", "__data__", "__id__", "__cache__", "__type", "__source", "__var")
)
# Airflow sends a result to its supervisor as msgpack, whose integers have 64 bits.
SMALLEST_INT, LARGEST_INT = -(2**63), 2**64 - 1
_INFINITE = (float("inf"), float("-inf"))
_LONGEST_KEY = 60
_LONGEST_EXPONENT = 64


class UnfitValueError(ValueError):
    """A value that XCom cannot hold; the message is ``<path> is <what>``."""


def plain(value: Any, path: str = "result", depth: int = 0) -> Any:
    """The value as None, bool, int, float, str, and lists and dicts of them; the original is not changed.

    Raises:
        UnfitValueError: a part of it has another type, cannot be stored, or is nested too deeply.
    """
    if depth > DEEPEST:
        raise UnfitValueError(f"{_cut(path)} is more than {DEEPEST} levels deep")
    if isinstance(value, dict):
        named = [(_key(key, path), item) for key, item in value.items()]
        return {key: plain(item, f"{path}[{_short(key)}]", depth + 1) for key, item in named}
    if isinstance(value, (list, tuple)):
        names = getattr(value, "__fields__", ())  # for a Row
        if len(value) and len(set(names)) == len(value):
            return plain(dict(zip(names, value, strict=True)), path, depth)
        return [plain(item, f"{path}[{place}]", depth + 1) for place, item in enumerate(value)]
    return _stored(single(value, path), path)


def single(value: Any, path: str) -> Any:
    """One value as None, bool, int, float (NaN and infinity too) or str.

    Raises:
        UnfitValueError: it has another type.
    """
    try:
        return _converted(value)
    except Exception as error:  # types of users and libraries may raise anything
        raise UnfitValueError(f"{_cut(path)} is {_kind(value)}") from error


def is_finite(value: float) -> bool:
    """Whether it is neither NaN nor infinite."""
    return value == value and value not in _INFINITE  # noqa: PLR0124 - only NaN differs from itself


def _converted(value: Any) -> Any:
    if value is None or value is True or value is False:
        return value
    kinds = type(value).__mro__
    for kind in kinds:
        convert = _BY_NAME.get(f"{kind.__module__}.{kind.__qualname__}")
        if convert is not None:
            return convert(value)
    if isinstance(getattr(value, "shape", None), tuple) and value.shape == ():
        return _of_scalar_array(value)
    if hasattr(kinds[0], "__fspath__"):
        return _converted(os.fspath(value))
    if kinds[0].__module__.startswith("pyarrow.") and hasattr(kinds[0], "as_py"):
        return _converted(value.as_py())
    msg = "not a single value"
    raise TypeError(msg)


def _of_scalar_array(value: Any) -> Any:
    """A numpy scalar, or a zero-dimensional array of numpy or of a library that follows it."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind == "M":  # item() turns nanoseconds into plain numbers
        text = str(value)
        return None if text == "NaT" else text
    mask = getattr(value, "mask", None)
    if getattr(mask, "dtype", None) is not None and bool(mask):  # a masked value of numpy
        return None
    item = (value.astype("m8[us]") if kind == "m" else value).item()
    if type(item) is type(value):  # numpy's longdouble
        return float(value)
    return _converted(item)


def _of_decimal(value: Any) -> float:
    """As Airflow's own XCom does: an integer if there are no decimal places, else a float."""
    exponent = value.as_tuple().exponent
    whole = isinstance(exponent, int) and 0 <= exponent <= _LONGEST_EXPONENT
    return int(value) if whole else float(value)


def _iso(value: Any) -> str:
    return str(value.isoformat())


# By the name of the type or of one it inherits from, most specific first.
_BY_NAME: Mapping[str, Callable[[Any], Any]] = {
    "enum.Enum": lambda member: _converted(member.value),
    "builtins.str": str.__str__,
    "builtins.int": int,
    "builtins.float": float,
    "decimal.Decimal": _of_decimal,
    "datetime.timedelta": lambda span: span.total_seconds(),
    "datetime.date": _iso,
    "datetime.time": _iso,
    "uuid.UUID": str,
    **{f"pandas._libs.{name}": lambda _: None for name in ("missing.NAType", "tslibs.nattype.NaTType")},
}


def _stored(value: Any, path: str) -> Any:
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, float) and not is_finite(value):
        raise UnfitValueError(f"{_cut(path)} is {value}")
    elif isinstance(value, int) and not SMALLEST_INT <= value <= LARGEST_INT:
        raise UnfitValueError(f"{_cut(path)} is an integer of more than 64 bits")
    return value


def _check_text(text: str, path: str) -> None:
    if "\0" in text:
        raise UnfitValueError(f"{_cut(path)} is text with a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnfitValueError(f"{_cut(path)} is text that is not valid Unicode") from None


def _key(key: Any, path: str) -> str:
    """Refuse keys that ``json`` would silently turn into text: a reader would not find them again."""
    if not isinstance(key, str):
        raise UnfitValueError(f"the key {_short(key)} of {_cut(path)} is not text")
    text = str.__str__(key)  # a subclass may have broken methods
    if text in RESERVED_KEYS:
        raise UnfitValueError(f"the key {text!r} of {_cut(path)} is reserved by Airflow")
    _check_text(text, f"a key of {path}")
    return text


def _short(key: Any) -> str:
    try:
        return repr(key)[:_LONGEST_KEY]
    except Exception:  # noqa: BLE001 - its own __repr__ may raise anything
        return type(key).__name__


def _kind(value: Any) -> str:
    name = type(value).__name__
    try:
        return f"{name} of shape {value.shape}" if isinstance(value.shape, tuple) else name
    except Exception:  # noqa: BLE001 - it has no shape, or reading it fails
        return name


def _cut(path: str) -> str:
    return path if len(path) <= 200 else f"{path[:80]} ... {path[-80:]}"  # noqa: PLR2004
