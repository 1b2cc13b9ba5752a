"""What all charts of a report have in common, as plotly's JSON: their axis of time.

Colours are names of the page's palette (``series-1``); the page's script puts in the values, light or dark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from airflow_spark_guard.core.clock import EpochTime
    from airflow_spark_guard.core.history.model import ApplicationHistory

MS: Final = 1000
_TIME: Final = {
    "type": "date",
    "ticks": "outside",
    "tickformatstops": [
        {"dtickrange": [None, 86_400_000], "value": "%H:%M:%S"},
        {"dtickrange": [86_400_000, None], "value": "%b %d"},
    ],
}


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


def span_of(history: ApplicationHistory) -> tuple[float, float] | None:
    """When the charts begin and end, in seconds since the epoch; None if that is not known."""
    begin, end = history.started or history.first_seen, history.ended or history.last_seen
    return None if begin is None or end is None else (begin, end)


def time_axis(history: ApplicationHistory) -> dict[str, Any]:
    """Plotly's axis of time: of one length in all charts, so that a moment stands at one place in them."""
    span = span_of(history)
    return dict(_TIME) if span is None else {**_TIME, "range": [span[0] * MS, span[1] * MS]}
