"""A record as text."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.cli.terminal import fields, print_text
from airflow_spark_guard.cli.work.fetched import fetched_record
from airflow_spark_guard.core.instruments.recorded import recorded_of
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import one_line, safe_text
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.verdict_table import VERDICTS
from airflow_spark_guard.process.record import SUMMARY
from airflow_spark_guard.process.record_reader import read_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from airflow_spark_guard.core.store_address import StoreAddress
    from airflow_spark_guard.process.record_reader import AttemptRecord

_STYLES = {"success": "bold green", "failed": "bold red", "running": "bold yellow", "deferred": "bold yellow"}
_LONGEST = 4000
_MOST_OBSERVED = 20


def show(place: Path | StoreAddress, lines: int) -> int:
    """Print the record; return the exit code, 1 if its summary is damaged.

    Args:
        place: of the record; a link to a local one is followed.
        lines: of output and of stacks.

    Raises:
        RecordError: it is not a record, or has a newer format; or its store cannot be read.
    """
    with fetched_record(place) as folder:
        return _show(read_record(folder.resolve()), str(place), lines)


def _show(record: AttemptRecord, place: str, lines: int) -> int:
    _show_head(record)
    fields(*_rows(record), ("record", one_line(place, _LONGEST)))
    for row in _dicts(record.summary.get("observed"))[:_MOST_OBSERVED]:
        _show_observed(row)
    _section("Instruments", recorded_of(record.instruments()).lines())
    _section("Stacks (autopsy.txt)", _first(record.autopsy().splitlines(), lines))
    _section("Traceback of the job", _last(_traceback(record.summary.get("error")).splitlines(), lines))
    _section("End of the output", _last(record.output_tail().splitlines(), lines))
    for trouble in record.trouble:
        print_text(f"warning: {trouble}", style="yellow")
    is_damaged = any(trouble.startswith(f"{SUMMARY} is") for trouble in record.trouble)
    return 1 if is_damaged else 0


def _show_head(record: AttemptRecord) -> None:
    state = record.state or "unknown state"
    head = record.text("verdict") or state
    print_text(one_line(head, 100), style=_STYLES.get(state, "bold"))
    if what := record.text("what"):
        print_text(what, wrap=True)


def _rows(record: AttemptRecord) -> list[tuple[str, str]]:
    """Name and text of each field that has a value."""
    row = VERDICTS.get(Verdict(verdict)) if (verdict := record.text("verdict")) in set(Verdict) else None
    rows = [
        ("got", record.text("got")),
        ("do", record.text("advice")),
        ("where", record.text("place")),
        ("state", record.state if record.text("verdict") else ""),
        ("started", _moment(record.number("started_at"))),
        ("ended", _after(record.number("ended_at_s"), "after {}")),
        ("limit", _limit(record)),
        ("cause", record.text("cause")),
        ("exit status", _number(record.number("exit_status"))),
        ("error", _error(record.summary.get("error"))),
        ("retried", row.retried.replace("`", "") if row else ""),
        ("application", record.text("application_id")),
        ("mode", record.text("mode")),
        *(("not ended", text) for text in _texts(record.summary.get("orphans"))),
    ]
    return [(name, text[:_LONGEST]) for name, text in rows if text]


def _limit(record: AttemptRecord) -> str:
    limit = _after(record.number("limit_s"), "{}")
    reached = _after(record.number("limit_reached_at_s"), ", reached {} after the start")
    return f"{limit}{reached}" if limit else ""


def _after(seconds: float | None, text: str) -> str:
    return "" if seconds is None else text.format(readable_duration(max(0.0, seconds)))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _moment(epoch: float | None) -> str:
    """In the zone of this machine."""
    if epoch is None:
        return ""
    try:
        at = dt.datetime.fromtimestamp(epoch, dt.UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return "at a time that does not exist"
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"


def _error(value: object) -> str:
    """The exception that the job reported."""
    if not isinstance(value, dict):
        return ""
    parts = [value.get(name) for name in ("type", "message")]
    return safe_text(": ".join(part for part in parts if isinstance(part, str) and part))


def _traceback(error: object) -> str:
    text = error.get("traceback") if isinstance(error, dict) else None
    return safe_text(text) if isinstance(text, str) else ""


def _texts(value: object) -> list[str]:
    items = value if isinstance(value, list) else []
    return [one_line(item, _LONGEST) for item in items if isinstance(item, str)]


def _dicts(value: object) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]


def _show_observed(row: Mapping[str, Any]) -> None:
    """What would have ended the attempt in observe mode."""
    texts = {name: safe_text(value) for name, value in row.items() if isinstance(value, str)}
    print_text(f"\nObserved, not ended: {texts.get('verdict', '')}", style="bold")
    if what := texts.get("what"):
        print_text(what[:_LONGEST], wrap=True)
    names = (("got", "got"), ("do", "advice"), ("where", "place"))
    fields(*((name, texts[key][:_LONGEST]) for name, key in names if texts.get(key)))


def _first(lines: list[str], most: int) -> list[str]:
    if not most or len(lines) <= most:
        return lines
    return [*lines[:most], f"... {len(lines) - most} more lines"]


def _last(lines: list[str], most: int) -> list[str]:
    return lines[-most:] if most else lines


def _section(title: str, lines: Iterable[str]) -> None:
    found = list(lines)
    if found:
        print_text(f"\n{title}", style="bold")
        print_text("\n".join(found))
