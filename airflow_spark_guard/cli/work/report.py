"""A page from an event log, a history server, or a record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.cli.terminal import print_text
from airflow_spark_guard.cli.work.fetched import fetched_record
from airflow_spark_guard.core.errors import BadInputError, LimitError
from airflow_spark_guard.core.history.cost import Rates
from airflow_spark_guard.core.history.replay import LogReplay
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.store_address import store_address
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process.record import SUMMARY
from airflow_spark_guard.process.record_key import is_place
from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.report.contents import contents_of_history, contents_of_record
from airflow_spark_guard.report.head import head_of
from airflow_spark_guard.report.page import page
from airflow_spark_guard.report.writing import path_of
from airflow_spark_guard.sources.event_log import read_event_log
from airflow_spark_guard.sources.event_log_download import read_from_history_server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.store_address import StoreAddress
    from airflow_spark_guard.report.contents import Contents

_LONGEST: Final = 1000
_PARTS: Final = 4  # of a record's place
_MOST_ALERTS: Final = 3


@dataclass(frozen=True)
class Asked:
    """What the command line asks for.

    Attributes:
        source: an event log, the folder of a record, or the id of an application.
        history: URL of the history server that has it; empty for a file.
        limits: of the watchdog, ``name=value`` each.
        core_hour: price of a core; None for none.
        gib_hour: price of a GiB; None for none.
        currency: of the prices.
    """

    source: str
    history: str = ""
    limits: Sequence[str] = ()
    core_hour: float | None = None
    gib_hour: float | None = None
    currency: str = ""


def write(asked: Asked, output: Path | None) -> int:
    """Write the page and print what it says at its top; return the exit code.

    Raises:
        BadInputError: the source cannot be read, or the page cannot be written.
        LimitError: a limit is not one.
        ArgumentError: a price is not one.
        RecordError: the folder is a record that cannot be read.
        MonitorError: the history server gave no log.
    """
    contents = _contents(asked)
    target = output or Path(f"{Path(asked.source.rstrip('/')).name or 'report'}.html")
    _save(target, page(contents))
    head = head_of(contents)
    print_text(one_line(f"{head.verdict}: {head.what}", _LONGEST))
    for text in contents.replays[:2]:
        print_text(one_line(text, _LONGEST))
    for alert in contents.alerts[:_MOST_ALERTS]:
        print_text(one_line(f"{alert.severity}: {alert.what}", _LONGEST))
    print_text(f"Report: {target}")
    return 0


def _contents(asked: Asked) -> Contents:
    rates = Rates(asked.core_hour, asked.gib_hour, asked.currency)
    place = Path(asked.source)
    if not asked.history and (address := _stored_record(asked.source)) is not None:
        with fetched_record(address) as folder:
            return contents_of_record(read_record(folder), path_of(folder), rates=rates)
    if not asked.history and (place / SUMMARY).exists():
        return contents_of_record(read_record(place.resolve()), path_of(place.resolve()), rates=rates)
    limits = _limits(asked.limits)
    replay = LogReplay(limits, deadline=limits.deadline_seconds() if limits.deadline is not None else None)
    if asked.history:
        history = read_from_history_server(asked.history, asked.source, watcher=replay)
    else:
        history = read_event_log(_event_log(asked.source), watcher=replay)
    return contents_of_history(history, place.name, replayed=replay.replayed(), rates=rates)


def _stored_record(source: str) -> StoreAddress | None:
    """The address of a record in an object store; None for anything else, such as an event log there."""
    try:
        address = store_address(source)
    except BadInputError:  # an event log may have any address
        return None
    if address is None or address.scheme == "file" or not is_place("/".join(address.parts[-_PARTS:])):
        return None
    return address


def _event_log(source: str) -> Any:
    """A local path, or one of an object store if the text is a URL."""
    if "://" not in source:
        return Path(source)
    from upath import UPath  # noqa: PLC0415 - comes with Airflow, and is only needed for stores

    return UPath(source)


def _limits(words: Sequence[str]) -> GuardLimits:
    given = dict[str, str]()
    for word in words:
        name, is_given, value = word.partition("=")
        if not is_given:
            raise LimitError(
                "A limit on the command line has no value.",
                got=repr(word),
                expected="NAME=VALUE",
                advice="Write --limit stall_timeout=5m, for example.",
            )
        given[name.strip()] = value.strip()
    return GuardLimits(**given)


def _save(target: Path, text: str) -> None:
    try:
        target.touch(mode=0o600)
        target.write_text(text, errors="replace")
    except OSError as error:
        raise BadInputError(
            "The report cannot be written.",
            got=f"{target}: {error.strerror or type(error).__name__}",
            expected="a file in a folder that exists and is writable",
            advice="Name another file with --output.",
        ) from error
