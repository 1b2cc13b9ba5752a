"""The charts of a report, as plotly's JSON: what ran when, how many slots were used, memory.

Colours are names of the page's palette (``series-1``); the page's script puts in the values, light or dark.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.history.executor_time import lost_executors
from airflow_spark_guard.core.history.labels import descriptions, stage_label
from airflow_spark_guard.core.quantity import counted, readable_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_spark_guard.core.clock import EpochTime
    from airflow_spark_guard.core.history.model import (
        ApplicationHistory,
        ExecutorHistory,
        Sample,
        StageHistory,
    )

MOST_BARS: Final = 40
_MS: Final = 1000
_MIB: Final = 1 << 20
_TIME: Final = {
    "type": "date",
    "tickformatstops": [
        {"dtickrange": [None, 86_400_000], "value": "%H:%M:%S"},
        {"dtickrange": [86_400_000, None], "value": "%b %d"},
    ],
}
_SHORTEST_BAR: Final = 0.002  # of the whole, so that nothing is too thin to be seen


@dataclass(frozen=True)
class Mark:
    """A moment that the timeline shows as a line.

    Attributes:
        at: when.
        text: what happened.
        kind: ``verdict``, ``limit``, ``loss``: its colour.
    """

    at: EpochTime
    text: str
    kind: str


@dataclass(frozen=True)
class Figure:
    """One chart.

    Attributes:
        name: its id on the page.
        title: above it.
        alternative: what a screen reader says of it: one sentence with the figures that matter.
        data: plotly's traces.
        layout: plotly's layout.
    """

    name: str
    title: str
    alternative: str
    data: tuple[dict[str, Any], ...]
    layout: dict[str, Any]


def figures(history: ApplicationHistory, marks: Sequence[Mark]) -> tuple[Figure, ...]:
    """The charts for which there is something to draw, in the page's order."""
    made = (timeline(history, marks), usage(history), memory(history))
    return tuple(figure for figure in made if figure is not None)


def timeline(history: ApplicationHistory, marks: Sequence[Mark]) -> Figure | None:
    """Stages and executors as bars over time, losses, heartbeats and limits as marks."""
    end = history.ended or history.last_seen
    begin = history.started or history.first_seen
    if begin is None or end is None or not (history.stages or history.executors):
        return None
    least, described = (end - begin) * _SHORTEST_BAR, descriptions(history)
    stages = sorted(history.stages, key=lambda one: _length(one, end), reverse=True)[:MOST_BARS]
    stages.sort(key=lambda one: (one.submitted or end, one.stage))
    gone = frozenset(one.id for one in lost_executors(history))
    ordered = sorted(history.executors, key=lambda one: one.id not in gone)[:MOST_BARS]
    lost = [one for one in ordered if one.id in gone]
    others = [one for one in ordered if one.id not in gone]
    traces = [
        _bars(
            "stages",
            "series-1",
            [_stage_bar(one, end, least, described) for one in stages if not one.failure],
        ),
        _bars(
            "failed stages", "bad", [_stage_bar(one, end, least, described) for one in stages if one.failure]
        ),
        _bars("executors", "series-2", [_executor_bar(one, end, least) for one in others]),
        _bars("lost executors", "warn", [_executor_bar(one, end, least) for one in lost]),
        _heartbeats(history.samples),
    ]
    return Figure(
        "timeline",
        "Timeline",
        _sentence(history, end - begin, len(gone), rows := len(stages) + len(ordered)),
        tuple(trace for trace in traces if trace["x"]),
        {
            "barmode": "overlay",
            "height": 170 + 22 * rows,
            "xaxis": {**_TIME, "range": [begin * _MS, end * _MS]},
            "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
            **_marks(marks),
        },
    )


def _sentence(history: ApplicationHistory, seconds: float, lost: int, rows: int) -> str:
    """The figures of the timeline, of which so many rows are drawn."""
    stages, executors = counted(len(history.stages), "stage"), counted(len(history.executors), "executor")
    losses = f", of which {lost} lost," if lost else ""
    hidden = len(history.stages) + len(history.executors) - rows
    more = f" {hidden} shorter stages or further executors are not drawn." if hidden else ""
    within = readable_duration(max(0.0, seconds))
    return f"{stages} and {executors}{losses} within {within}. Times are in UTC.{more}"


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
        {"height": 240, "xaxis": dict(_TIME), "yaxis": {"rangemode": "tozero"}},
    )


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
        "xaxis": dict(_TIME),
        "yaxis": {"rangemode": "tozero", "ticksuffix": " MiB"},
    }
    return Figure("memory", "Memory", f"Peaks: {', '.join(peaks)}.", tuple(traces), layout)


def _mebibytes(value: Callable[[Sample], int | None], sample: Sample) -> float:
    return (value(sample) or 0) / _MIB


def _length(stage: StageHistory, end: EpochTime) -> float:
    return (stage.completed or end) - stage.submitted if stage.submitted is not None else 0.0


_Bar = tuple[str, float, float, str]
"""Row, start and length in milliseconds, what the pointer shows."""


def _stage_bar(stage: StageHistory, end: EpochTime, least: float, described: Mapping[int, str]) -> _Bar:
    start = stage.submitted or end
    seconds = _length(stage, end)
    row = f"stage {stage.stage}" + (f" (attempt {stage.attempt})" if stage.attempt else "")
    label = stage_label(stage, described)
    text = f"{label}: {stage.done} of {stage.tasks} tasks in {readable_duration(seconds)}"
    return (
        row,
        start * _MS,
        max(seconds, least) * _MS,
        text + (f", {stage.failed} failed" if stage.failed else ""),
    )


def _executor_bar(executor: ExecutorHistory, end: EpochTime, least: float) -> _Bar:
    start = executor.added or executor.removed or end
    seconds = (executor.removed or end) - start
    text = f"on {executor.host or 'an unknown host'} for {readable_duration(seconds)}"
    reason = f", removed: {executor.reason}" if executor.reason else ""
    return f"executor {executor.id}", start * _MS, max(seconds, least) * _MS, text + reason


def _bars(name: str, colour: str, bars: Sequence[_Bar]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": [row for row, *_ in bars],
        "base": [start for _, start, _, _ in bars],
        "x": [length for _, _, length, _ in bars],
        "hovertext": [text for *_, text in bars],
        "hoverinfo": "text",
        "marker": {"color": colour},
    }


def _heartbeats(samples: Sequence[Sample]) -> dict[str, Any]:
    moments: list[float] = []
    before: int | None = None
    for one in samples:
        if one.heartbeats and one.heartbeats != before:
            moments.append(one.at * _MS)
        before = one.heartbeats
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "heartbeats",
        "x": moments,
        "y": ["heartbeats"] * len(moments),
        "marker": {"color": "series-3", "symbol": "line-ns-open"},
    }


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
        "x": [one.at * _MS for one in samples],
        "y": [value(one) for one in samples],
        "line": {"color": colour, "shape": shape},
        "fill": fill,
    }


def _marks(marks: Sequence[Mark]) -> dict[str, Any]:
    colours = {"verdict": "bad", "limit": "warn", "loss": "warn"}
    lines = [
        {
            "type": "line",
            "yref": "paper",
            "x0": mark.at * _MS,
            "x1": mark.at * _MS,
            "y0": 0,
            "y1": 1,
            "line": {"color": colours[mark.kind], "dash": "solid" if mark.kind == "verdict" else "dot"},
        }
        for mark in marks
    ]
    texts = [
        {
            "x": mark.at * _MS,
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "xanchor": "right",
            "showarrow": False,
            "yshift": 14 * (number % 2),  # two that are close do not lie on each other
            "text": mark.text,
        }
        for number, mark in enumerate(marks)
    ]
    return {"shapes": lines, "annotations": texts}
