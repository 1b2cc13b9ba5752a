"""Limits from the records of past tries."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.cli.terminal import print_text
from airflow_spark_guard.cli.work.fetched import FOR_LIMITS, fetched
from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.history.limit_suggestion import suggest
from airflow_spark_guard.core.history.limit_words import code_of, outcomes, verdict_on_healthy
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process.past_try_reader import past_try
from airflow_spark_guard.process.record import SUMMARY
from airflow_spark_guard.report.writing import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from airflow_spark_guard.core.store_address import StoreAddress

_DEEPEST: Final = 5
_MOST: Final = 1000
_LONGEST: Final = 300


def show(places: Sequence[Path | StoreAddress]) -> None:
    """Print the suggestion, its reasons, and each try that it would have ended.

    Raises:
        RecordError: there is no record of a try that is over.
        BadInputError: no try succeeded.
    """
    with contextlib.ExitStack() as copies:
        local = [copies.enter_context(fetched(place, FOR_LIMITS)) for place in places]
        folders = [folder for place in local for folder in _records_below(place)]
        tries = [one for folder in folders if (one := past_try(folder, path_of(folder))) is not None]
    if not tries:
        raise RecordError(
            "There is no record of a try that is over.",
            got=", ".join(str(place) for place in places),
            expected="folders of records, such as .../spark_guard/DAG",
            advice="Name the folder that the task log calls the record, or one above it.",
        )
    found = suggest(tries)
    print_text(code_of(found.suggestions))
    reasons = [one.reason for one in found.suggestions]
    trials = [f"  {text}" for text in outcomes(found)]
    for text in (*reasons, verdict_on_healthy(found), *trials, *found.doubts):
        print_text(one_line(text, _LONGEST))


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
