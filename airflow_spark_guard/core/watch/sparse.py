"""Dataclasses as JSON without their default values, so that a line of the record stays short."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


def sparse(value: Any) -> dict[str, Any]:
    """A dataclass as JSON; whole where a field has no default."""
    found: dict[str, Any] = {}
    for field in fields(value):
        item = getattr(value, field.name)
        if item == field.default:
            continue
        if isinstance(item, tuple):
            item = [sparse(row) if hasattr(row, "__dataclass_fields__") else row for row in item]
        elif hasattr(item, "__dataclass_fields__"):
            item = sparse(item)
        found[field.name] = item
    return found
