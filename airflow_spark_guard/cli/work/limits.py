"""Limits from the records of past tries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.cli.terminal import print_text
from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.history.limit_suggestion import LimitSuggestion, suggest
from airflow_spark_guard.core.history.past_tries import PastTry
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.process.record import SUMMARY
from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.report.writing import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from airflow_spark_guard.process.record_reader import AttemptRecord

_DEEPEST: Final = 5
_MOST: Final = 1000
_LONGEST: Final = 300


def show(places: Sequence[Path]) -> None:
    """Print the suggestion, its reasons, and each try that it would have ended.

    Raises:
        RecordError: there is no record of a try that is over.
        BadInputError: no try succeeded.
    """
    tries = [one for place in places for folder in _records_below(place) if (one := _try(folder)) is not None]
    if not tries:
        raise RecordError(
            "There is no record of a try that is over.",
            got=", ".join(str(place) for place in places),
            expected="folders of records, such as .../spark_guard/DAG",
            advice="Name the folder that the task log calls the record, or one above it.",
        )
    found = suggest(tries)
    words = ", ".join(f'{one.name}="{one.value}"' for one in found.suggestions)
    print_text(f"GuardLimits({words})")
    for text in (*(one.reason for one in found.suggestions), *_outcome(found), *found.doubts):
        print_text(one_line(text, _LONGEST))


def _outcome(found: LimitSuggestion) -> Iterator[str]:
    healthy = sum(trial.succeeded for trial in found.trials)
    ended = found.ended_healthy
    yield f"Of {healthy} healthy tries, {len(ended) or 'none'} would have been ended."
    for trial in ended:
        yield f"  {trial.name}: {trial.verdict}"
    failed = [trial for trial in found.trials if not trial.succeeded]
    for trial in failed:
        if trial.verdict and trial.earlier is not None:
            earlier = readable_duration(trial.earlier)
            yield f"  {trial.name} failed: {trial.verdict}, {earlier} earlier than it ended."
        else:
            yield f"  {trial.name} failed: these limits would not have ended it."


def _records_below(place: Path, depth: int = 0) -> Iterator[Path]:
    """Folders with a summary, in order; links are not followed."""
    if (place / SUMMARY).is_file():
        yield place.resolve()
        return
    if depth == _DEEPEST or not place.is_dir():
        return
    for below in sorted(place.iterdir())[:_MOST]:
        if below.is_dir() and not below.is_symlink():
            yield from _records_below(below, depth + 1)


def _try(folder: Path) -> PastTry | None:
    """None for a record that cannot be read, or of a try that is not over."""
    try:
        record = read_record(folder)
    except RecordError:
        return None
    seconds = record.number("ended_at_s")
    if not record.is_over or seconds is None:
        return None
    return PastTry(path_of(folder), record.state, seconds, tuple(_observations(record)))


def _observations(record: AttemptRecord) -> Iterator[Observation]:
    for row in record.observations():
        try:
            yield Observation.from_json(row)
        except ValueError:
            continue
