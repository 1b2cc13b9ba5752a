"""The measurements of one attempt, a row for each thing that was measured; those with a warning first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spark_guard.core.instruments.instrument import Instrument

SKEWED: Final = 2.0
"""Longest task divided by the median from which on a stage is listed; it is not a limit."""
SHORT: Final = 1.0
"""Seconds: a stage whose longest task takes less is not listed for its skew."""


@dataclass(frozen=True)
class FrameRow:
    """What was measured of the DataFrame of one name.

    Attributes:
        name: of the DataFrame.
        frame: its newest measurement; None if there are only checkpoints.
        checkpoint: its newest checkpoint; None without one.
        depth: of its lineage before the checkpoint, the largest that was seen; None if it is not known.
        line: of the script; empty if it is not known.
        has_warning: whether one of the measurements has a warning.
    """

    name: str
    frame: Instrument | None
    checkpoint: Instrument | None
    depth: float | None
    line: str
    has_warning: bool


def largest(measured: Iterable[Instrument], what: str) -> list[Instrument]:
    """Closures or broadcasts, the largest measurement of each name and line, those with a warning first."""
    chosen: dict[tuple[str, str], Instrument] = {}
    for one in measured:
        key = (one.name, one.line)
        if one.what == what and (key not in chosen or _weight(one) >= _weight(chosen[key])):
            chosen[key] = one
    return sorted(chosen.values(), key=_weight, reverse=True)


def uneven_stages(measured: Iterable[Instrument]) -> list[Instrument]:
    """Stages with a warning, spill or skew, the newest measurement of each, those with a warning first."""
    chosen: dict[tuple[object, ...], Instrument] = {}
    for one in measured:
        if one.what == "stage":
            number = one.number("stage")
            chosen[(number, one.number("attempt"), "" if number is not None else one.name)] = one
    found = [one for one in chosen.values() if one.warning or one.number("spill_bytes") or _is_skewed(one)]
    return sorted(found, key=_unevenness, reverse=True)


def frames(measured: Iterable[Instrument]) -> list[FrameRow]:
    """DataFrames by name, with their checkpoints; those with a warning first, then the deepest."""
    found: dict[str, list[Instrument]] = {}
    for one in measured:
        if one.what in {"frame", "checkpoint"}:
            found.setdefault(one.name, []).append(one)
    rows = [_frame(name, of_name) for name, of_name in found.items()]
    return sorted(rows, key=lambda row: (row.has_warning, row.depth or 0.0), reverse=True)


def warned(measured: Iterable[Instrument]) -> list[Instrument]:
    """The newest measurement with each warning, in the order in which the warnings came first."""
    return list({one.warning: one for one in measured if one.warning}.values())


def _frame(name: str, measured: Sequence[Instrument]) -> FrameRow:
    frame = next((one for one in reversed(measured) if one.what == "frame"), None)
    checkpoint = next((one for one in reversed(measured) if one.what == "checkpoint"), None)
    depths = [one.number("depth_before" if one.what == "checkpoint" else "depth") for one in measured]
    return FrameRow(
        name,
        frame,
        checkpoint,
        max((depth for depth in depths if depth is not None), default=None),
        _first(one.line for one in (frame, checkpoint) if one is not None),
        any(one.warning for one in measured),
    )


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def _is_skewed(stage: Instrument) -> bool:
    longest = stage.number("max_s")
    return (stage.number("skew") or 0.0) >= SKEWED and (longest is None or longest >= SHORT)


def _weight(one: Instrument) -> tuple[bool, float]:
    return bool(one.warning), one.number("bytes") or 0.0


def _unevenness(one: Instrument) -> tuple[bool, float, float]:
    return bool(one.warning), one.number("spill_bytes") or 0.0, one.number("skew") or 0.0
