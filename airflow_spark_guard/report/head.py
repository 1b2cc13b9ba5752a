"""The top of a page: verdict, what happened, where, what to do, and the figures of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.history.numbers import moment_of, number_of
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_spark_guard.core.history.model import ApplicationHistory
    from airflow_spark_guard.report.contents import Contents

_STATES = {
    "success": ("SUCCESS", "good", "The job succeeded."),
    "running": ("RUNNING", "neutral", "The job was running when this page was made."),
    "deferred": ("DEFERRED", "neutral", "The job was left to the triggerer when this page was made."),
    "failed": ("FAILED", "bad", "The attempt failed."),
}


@dataclass(frozen=True)
class Fact:
    """A figure of the whole: its name and its text."""

    name: str
    value: str


@dataclass(frozen=True)
class Head:
    """The top of a page; all texts are printable.

    Attributes:
        title: of the browser's window.
        path: what the page is about.
        verdict: such as ``STALLED``, else the state.
        tone: ``bad``, ``good`` or ``neutral``.
        what: what happened, one sentence.
        got: what was found; may be empty.
        place: the line of the user's Python; may be empty.
        advice: what to do; may be empty.
        facts: figures of the whole.
    """

    title: str
    path: str
    verdict: str
    tone: str
    what: str
    got: str
    place: str
    advice: str
    facts: tuple[Fact, ...]


def head_of(contents: Contents) -> Head:
    """The top of the page for a record, or for an application without one."""
    summary = contents.summary
    word, tone, sentence = _state(contents)
    verdict = _text(summary.get("verdict")) or word
    what = _text(summary.get("what")) or sentence
    return Head(
        title=f"{verdict} - {safe_text(contents.path)}",
        path=safe_text(contents.path),
        verdict=verdict,
        tone=tone,
        what=what,
        got=_text(summary.get("got")),
        place=safe_text(contents.place),
        advice=_text(summary.get("advice")),
        facts=tuple(_facts(contents)),
    )


def _state(contents: Contents) -> tuple[str, str, str]:
    if contents.summary:
        state = _text(contents.summary.get("state"))
        return _STATES.get(state, ("UNKNOWN", "neutral", "The record does not say how the attempt ended."))
    name = _text(contents.history.name) or "The application"
    if contents.history.ended is None:
        return "NOT ENDED", "neutral", f"{name} did not say that it ended."
    failed = sum(bool(job.failure) for job in contents.history.jobs)
    if failed:
        return (
            "ENDED",
            "bad",
            f"{name} ended; {failed} of its {len(contents.history.jobs)} Spark jobs failed.",
        )
    return "ENDED", "good", f"{name} ended; none of its {len(contents.history.jobs)} Spark jobs failed."


def _facts(contents: Contents) -> Iterator[Fact]:
    yield from _of_history(contents.history)
    if any(stage.duration for stage in contents.history.stages):  # else a stage is known as last seen
        yield Fact("Tasks done", f"{sum(one.done for one in contents.history.stages):,}")
    yield from _of_summary(contents.summary)


def _of_summary(summary: Mapping[str, Any]) -> Iterator[Fact]:
    if mode := _text(summary.get("mode")):
        yield Fact("Deploy mode", mode)
    if cause := _text(summary.get("cause")):
        yield Fact("Ended by", cause)
    if limit := number_of(summary.get("limit_s")):
        yield Fact("Limit", readable_duration(limit))
    orphans = summary.get("orphans")
    if isinstance(orphans, list) and orphans:
        yield Fact("Not confirmed as ended", safe_text(", ".join(map(str, orphans))))


def _of_history(history: ApplicationHistory) -> Iterator[Fact]:
    if history.id:
        yield Fact("Application", safe_text(history.id))
    if history.started:
        yield Fact("Started", _moment(history.started))
    if (seconds := _seconds(history)) is not None:
        yield Fact("Took" if history.ended else "So far", readable_duration(seconds))
    if history.spark_version:
        yield Fact("Spark", safe_text(history.spark_version))
    if history.stages:
        yield Fact("Stages", f"{len(history.stages):,}")
    if history.executors:
        lost = sum(bool(one.reason) for one in history.executors)
        yield Fact("Executors", f"{len(history.executors):,}" + (f", {lost:,} removed" if lost else ""))


def _seconds(history: ApplicationHistory) -> float | None:
    end = history.ended or history.last_seen
    return None if history.started is None or end is None else end - history.started


def _moment(at: float) -> str:
    if moment_of(at) is None:
        return "at an impossible time"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _text(value: Any) -> str:
    return safe_text(value) if isinstance(value, str) else ""
