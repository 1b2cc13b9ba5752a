"""A measurement in words: the warning, and one short line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.quantity import counted, readable_duration, readable_size

if TYPE_CHECKING:
    from airflow_spark_guard.core.instruments.instrument import Captured, Instrument

_TITLES = {
    "closure": "Closure",
    "frame": "DataFrame",
    "checkpoint": "Checkpoint of",
    "broadcast": "Broadcast",
    "stage": "Stage",
}


def warning_of(instrument: Instrument) -> str:
    """The sentence of a warning with the line of the script; empty if nothing is wrong."""
    sentence, line = instrument.warning, instrument.line
    return f"{sentence} ({line})" if sentence and line and line not in sentence else sentence


def short(instrument: Instrument) -> str:
    """One line: ``Closure save_partition: 21.8 MiB, captures self.model (Model, 21.8 MiB) (job.py:38)``."""
    name = instrument.name
    if instrument.what == "stage" and (number := instrument.number("stage")) is not None:
        name = f"{number:.0f} ({name})" if name else f"{number:.0f}"
    parts = ", ".join(_parts(instrument))
    line = f" ({instrument.line})" if instrument.line and instrument.line not in name else ""
    return f"{_TITLES[instrument.what]} {name or 'without a name'}{': ' if parts else ''}{parts}{line}"


def captured_words(captured: Captured) -> str:
    """``self.model (Model, 21.8 MiB)``."""
    size = readable_size(captured.bytes) if captured.bytes is not None else ""
    more = ", ".join(filter(None, (captured.type, size)))
    path = captured.path or "an object"
    return f"{path} ({more})" if more else path


def _parts(instrument: Instrument) -> list[str]:
    texts = (
        *_depths(instrument),
        _counted(instrument.number("tasks"), "task"),
        _counted(instrument.number("partitions"), "partition"),
        _counted(instrument.number("columns"), "column"),
        _size(instrument.number("bytes"), "{} estimated" if instrument.what == "frame" else "{}"),
        _size(instrument.number("spill_bytes") or None, "{} spilled"),
        _size(instrument.number("result_bytes") or None, "{} of results"),
        _skew(instrument.number("skew")),
        instrument.texts.get("how", ""),
        instrument.texts.get("type", ""),
        _duration(instrument.number("seconds")),
        *(f"captures {captured_words(one)}" for one in instrument.captured[:1]),
    )
    return [text for text in texts if text]


def _depths(instrument: Instrument) -> tuple[str, ...]:
    before, after = instrument.number("depth_before"), instrument.number("depth_after")
    depth = instrument.number("depth")
    if before is not None and after is not None:
        return (f"lineage depth {before:.0f} before, {after:.0f} after",)
    return () if depth is None else (f"lineage depth {depth:.0f}",)


def _counted(number: float | None, noun: str) -> str:
    return "" if number is None else counted(number, noun)


def _size(number: float | None, text: str) -> str:
    return "" if number is None else text.format(readable_size(number))


def _duration(number: float | None) -> str:
    return "" if number is None else readable_duration(number)


def _skew(number: float | None) -> str:
    return "" if number is None else f"skew {number:.3g}"
