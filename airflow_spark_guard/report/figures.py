"""The charts of a report: what ran when, how many slots were used, memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.quantity import counted
from airflow_spark_guard.report.figure import MS, Figure, time_axis
from airflow_spark_guard.report.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spark_guard.core.history.model import ApplicationHistory, Sample
    from airflow_spark_guard.report.figure import Mark

_MIB: Final = 1 << 20
_FEW: Final = 8


def figures(history: ApplicationHistory, marks: Sequence[Mark]) -> tuple[Figure, ...]:
    """The charts for which there is something to draw, in the page's order."""
    made = (timeline(history, marks), usage(history), memory(history))
    return tuple(figure for figure in made if figure is not None)


def usage(history: ApplicationHistory) -> Figure | None:
    """Task slots that there were, and how many of them ran a task."""
    samples = [one for one in history.samples if one.cores is not None or one.running is not None]
    if len(samples) < 2:  # noqa: PLR2004 - two points make a line
        return None
    most = max(one.running or 0 for one in samples)
    slots = max(one.cores or 0 for one in samples)
    return Figure(
        "usage",
        "Task slots",
        f"{_ran(most)}, {_slots(slots)}.",
        (
            *([_line("slots", "series-2", samples, lambda one: one.cores, shape="hv")] if slots else []),
            _line("running tasks", "series-1", samples, lambda one: one.running, shape="hv", fill="tozeroy"),
        ),
        {"height": 240, "xaxis": time_axis(history), "yaxis": {"rangemode": "tozero", **_whole(most, slots)}},
    )


def _whole(*most: int) -> dict[str, int]:
    """Of a few tasks there is no half."""
    return {"dtick": 1} if max(most) <= _FEW else {}


def _ran(most: int) -> str:
    return f"At most {counted(most, 'task')} ran at once" if most else "No task ran"


def _slots(most: int) -> str:
    return f"in at most {counted(most, 'slot')}" if most else "and the number of slots is not known"


def memory(history: ApplicationHistory) -> Figure | None:
    """Resident memory of the driver's processes and of Python workers, in MiB."""
    kinds: tuple[tuple[str, str, Callable[[Sample], int | None]], ...] = (
        ("driver JVM", "series-1", lambda one: one.driver_jvm),
        ("driver Python", "series-2", lambda one: one.driver_python),
        ("Python workers", "series-3", lambda one: one.workers),
        ("executors' JVMs", "series-4", lambda one: one.executor_jvms),
    )
    traces, peaks = [], []
    for name, colour, value in kinds:
        known = [one for one in history.samples if value(one) is not None]
        if known:
            peaks.append(f"{name} {max(value(one) or 0 for one in known) // _MIB} MiB")
            traces.append(_line(name, colour, known, partial(_mebibytes, value)))
    if not traces:
        return None
    layout = {
        "height": 240,
        "xaxis": time_axis(history),
        "yaxis": {"rangemode": "tozero", "ticksuffix": " MiB"},
    }
    return Figure("memory", "Memory", f"Peaks: {', '.join(peaks)}.", tuple(traces), layout)


def _mebibytes(value: Callable[[Sample], int | None], sample: Sample) -> float:
    return (value(sample) or 0) / _MIB


def _line(
    name: str,
    colour: str,
    samples: Sequence[Sample],
    value: Callable[[Sample], float | None],
    *,
    shape: str = "linear",
    fill: str = "none",
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [one.at * MS for one in samples],
        "y": [value(one) for one in samples],
        "line": {"color": colour, "shape": shape},
        "fill": fill,
    }
