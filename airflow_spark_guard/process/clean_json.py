"""JSON for a record: without secrets, control characters and NaN."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.text.masking import MASK, is_secret_key
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEEPEST = 12


def clean_json(fields: Mapping[str, Any]) -> str:
    """The fields as standard JSON on one line; what JSON does not have becomes text."""
    return json.dumps(_clean(fields, _DEEPEST))


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return safe_text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth and hasattr(value, "items"):
        return {
            safe_text(str(key)): MASK
            if is_secret_key(str(key)) and not isinstance(item, bool | int | float | None)
            else _clean(item, depth - 1)
            for key, item in value.items()
        }
    if depth and isinstance(value, list | tuple):
        return [_clean(item, depth - 1) for item in value]
    return safe_text(str(value))
