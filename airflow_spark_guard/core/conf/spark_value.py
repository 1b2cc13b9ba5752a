"""Parses values of Spark's configuration as Spark does. The syntax is narrower than that of ``quantity``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["bool", "int", "duration", "size", "text"]

EXPECTED: dict[Kind, str] = {
    "bool": "true or false",
    "int": "a whole number, such as 8",
    "duration": 'a whole number and a unit (us, ms, s, m, min, h, d), such as "10s" or "5min"',
    "size": 'a whole number and a unit (b, k, m, g, t, p), such as "512m" or "1g"',
    "text": "text",
}
"""The form of valid values by kind, for messages."""

# Spark's numbers have at most 64 bits; leading zeros are allowed.
_NUMBER = re.compile(r"(-?0*\d{1,30})([a-z]+)?", re.ASCII)
_INT = re.compile(r"[+-]?0*\d{1,30}", re.ASCII)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"b": 1} | {
    unit + tail: 1 << 10 * power for power, unit in enumerate("kmgtp", 1) for tail in ("", "b")
}  # fmt: skip
_UNITS: Mapping[str, Mapping[str, float]] = {"duration": _SECONDS, "size": _BYTES}


def number(kind: Kind, text: str, bare: str = "") -> float:
    """Seconds of a duration, bytes of a size, the number itself of an int, 1 or 0 of a bool.

    Args:
        kind: how Spark reads the key.
        text: the value.
        bare: the unit of a value without a unit; each key has its own.

    Raises:
        ValueError: Spark cannot read the value, or it is text.
    """
    text = text.strip().lower()
    if kind == "bool" and text in {"true", "false"}:
        return float(text == "true")
    if kind == "int" and _INT.fullmatch(text):
        return int(text)
    units = _UNITS.get(kind, {})
    match = _NUMBER.fullmatch(text)
    unit = (match[2] or bare) if match else ""
    if match and unit in units:
        return int(match[1]) * units[unit]
    msg = f"not a Spark {kind}: {text!r}"
    raise ValueError(msg)
