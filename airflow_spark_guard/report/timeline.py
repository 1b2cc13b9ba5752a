"""The timeline of a report: stages and executors as bars, and what happened when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.history.executor_time import lost_executors
from airflow_spark_guard.core.history.labels import descriptions, stage_label
from airflow_spark_guard.core.quantity import counted, readable_duration
from airflow_spark_guard.report.figure import MS, Figure, span_of, time_axis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.core.history.model import (
        ApplicationHistory,
        ExecutorHistory,
        Sample,
        StageHistory,
    )
    from airflow_spark_guard.report.figure import Mark

MOST_BARS: Final = 40
MOST_EXECUTORS: Final = 20
_SHORTEST_BAR: Final = 0.002  # of the whole, so that nothing is too thin to be seen


def timeline(history: ApplicationHistory, marks: Sequence[Mark]) -> Figure | None:
    """Stages and executors as bars over time, losses, heartbeats and limits as marks."""
    span = span_of(history)
    if span is None or not (history.stages or history.executors):
        return None
    begin, end = span
    least, described = (end - begin) * _SHORTEST_BAR, descriptions(history)
    stages = sorted(history.stages, key=lambda one: _length(one, end), reverse=True)[:MOST_BARS]
    stages.sort(key=lambda one: (one.submitted or end, one.stage))
    gone = frozenset(lost_executors(history))
    ordered = sorted(history.executors, key=lambda one: one not in gone)[:MOST_EXECUTORS]
    lost = [one for one in ordered if one in gone]
    others = [one for one in ordered if one not in gone]
    traces = [
        _bars(
            "stages",
            "series-1",
            [_stage_bar(one, end, least, described) for one in stages if not one.failure],
        ),
        _bars(
            "failed stages", "bad", [_stage_bar(one, end, least, described) for one in stages if one.failure]
        ),
        _bars("executors", "series-3", [_executor_bar(one, end, least) for one in others]),
        _bars("lost executors", "warn", [_executor_bar(one, end, least) for one in lost]),
        _heartbeats(history.samples),
    ]
    return Figure(
        "timeline",
        "Timeline",
        _sentence(history, end - begin, len(gone)),
        tuple(trace for trace in traces if trace["x"]),
        {
            "barmode": "overlay",
            "height": 170 + 22 * (len(stages) + len(ordered)),
            "showlegend": True,
            "xaxis": time_axis(history),
            "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
            **_marks(marks),
        },
    )


def _sentence(history: ApplicationHistory, seconds: float, lost: int) -> str:
    """The figures of the timeline."""
    stages, executors = counted(len(history.stages), "stage"), counted(len(history.executors), "executor")
    losses = f", of which {lost} lost," if lost else ""
    hidden = (
        (len(history.stages) - MOST_BARS, "shorter stage"),
        (len(history.executors) - MOST_EXECUTORS, "further executor"),
    )
    more = " and ".join(counted(number, noun) for number, noun in hidden if number > 0)
    left_out = f" Not drawn: {more}." if more else ""
    within = readable_duration(max(0.0, seconds))
    return f"{stages} and {executors}{losses} within {within}. Times are in UTC.{left_out}"


def _length(stage: StageHistory, end: float) -> float:
    return (stage.completed or end) - stage.submitted if stage.submitted is not None else 0.0


_Bar = tuple[str, float, float, str]
"""Row, start and length in milliseconds, what the pointer shows."""


def _stage_bar(stage: StageHistory, end: float, least: float, described: Mapping[int, str]) -> _Bar:
    start = stage.submitted or end
    seconds = _length(stage, end)
    row = f"stage {stage.stage}" + (f" (attempt {stage.attempt})" if stage.attempt else "")
    label = stage_label(stage, described)
    text = f"{label}: {stage.done} of {stage.tasks} tasks in {readable_duration(seconds)}"
    return (
        row,
        start * MS,
        max(seconds, least) * MS,
        text + (f", {stage.failed} failed" if stage.failed else ""),
    )


def _executor_bar(executor: ExecutorHistory, end: float, least: float) -> _Bar:
    start = executor.added or executor.removed or end
    seconds = (executor.removed or end) - start
    text = f"on {executor.host or 'an unknown host'} for {readable_duration(seconds)}"
    reason = f", removed: {executor.reason}" if executor.reason else ""
    return f"executor {executor.id}", start * MS, max(seconds, least) * MS, text + reason


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
            moments.append(one.at * MS)
        before = one.heartbeats
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "heartbeats",
        "x": moments,
        "y": ["heartbeats"] * len(moments),
        "marker": {"color": "series-4", "symbol": "line-ns-open"},
    }


def _marks(marks: Sequence[Mark]) -> dict[str, Any]:
    colours = {"verdict": "bad", "limit": "warn", "loss": "warn"}
    lines = [
        {
            "type": "line",
            "yref": "paper",
            "x0": mark.at * MS,
            "x1": mark.at * MS,
            "y0": 0,
            "y1": 1,
            "line": {"color": colours[mark.kind], "dash": "solid" if mark.kind == "verdict" else "dot"},
        }
        for mark in marks
    ]
    texts = [
        {
            "x": mark.at * MS,
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
