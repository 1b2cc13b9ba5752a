"""The losses of an application within a window, from the driver's REST API and from spark-submit's output."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime, WatchTime
from airflow_spark_guard.core.watch.executor_loss import Removal, removal_of, was_lost
from airflow_spark_guard.core.watch.loss_events import Loss, LossEvent, events_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.watch.observation import DriverView, Executor, ExecutorExit, Observation

# More losses add no information; a crash loop makes 100 per second.
_MOST = 500
# If the driver's clock falls behind by more than this, it was set back; less is a slow answer.
_SET_BACK = 60.0


@dataclass
class LossLedger:
    """Keeps both sources separate: they report one set of losses, so their counts must not be added."""

    _rest: list[Loss] = field(default_factory=list)
    _printed: list[Loss] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)
    _exits: int = 0
    _lead: float | None = None
    _by_clock: bool = False
    _looked: WatchTime | None = None
    _exits_at: WatchTime = WatchTime(0.0)

    def take_rows(self, driver: DriverView, now: WatchTime) -> list[Loss]:
        """Add the executors listed by the REST API; return all that are newly gone, for any reason."""
        before, self._looked = self._looked, now
        rows = [row for row in driver.executors if not row.active]
        # A driver does not list executors again that it has forgotten: an application may run for months. And
        # another SparkContext of the script counts its executors from 0 again.
        self._known &= {row.id for row in rows}
        gone = sorted(
            (row for row in rows if row.id not in self._known), key=lambda row: row.removed or math.inf
        )
        if not gone:
            return []
        self._known.update(row.id for row in gone)
        self._set_clock(driver.clock, gone[-1].removed, now)
        found = [self._loss(row, before, now) for row in gone]
        # A lost node does not count, but executors that end right after their start are a loop as well.
        self._rest += [loss for loss in found if was_lost(loss.reason)]
        return found

    def _set_clock(self, clock: EpochTime | None, newest: EpochTime | None, now: WatchTime) -> None:
        """Update the difference between our clock and the driver's: the smallest one seen is most accurate.

        If the driver's clock is not known, the last executor is assumed to have been lost just now. That is a
        guess, so earlier losses are shifted when more is known. A clock that is set forward changes nothing.
        """
        shown = clock or newest
        if not shown:
            return
        lead, old = now - shown, self._lead
        if old is None or lead < old or (clock and self._by_clock and lead - old > _SET_BACK):
            if old is not None and not self._by_clock:
                self._rest = [_moved(loss, lead - old) for loss in self._rest]
            self._lead = lead
        self._by_clock = self._by_clock or bool(clock)

    def _loss(self, row: Executor, before: WatchTime | None, now: WatchTime) -> Loss:
        """The loss of a row; not earlier than the previous observation, which did not list it as gone."""

        def at(moment: EpochTime | None) -> WatchTime | None:
            return WatchTime(min(now, moment + self._lead)) if moment and self._lead is not None else None

        removed, started = at(row.removed), at(row.added)
        if row.removed and row.added > row.removed:
            started = WatchTime(0.0)  # the clock was set back while it ran: it did not just start
        went = now if removed is None else removed
        return Loss(
            row.id,
            row.host,
            row.reason,
            went if before is None else WatchTime(min(now, max(went, before))),
            started,
            row.removed or None,
            row.stderr_url,
        )

    def take_exits(self, seen: Observation, now: WatchTime) -> None:
        """Add printed losses: executors with names, and the number of further ones."""
        before, self._exits_at = self._exits_at, now
        named = [row for row in seen.exits if was_lost(row.reason)]
        self._printed += [_printed(row, seen, before, now) for row in named]
        counted = sum(removal_of(row.reason) is Removal.LOST for row in named)
        more = max(0, seen.executor_exits - self._exits - counted)
        self._printed += [Loss("", "", seen.exit_reason, now)] * min(more, _MOST)
        self._exits = max(self._exits, seen.executor_exits)

    def clear(self) -> None:
        """Reset for another SparkContext, which has not lost any executor yet."""
        self._rest, self._printed = [], []
        self._known.clear()
        self._looked, self._lead, self._by_clock = None, None, False

    def forget(self, begin: WatchTime, most: int) -> None:
        """Forget losses before ``begin``; keep at least ``most`` of the others."""
        most = max(_MOST, most)
        self._rest = [loss for loss in self._rest if loss.at >= begin][-most:]
        self._printed = [loss for loss in self._printed if loss.at >= begin][-most:]

    def within(self, begin: WatchTime) -> list[Loss]:
        """The losses that count since then, from the source that has more."""
        return max((_since(losses, begin) for losses in self._sources), key=len)

    def events(self, begin: WatchTime) -> list[LossEvent]:
        """The events since then, from the source that has more."""
        return max((events_of(_since(losses, begin)) for losses in self._sources), key=len)

    def young(self, begin: WatchTime) -> list[Loss]:
        """Executors that started and ended since then, and those whose start is unknown."""
        starts = {loss.executor: loss.started for loss in self._rest}
        return max(
            ([loss for loss in losses if _is_young(loss, begin, starts)] for losses in self._sources),
            key=len,
        )

    @property
    def _sources(self) -> tuple[list[Loss], list[Loss]]:
        return self._rest, self._printed


def _since(losses: Iterable[Loss], begin: WatchTime) -> list[Loss]:
    return [loss for loss in losses if loss.at >= begin and removal_of(loss.reason) is Removal.LOST]


def _is_young(loss: Loss, begin: WatchTime, starts: dict[str, WatchTime | None]) -> bool:
    if loss.at < begin:
        return False
    started = starts.get(loss.executor) if loss.started is None else loss.started
    if started is None:
        return removal_of(loss.reason) is Removal.LOST
    return started >= begin


def _moved(loss: Loss, later: float) -> Loss:
    if loss.removed is None:
        return loss
    started = None if loss.started is None else WatchTime(loss.started + later)
    return replace(loss, at=WatchTime(loss.at + later), started=started)


def _printed(row: ExecutorExit, seen: Observation, before: WatchTime, now: WatchTime) -> Loss:
    """A printed loss; not earlier than the previous observation, which did not have it."""
    skipped = max(0.0, seen.at - now)
    at = WatchTime(min(now, max(row.at - skipped, before)))
    started = None if row.started is None else WatchTime(row.started - skipped)
    return Loss(row.id, row.host, row.reason, at, started, printed=row.at)
