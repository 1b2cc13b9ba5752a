"""The summary of all measurements as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.text import shown, shown_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_spark_guard.job.instruments.measurement import Measurement, What
    from airflow_spark_guard.job.instruments.metrics import InstrumentMetrics

RULE = "=" * 70
_MOST = 50
_NAME = 60


def banner(title: str) -> str:
    """A title between two rules."""
    return f"{RULE}\n{title}\n{RULE}"


def summary(metrics: InstrumentMetrics) -> str:
    """What was measured, by kind; a warning sign stands before what is too large."""
    blocks = [banner("Instrumentation Metrics Summary")]
    for title, what, row in _BLOCKS:
        if found := metrics.of(what):
            blocks.append(_block(title, metrics, found, row))
    if len(blocks) == 1:
        blocks.append("Nothing was measured.")
    if metrics.left_out:
        blocks.append(f"Left out, so that the job is not slowed down: {metrics.left_out} measurements.")
    return "\n\n".join(blocks) + f"\n{RULE}"


def described(item: Measurement) -> str:
    """The figures of one measurement in one line, without its name."""
    return next(row for _, what, row in _BLOCKS if what == item.what)(item.values)


def _block(
    title: str,
    metrics: InstrumentMetrics,
    found: Sequence[Measurement],
    row: Callable[[Mapping[str, Any]], str],
) -> str:
    lines = [f"{title}:"]
    ordered = sorted(found, key=lambda item: not item.warning)
    for item in ordered[:_MOST]:
        at = f"  [{item.line}]" if item.line else ""
        sign = "\N{WARNING SIGN}" if item.warning else " "
        times = f", {metrics.times(item):,} times" if metrics.times(item) > 1 else ""
        lines.append(f"  {sign} {shown(item.name, _NAME)}: {row(item.values)}{times}{at}")
    if len(ordered) > _MOST:
        lines.append(f"    and {len(ordered) - _MOST} more")
    return "\n".join(lines)


def _closure(values: Mapping[str, Any]) -> str:
    captured = values.get("captured") or []
    largest = f" ({captured[0]['path']}: {_size(captured[0]['bytes'])})" if captured else ""
    return _size(values.get("bytes")) + largest


def _frame(values: Mapping[str, Any]) -> str:
    parts = [f"{_count(values.get('depth'))} operations deep"]
    if values.get("partitions") is not None:
        parts.append(f"{_count(values['partitions'])} partitions")
    if values.get("bytes") is not None:
        parts.append(f"about {_size(values['bytes'])}")
    if values.get("rows") is not None:
        parts.append(f"{values['rows']:,} rows")
    return ", ".join(parts)


def _checkpoint(values: Mapping[str, Any]) -> str:
    before, after = _count(values.get("depth_before")), _count(values.get("depth_after"))
    seconds = values.get("seconds") or 0.0
    return f"from {before} to {after} operations ({values.get('how')} checkpoint, {seconds:.1f} s)"


def _broadcast(values: Mapping[str, Any]) -> str:
    return f"{_size(values.get('bytes'))}, {values.get('type')}"


def _stage(values: Mapping[str, Any]) -> str:
    parts = [f"{_count(values.get('tasks'))} tasks, {values.get('run_s') or 0:.1f} s of run time"]
    for key, word in (("result_bytes", "results"), ("spill_bytes", "spilled")):
        if values.get(key):
            parts.append(f"{_size(values[key])} {word}")
    if (values.get("skew") or 0) > 1:
        parts.append(f"slowest task {values['skew']:.1f} times the median")
    return ", ".join(parts)


def _size(value: float | None) -> str:
    return "unknown size" if value is None else shown_bytes(value)


def _count(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


_BLOCKS: tuple[tuple[str, What, Callable[[Mapping[str, Any]], str]], ...] = (
    ("Closure Sizes", "closure", _closure),
    ("DataFrame Lineage Depths", "frame", _frame),
    ("Checkpoints", "checkpoint", _checkpoint),
    ("Broadcasts", "broadcast", _broadcast),
    ("Stages", "stage", _stage),
)
