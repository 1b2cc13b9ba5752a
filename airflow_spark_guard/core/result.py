"""Checks whether the result that a job has reported can be stored as the task's XCom.

``job/values.py`` makes the same checks in the job. They are repeated here because any process of the job can
write to the channel, and because Airflow would fail a job that has done its work.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# MySQL stores JSON of at most 100 levels, Airflow passes on at most 255.
DEEPEST: Final = 64
# Airflow reads these keys as the description of an object, or refuses them (its FORBIDDEN_XCOM_KEYS).
RESERVED_KEYS: Final = frozenset(
    ("__classname__", "__version__", "__data__", "__id__", "__cache__", "__type", "__source", "__var")
)
# Airflow sends a result to its supervisor as msgpack, whose integers have 64 bits.
SMALLEST_INT: Final = -(2**63)
LARGEST_INT: Final = 2**64 - 1
_LONGEST = 200


def result_trouble(value: Any, limit: int) -> str:
    """The reason why Airflow cannot store this value; empty if it can.

    Args:
        value: as returned by ``json.loads``.
        limit: maximum size in bytes of JSON, ``GuardLimits.result_size``.
    """
    trouble = next(_troubles(value, "result", 0), "")
    if trouble:
        return trouble[:_LONGEST]
    size = len(json.dumps(value))
    return "" if size <= limit else f"it has {size} bytes of JSON (limit: {limit}, GuardLimits.result_size)"


def _troubles(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        yield f"{path[:80]} is more than {DEEPEST} levels deep"
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in RESERVED_KEYS:
                yield f"the key {key!r} of {path} is reserved by Airflow"
            yield from _of_text(key, f"a key of {path}")
            yield from _troubles(item, f"{path}[{key!r:.60}]", depth + 1)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _troubles(item, f"{path}[{place}]", depth + 1)
    elif isinstance(value, str):
        yield from _of_text(value, path)
    else:
        yield from _of_number(value, path)


def _of_number(value: float | None, path: str) -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{path} is {value}"
    elif isinstance(value, int) and not SMALLEST_INT <= value <= LARGEST_INT:
        yield f"{path} is an integer of more than 64 bits"


def _of_text(text: str, path: str) -> Iterator[str]:
    if "\0" in text:
        yield f"{path} is text with a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        yield f"{path} is text that is not valid Unicode"
