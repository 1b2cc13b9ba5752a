"""What a page shows, from a record or from the history of an event log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.history.alerts.catalogue import alerts_of
from airflow_spark_guard.core.history.alerts.executors import ExecutorLosses
from airflow_spark_guard.core.history.alerts.failures import FailedTasks
from airflow_spark_guard.core.history.cost import receipt_of
from airflow_spark_guard.core.history.model import ApplicationHistory
from airflow_spark_guard.core.history.of_record import history_of_record
from airflow_spark_guard.core.instruments.recorded import Recorded, recorded_of
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.process.output_file import NAME as OUTPUT
from airflow_spark_guard.report.replay_text import replay_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.cost import Rates, Receipt
    from airflow_spark_guard.core.history.replay import Replayed
    from airflow_spark_guard.process.record_reader import AttemptRecord

_OTHER_FORM: Final = "are not of this version's form and are left out."
_SAID_ALREADY: Final = {
    "EXECUTORS_LOST": {ExecutorLosses.name, FailedTasks.name},
    "WORKER_CRASHED": {FailedTasks.name},
    "USER_CODE": {FailedTasks.name},
}
"""The alerts that would only repeat what the verdict says, and know less."""


@dataclass(frozen=True)
class OutputTail:
    """The end of a job's output.

    Attributes:
        text: whole lines.
        note: what it is.
        link: address of the whole, relative to the page; empty without one.
    """

    text: str
    note: str
    link: str = ""


@dataclass(frozen=True)
class Contents:
    """All that one page shows. Texts are untrusted.

    Attributes:
        path: what it is about: DAG, run, task and try, or the name of an event log.
        history: of the application.
        summary: the attempt's ``summary.json``; empty for an application that ran without the guard.
        is_attempt: whether it is about an attempt, whose ``summary.json`` may be unreadable.
        alerts: what is wasted, the costliest first.
        receipt: what it held and used; None if that is not known.
        replays: what the watchdog would have done, one sentence each.
        observed: findings in observe mode, one sentence each.
        traceback: the exception of the job's script, with its frames; empty without one.
        diagnostics: the autopsy as text.
        output: the end of the output; None if there is none.
        trouble: what could not be read, one sentence each.
        instruments: what the job's instruments have measured.
    """

    path: str
    history: ApplicationHistory = field(default_factory=ApplicationHistory)
    summary: Mapping[str, Any] = field(default_factory=dict)
    alerts: Sequence[Alert] = ()
    receipt: Receipt | None = None
    replays: Sequence[str] = ()
    observed: Sequence[str] = ()
    traceback: str = ""
    diagnostics: str = ""
    output: OutputTail | None = None
    trouble: Sequence[str] = ()
    is_attempt: bool = False
    instruments: Recorded = field(default_factory=Recorded)

    @property
    def place(self) -> str:
        """The line of the user's Python, ``file:line, function``; empty if it is not known."""
        return str(self.summary.get("place") or "")


def contents_of_history(
    history: ApplicationHistory, path: str, *, replayed: Replayed | None = None, rates: Rates | None = None
) -> Contents:
    """What the event log of an application shows that ran with or without the guard.

    Args:
        history: of the application.
        path: name of the log.
        replayed: what the watchdog would have done; None if it was not asked.
        rates: prices; None for none.
    """
    return Contents(
        path,
        history,
        alerts=alerts_of(history),
        receipt=receipt_of(history, rates),
        replays=tuple(replay_sentences(replayed, history.started)) if replayed is not None else (),
    )


def contents_of_record(record: AttemptRecord, path: str, *, rates: Rates | None = None) -> Contents:
    """What the record of an attempt shows.

    Args:
        record: as read.
        path: DAG, run, task and try.
        rates: prices; None for none.
    """
    damaged: list[str] = []
    history = history_of_record(record.summary, _observations(record.observations(), damaged))
    instruments = recorded_of(record.instruments())
    if instruments.unreadable:
        damaged.append(f"{instruments.unreadable} measurements {_OTHER_FORM}")
    tail = record.output_tail()
    diagnostics = record.autopsy()
    repeated = _SAID_ALREADY.get(record.text("verdict"), set())
    return Contents(
        path,
        history,
        record.summary,
        alerts=[alert for alert in alerts_of(history) if alert.kind not in repeated],
        receipt=receipt_of(history, rates),
        observed=tuple(_observed(record.summary.get("observed"))),
        traceback=_raised(record.summary.get("error")),
        diagnostics=diagnostics,
        output=OutputTail(tail, "The last lines of the job's output.", OUTPUT) if tail else None,
        trouble=(*record.trouble, *damaged),
        is_attempt=True,
        instruments=instruments,
    )


def _observations(rows: Iterable[Mapping[str, Any]], damaged: list[str]) -> Iterator[Observation]:
    unreadable = 0
    for row in rows:
        try:
            yield Observation.from_json(row)
        except ValueError:
            unreadable += 1
    if unreadable:
        damaged.append(f"{unreadable} observations {_OTHER_FORM}")


def _raised(error: object) -> str:
    """The traceback that the job has sent; that of the task in Airflow is in ``traceback.txt``."""
    text = error.get("traceback") if isinstance(error, dict) else None
    return text if isinstance(text, str) else ""


def _observed(rows: object) -> Iterator[str]:
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            yield f"{row.get('verdict', '')}: {row.get('what', '')} {row.get('advice', '')}".strip()
