"""Lines in the task log for lost executors, as they happen; one line for each host."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import WatchTime
from airflow_spark_guard.core.watch import loss_words
from airflow_spark_guard.core.watch.executor_loss import Removal, removal_of
from airflow_spark_guard.core.watch.loss_events import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_spark_guard.core.watch.observation import Observation

_LINES_A_LOOK, _LINES = 5, 60
_MOST_KNOWN = 100_000
_NEWS = 600.0
_NOT_COUNTED = {
    Removal.NODE: " Not counted: its node or worker went away.",
    Removal.TAKEN: " Not counted: the cluster removed it.",
}


@dataclass
class LossNotices:
    """Logs each loss once, from whichever source comes first; removals by the driver are not losses."""

    _logged: set[str] = field(default_factory=set)
    _lines: int = 0
    _application: str = ""

    def observe(self, seen: Observation, now: WatchTime) -> tuple[str, ...]:
        """The lines for new losses."""
        if (seen.inside is not None and seen.inside.ended) or seen.driver_gone_at is not None:
            return ()
        name = seen.inside.application_id if seen.inside is not None else ""
        if name and name != self._application:
            if self._application:
                self._logged.clear()  # another SparkContext counts its executors from 0 again
            self._application = name
        new = [loss for loss in _listed(seen, now) if loss.executor not in self._logged]
        if seen.driver is not None and seen.driver.clock is not None:
            # A watch that begins late, or again after a restart, must not report old losses as new.
            new = [loss for loss in new if (loss.removed or math.inf) > seen.driver.clock - _NEWS]
        if len(self._logged) < _MOST_KNOWN:
            self._logged.update(loss.executor for loss in new)
        return tuple(self._bounded([*_grouped(new)]))

    def _bounded(self, groups: Sequence[Sequence[Loss]]) -> Iterator[str]:
        for number, group in enumerate(groups):
            if self._lines >= _LINES:
                return
            self._lines += 1
            if self._lines == _LINES:
                yield "More executors are lost; further ones are not logged. The record has all of them."
            elif number == _LINES_A_LOOK:
                yield f"{sum(map(len, groups[number:]))} more executors were lost on other hosts."
                return
            else:
                yield loss_words.line(group) + _NOT_COUNTED.get(removal_of(group[-1].reason), "")


def _listed(seen: Observation, now: WatchTime) -> Iterator[Loss]:
    """Lost executors listed by the REST API, and others known only from the output."""
    rows = [row for row in (seen.driver.executors if seen.driver else ()) if not row.active]
    for row in rows:
        if removal_of(row.reason) is not Removal.ASKED:
            yield Loss(row.id, row.host, row.reason, now, removed=row.removed, stderr_url=row.stderr_url)
    listed = {row.id for row in rows}
    for ended in seen.exits:
        if ended.id not in listed:
            yield Loss(ended.id, ended.host, ended.reason, now, printed=ended.at)


def _grouped(losses: Sequence[Loss]) -> Iterator[list[Loss]]:
    """Groups by host and kind of removal, each oldest first, in the order of their first loss."""
    groups: dict[tuple[str, Removal], list[Loss]] = {}
    for loss in sorted(losses, key=lambda loss: (loss.removed or 0.0, loss.at)):
        groups.setdefault((loss.host, removal_of(loss.reason)), []).append(loss)
    yield from groups.values()
