"""Losses of executors, counted as events: a node that dies takes all its executors, and that is one event."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime, LaunchTime, WatchTime

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST = 3
"""Events that any application may have within the window, unless the user sets a number."""
SHARE = 10
"""One event for this many executors at the peak is the budget of a large application."""
TURNOVER = 2
"""Spark's own default gives an application up after twice its executors (spark.executor.maxNumFailures)."""

# Executors that end within seconds of each other end together, whatever their host.
_MOMENT = 5.0
# A node's executors that are killed one by one, as by the kernel short of memory.
_HOST = 10.0
# Of a node that just falls silent a first sweep of the driver finds some executors, the next one the rest:
# spark.network.timeoutInterval (60 s), and the spread of their heartbeats.
_SWEEP = 90.0
# Only a sweep finds these. On Kubernetes each pod is a host of its own, so they are merged whatever the host.
_SWEPT = re.compile(r"heartbeat timed out", re.IGNORECASE)
_SILENT = re.compile(r"heartbeat timed out|remote rpc client disassociated", re.IGNORECASE)


@dataclass(frozen=True)
class Loss:
    """An executor that is gone.

    Attributes:
        executor: Spark's id; empty where only the count is known.
        host: where it ran; empty when unknown.
        reason: in Spark's words; untrusted.
        at: when, as it counts within a window.
        started: when it came, the same; None when unknown.
        removed: when, by the driver's clock; None when unknown.
        stderr_url: its log page; empty where none is known.
        printed: when spark-submit printed it; None where the REST API alone reports it.
    """

    executor: str
    host: str
    reason: str
    at: WatchTime
    started: WatchTime | None = None
    removed: EpochTime | None = None
    stderr_url: str = ""
    printed: LaunchTime | None = None


@dataclass
class LossEvent:
    """Losses with one cause, as far as time and place can tell.

    Attributes:
        losses: oldest first.
    """

    losses: list[Loss] = field(default_factory=list)
    _hosts: dict[str, WatchTime] = field(default_factory=dict)
    _swept: WatchTime | None = None

    @property
    def begin(self) -> WatchTime:
        """When the first executor went."""
        return self.losses[0].at

    def takes(self, loss: Loss) -> bool:
        """Whether a loss that came no earlier belongs to it.

        What started after the event began did not die of it: so a host whose executors crash one after the
        other has one event for each of them.
        """
        if loss.started is not None and loss.started > self.begin:
            return False
        if loss.at - self.begin <= _MOMENT:
            return True
        if self._swept is not None and _SWEPT.search(loss.reason) and loss.at - self._swept < _SWEEP:
            return True
        first = self._hosts.get(loss.host) if loss.host else None
        if first is None:
            return False
        return loss.at - first < (_SWEEP if _SILENT.search(loss.reason) else _HOST)

    def add(self, loss: Loss) -> None:
        """Take it in."""
        self.losses.append(loss)
        self._hosts.setdefault(loss.host, loss.at)
        if self._swept is None and _SWEPT.search(loss.reason):
            self._swept = loss.at


def events_of(losses: Iterable[Loss]) -> list[LossEvent]:
    """The events that the losses make up, oldest first."""
    found: list[LossEvent] = []
    first_open = 0
    for loss in sorted(losses, key=lambda loss: loss.at):
        while first_open < len(found) and loss.at - found[first_open].begin > _SWEEP:
            first_open += 1
        event = next((event for event in found[first_open:] if event.takes(loss)), None)
        if event is None:
            event = LossEvent()
            found.append(event)
        event.add(loss)
    return found


def default_budget(peak: int) -> int:
    """Events that an application of so many executors may have within the window."""
    return max(LEAST, peak // SHARE)


def default_turnover(peak: int) -> int | None:
    """Executors that it may lose within the window, in however few events; None where the peak is unknown."""
    return max(LEAST, TURNOVER * peak) if peak else None
