"""Durations and sizes as people and Spark write them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import TypeAlias

Duration: TypeAlias = str | float | timedelta
"""What :func:`seconds` reads: ``"90s"``, ``"1h 30m"``, or a number of seconds."""
Size: TypeAlias = str | int
"""What :func:`size_in_bytes` reads: ``"64k"``, or a number of bytes."""
Count: TypeAlias = str | int
"""What :func:`whole_number` reads."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|sec|s|min|m|hr|h|d)?", re.ASCII)
_SECONDS = {
    "ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hr": 3600, "d": 86400,
}  # fmt: skip
_SIZE = re.compile(r"(\d+)\s*(b|k|kb|kib|m|mb|mib|g|gb|gib|t|tb|tib|p|pb|pib)?", re.ASCII)
_BYTES = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def seconds(value: object) -> float:
    """Seconds of a number (seconds), a ``timedelta`` or a text such as ``"90"``, ``"2h"``, ``"1h 30m"``.

    Raises:
        ValueError: the value has another type or form.
    """
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError):  # an integer of hundreds of digits
            return float(value)
    if isinstance(value, str):
        text = value.strip().lower()
        parts = list(_DURATION.finditer(text))
        if parts and _DURATION.sub("", text).strip() == "" and (len(parts) == 1 or all(p[2] for p in parts)):
            return sum(float(p[1]) * _SECONDS[p[2] or "s"] for p in parts)
    msg = f"not a duration: {value!r}"
    raise ValueError(msg)


def size_in_bytes(value: object) -> int:
    """Bytes of a number (bytes) or a text such as ``"64k"``, ``"2g"`` (powers of 1024, as Spark's).

    Raises:
        ValueError: the value has another type or form.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip().lower())):
        return int(match[1]) * _BYTES[(match[2] or "b")[0]]
    msg = f"not a size: {value!r}"
    raise ValueError(msg)


def whole_number(value: object) -> int:
    """A count; text of digits is one too.

    Raises:
        ValueError: the value has another type or form.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        msg = f"not a count: {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - text that is not a number raises ValueError too
    return int(value)


def readable_duration(value: float) -> str:
    """``5400`` -> ``"1h 30m"``; below a minute ``"12.5s"``."""
    short = f"{value:.3g}"
    if float(short) < 60:  # noqa: PLR2004 - a minute, as it will be shown
        return f"{short}s"
    rest = round(value)
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts)


def readable_size(count: float) -> str:
    """``1536`` -> ``"1.5 KiB"``; three digits."""
    number = 0
    while count >= _STEP and number < len(_UNITS) - 1:
        count, number = count / _STEP, number + 1
    return f"{count:.3g} {_UNITS[number]}" if count < 1000 else f"{count:.0f} {_UNITS[number]}"  # noqa: PLR2004


def counted(number: float, noun: str) -> str:
    """``1, "task"`` -> ``"1 task"``; ``2000, "task"`` -> ``"2,000 tasks"``."""
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}"
