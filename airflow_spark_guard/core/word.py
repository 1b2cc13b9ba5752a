"""Converts single values to text for a command line, an environment or a configuration.

Numbers of numpy, and of libraries like it, are accepted; numpy itself is not imported.
"""

from __future__ import annotations

import datetime as dt
import enum
import os
from decimal import Decimal
from uuid import UUID

# Types that can be one word of a command line.
_SINGLE = (
    *(str, int, float, Decimal, UUID, os.PathLike),
    *(dt.date, dt.time, dt.timedelta),
)


def word(value: object) -> str | None:
    """The value as written by ``str``; None if it is missing or not a single value.

    For a member of an enum its value is used.
    """
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, str):
        return str.__str__(value)
    if is_missing(value) or isinstance(value, bytes):  # numpy's bytes are a scalar
        return None
    return _text(value) if isinstance(value, _SINGLE) or _is_scalar(value) else None


def number(value: object) -> str | None:
    """A finite number or a boolean as Spark reads it; None for anything else."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, str) or not (isinstance(value, int | float | Decimal) or _is_scalar(value)):
        return None
    text = word(value) or ""
    if text in ("True", "False"):
        return text.lower()
    try:
        found = Decimal(text)
    except ArithmeticError:  # a time or a text of numpy, a complex number
        return None
    if not found.is_finite():
        return None
    return f"{found:f}" if isinstance(value, Decimal) else text


def is_missing(value: object) -> bool:
    """Whether it is None, numpy's masked value, or a missing time of numpy or pandas, which have a text."""
    if value is None:
        return True
    return (_is_scalar(value) or isinstance(value, dt.date)) and str(value) in ("--", "NaT")


def _is_scalar(value: object) -> bool:
    """Whether it is a numpy scalar or a zero-dimensional array."""
    return getattr(type(value), "shape", None) is not None and getattr(value, "shape", None) == ()


def _text(value: object) -> str | None:
    try:
        return str(value)
    except ValueError:  # an integer with more digits than Python writes
        return None
