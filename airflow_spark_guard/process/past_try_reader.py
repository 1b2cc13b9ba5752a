"""Reads a past try of a task from its record."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.history.past_tries import PastTry
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.process.record_reader import read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from airflow_spark_guard.process.record_reader import AttemptRecord

_LONGEST: Final = 1e9
"""Seconds; a try that took longer was not one."""


class LateError(Exception):
    """There is no time to read all of a try; a part of it would say that it stood still for less."""


def always() -> bool:
    """Go on."""
    return True


@dataclass(frozen=True)
class Timed(Collection[Observation]):
    """Observations that are read within a time: to go through many of them takes long, too.

    Args:
        kept: the observations.
        may_go_on: asked before each.

    Iteration raises :class:`LateError` if it may not go on.
    """

    kept: tuple[Observation, ...]
    may_go_on: Callable[[], bool]

    def __len__(self) -> int:
        return len(self.kept)

    def __contains__(self, one: object) -> bool:
        return one in self.kept

    def __iter__(self) -> Iterator[Observation]:
        for one in self.kept:
            _check(self.may_go_on)
            yield one


def past_try(folder: Path, name: str, may_go_on: Callable[[], bool] = always) -> PastTry | None:
    """The try in this folder; None for a record that cannot be read, or of a try that is not over.

    Args:
        folder: of its record.
        name: to show.
        may_go_on: asked before each observation, and again when those of the try are gone through.

    Raises:
        LateError: it may not go on.
    """
    try:
        record = read_record(folder)
    except RecordError:
        return None
    seconds = record.number("ended_at_s")
    if not record.is_over or seconds is None or not 0 <= seconds < _LONGEST:
        return None
    before = record.trouble
    observations = tuple(_observations(record, may_go_on))
    return PastTry(
        name, record.state, seconds, Timed(observations, may_go_on), is_whole=record.trouble == before
    )


def _observations(record: AttemptRecord, may_go_on: Callable[[], bool]) -> Iterator[Observation]:
    for row in record.observations():
        _check(may_go_on)
        try:
            yield Observation.from_json(row)
        except (ValueError, RecursionError):
            continue


def _check(may_go_on: Callable[[], bool]) -> None:
    if not may_go_on():
        raise LateError
