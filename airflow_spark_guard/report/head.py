"""The top of a page: verdict, what happened, where, what to do, and the figures of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.history.executor_time import lost_executors
from airflow_spark_guard.core.history.numbers import moment_of, number_of
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.report.outcome import Outcome, outcome_of

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

_UNKNOWN = ("UNKNOWN", "neutral", "The record does not say how the attempt ended.")


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
    is_attempt = contents.is_attempt or contents.summary
    outcome = _of_attempt(contents) if is_attempt else outcome_of(contents.history)
    return Head(
        title=f"{outcome.word} - {safe_text(contents.path)}",
        path=safe_text(contents.path),
        verdict=outcome.word,
        tone=outcome.tone,
        what=outcome.what,
        got=outcome.got,
        place=outcome.place,
        advice=outcome.advice,
        facts=tuple(_facts(contents)),
    )


def _of_attempt(contents: Contents) -> Outcome:
    summary = contents.summary
    word, tone, sentence = _STATES.get(_text(summary.get("state")), _UNKNOWN)
    return Outcome(
        _text(summary.get("verdict")) or word,
        tone,
        _text(summary.get("what")) or sentence,
        _text(summary.get("got")),
        safe_text(contents.place),
        _text(summary.get("advice")),
    )


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
    if history.attempt:
        yield Fact("YARN's attempt", safe_text(history.attempt))
    yield from _times(history)
    if history.spark_version:
        yield Fact("Spark", safe_text(history.spark_version))
    if history.stages:
        yield Fact("Stages", f"{len(history.stages):,}")
    if history.executors:
        yield Fact("Executors", _executors(history))


def _executors(history: ApplicationHistory) -> str:
    lost = len(lost_executors(history))
    removed = sum(one.removed is not None for one in history.executors) - lost
    parts = [f"{number:,} {what}" for number, what in ((lost, "lost"), (removed, "removed")) if number]
    return ", ".join([f"{len(history.executors):,}", *parts])


def _times(history: ApplicationHistory) -> Iterator[Fact]:
    begin, end = history.started or history.first_seen, history.ended or history.last_seen
    if begin:
        yield Fact("Started" if history.started else "First event", _moment(begin))
    if begin is not None and end is not None:
        took = "Took" if history.ended else "So far"
        yield Fact(took if history.started else "Log covers", readable_duration(max(0.0, end - begin)))


def _moment(at: float) -> str:
    if moment_of(at) is None:
        return "at an impossible time"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _text(value: Any) -> str:
    return safe_text(value) if isinstance(value, str) else ""
