"""Removes old records from an object store, by the rules of ``process/retention.py``.

A listing has size and time of every object, so that only the summaries of records that may go are read.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.clock import EpochTime, epoch_now
from airflow_spark_guard.process.record import SUMMARY
from airflow_spark_guard.process.record_key import is_place
from airflow_spark_guard.process.retention import STILL_RUNNING, Pruned, StoredRecord, recorded_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.process.object_store import ObjectStore, StoredFile
    from airflow_spark_guard.process.retention import Retention

_MOST_FAILURES: Final = 20


def prune_store(
    store: ObjectStore,
    rules: Retention,
    *,
    budget: float = math.inf,
    dry_run: bool = False,
    now: EpochTime | None = None,
    start: float = 0.0,
) -> Pruned:
    """Remove the records that the rules do not keep; the arguments are those of ``prune``.

    A single request may exceed the budget. By age each DAG is judged when it is met; the size needs to have
    met all of them.

    Raises:
        OSError: the store is gone, or refuses to be listed.
    """
    pruning = _Pruning(store, rules, epoch_now() if now is None else now, dry_run)
    pruning.run(time.monotonic() + budget, start)
    return pruning.done


@dataclass
class _Pruning:
    """One pass over the store."""

    store: ObjectStore
    rules: Retention
    now: EpochTime
    dry_run: bool
    done: Pruned = field(default_factory=Pruned)
    _keys: dict[str, list[str]] = field(default_factory=dict)
    _held: set[str] = field(default_factory=set)

    def run(self, deadline: float, start: float) -> None:
        """Meet every record, then remove the oldest until the rest fits."""
        fitting: list[StoredRecord] = []
        for dag in self._dags(start):
            for record in self._records(dag):
                if time.monotonic() > deadline:
                    self.done.complete = False
                if not self._is_too_old(record) or not self.done.complete or not self._take(record):
                    fitting.append(record)
            if not self.done.complete:
                break
        self._fit(fitting, deadline)

    def _fit(self, fitting: list[StoredRecord], deadline: float) -> None:
        total, kept = sum(record.size for record in fitting), 0
        for record in sorted(fitting, key=lambda one: one.written):
            is_over = self.rules.max_size is not None and total > self.rules.max_size
            if time.monotonic() > deadline:
                self.done.complete = False
            if is_over and self.done.complete and self._take(record):
                total -= record.size
            else:
                kept += 1
        self.done.kept, self.done.kept_size = kept, total

    def _dags(self, start: float) -> Sequence[str]:
        names = self.store.folders()
        first = int(len(names) * start)
        return [*names[first:], *names[:first]]

    def _records(self, dag: str) -> list[StoredRecord]:
        found: dict[str, list[StoredFile]] = {}
        for one in self.store.files(dag):
            place = one.key.rpartition("/")[0]
            if is_place(place, with_previous=True):
                found.setdefault(place, []).append(one)
        records = []
        for place, files in found.items():
            keys = [one.key for one in files]
            if f"{place}/{SUMMARY}" in keys:
                self._keys[place] = keys
                written = EpochTime(max(one.written for one in files))
                records.append(StoredRecord(tuple(place.split("/")), sum(one.size for one in files), written))
        return records

    def _is_too_old(self, record: StoredRecord) -> bool:
        # A store that does not say when something was written keeps it.
        age = self.now - record.written if record.written else 0.0
        return self.rules.max_age is not None and age > self.rules.max_age

    def _take(self, record: StoredRecord) -> bool:
        """Remove it; False if it stays, which is decided once."""
        place = "/".join(record.place)
        if place in self._held:
            return False
        try:
            if self._may_go(record, place):
                self._remove(place)
                self.done.removed.append(record)
                return True
        except OSError as error:
            if len(self.done.failed) < _MOST_FAILURES:
                self.done.failed.append(f"{place}: {error.strerror or type(error).__name__}")
        self._held.add(place)
        return False

    def _may_go(self, record: StoredRecord, place: str) -> bool:
        """Whether it is a record, and its attempt has ended."""
        names = [key.rpartition("/")[2] for key in self._keys[place]]
        state = recorded_state(self.store.read(f"{place}/{SUMMARY}"), names)
        if state in {"running", "deferred"} and self.now - record.written < STILL_RUNNING:
            self.done.running += 1
            return False
        return bool(state)

    def _remove(self, place: str) -> None:
        """The summary last: what is left of a removal that failed is still a record."""
        if self.dry_run:
            return
        summary = f"{place}/{SUMMARY}"
        self.store.remove(key for key in self._keys[place] if key != summary)
        self.store.remove([summary])
