"""Finds values that Spark cannot read, or reads differently from what was probably meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_view import READABLE, Problem, read
from airflow_spark_guard.core.quantity import readable_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.conf.conf_view import ConfView
    from airflow_spark_guard.core.conf.known_confs import KnownConf

_BARE = re.compile(r"\s*-?\d+\s*", re.ASCII)
# The factor from Spark's default beyond which a number without a unit looks like one in another unit.
_FAR = {"duration": 250, "size": 1000}
# Milliseconds as seconds are not exact floats.
_ROUNDING = 1e-6


def lint_values(view: ConfView) -> Iterator[Problem]:
    """Problems of the user's single values."""
    for key, found in view.values.items():
        row = view.known.get(key)
        if row is None or not view.is_users(key) or "${" in found.value:
            continue
        if row.new_key and not row.kind:
            continue  # an old spelling may have a unit of its own
        if row.kind not in {"", "text"}:
            yield from _lint(view, row, found.value)


def _lint(view: ConfView, row: KnownConf, text: str) -> Iterator[Problem]:
    try:
        value = read(row.kind, text, row.bare)
    except ValueError:
        yield _unreadable(view, row)
        return
    if row.kind in _FAR and value > 0:
        yield from _unit(view, row, text, value)


def _unreadable(view: ConfView, row: KnownConf) -> Problem:
    fatal = row.read_at_start or row.key.startswith("spark.sql.")
    then = "Spark refuses to start" if fatal else "Spark fails when it reads it"
    return Problem(
        "error" if fatal else "warning",
        row.key,
        f"{view.shown(row.key)} cannot be read; {then}.",
        expected=READABLE[row.kind],
        advice=f"Write {READABLE[row.kind]}.",
    )


def _unit(view: ConfView, row: KnownConf, text: str, value: float) -> Iterator[Problem]:
    whole = read(row.kind, "1", row.bare)
    parts = value / whole
    if abs(parts - round(parts)) > _ROUNDING:
        yield Problem(
            "warning",
            row.key,
            f"{view.shown(row.key)} is truncated to whole {row.bare}: {int(parts)}{row.bare}.",
            advice=f"Write a whole number of {row.bare}.",
        )
    elif _BARE.fullmatch(text) and _is_far(row, value):
        yield Problem(
            "warning",
            row.key,
            f"{view.shown(row.key)} has no unit and is read as {text.strip()}{row.bare}"
            f"{_as_text(row, value)}; Spark's default is {row.default}.",
            advice="Add the unit.",
        )


def _is_far(row: KnownConf, value: float) -> bool:
    try:
        own = read(row.kind, row.default, row.bare)
    except ValueError:
        return False
    far = _FAR[row.kind]
    return own > 0 and not own / far < value < own * far


def _as_text(row: KnownConf, value: float) -> str:
    return f", which is {readable_duration(value)}" if row.kind == "duration" else ""
