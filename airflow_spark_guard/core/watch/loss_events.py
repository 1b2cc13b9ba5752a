"""Groups losses of executors into events: a node that dies with all its executors is one event."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime, LaunchTime, WatchTime

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST = 3
"""Events allowed for every application within the window, unless the user sets a number."""
SHARE = 10
"""A large application may have one event for this many executors at its peak."""
TURNOVER = 2
"""Spark's default fails an application after twice its executors (spark.executor.maxNumFailures)."""

# Executors that end within seconds of each other count as one event, whatever their hosts.
_MOMENT = 5.0
# Executors of one node that are killed one by one, for example by the kernel's out-of-memory killer.
_HOST = 10.0
# If a node stops responding, one sweep of the driver finds some of its executors, the next one the rest:
# spark.network.timeoutInterval (60 s), and the spread of their heartbeats.
_SWEEP = 90.0
# Only a sweep finds these. On Kubernetes each pod is its own host, so they are merged regardless of hosts.
_SWEPT = re.compile(r"heartbeat timed out", re.IGNORECASE)
_SILENT = re.compile(r"heartbeat timed out|remote rpc client disassociated", re.IGNORECASE)


@dataclass(frozen=True)
class Loss:
    """An executor that is gone.

    Attributes:
        executor: Spark's id; empty if only the number of losses is known.
        host: its host; empty if unknown.
        reason: Spark's reason; untrusted.
        at: when it was lost, on the clock of the window.
        started: when it started, on the clock of the window; None if unknown.
        removed: when it was removed, by the driver's clock; None if unknown.
        stderr_url: its log page; empty if unknown.
        printed: when spark-submit printed it; None if only the REST API reports it.
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
    """Losses that probably have one cause, by time and host.

    Attributes:
        losses: oldest first.
    """

    losses: list[Loss] = field(default_factory=list)
    _hosts: dict[str, WatchTime] = field(default_factory=dict)
    _swept: WatchTime | None = None

    @property
    def begin(self) -> WatchTime:
        """When the first executor was lost."""
        return self.losses[0].at

    def takes(self, loss: Loss) -> bool:
        """Whether a loss that is not earlier belongs to it.

        An executor that started after the event began was not part of it: a host whose executors crash one
        after the other has one event for each of them.
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
        """Add a loss."""
        self.losses.append(loss)
        self._hosts.setdefault(loss.host, loss.at)
        if self._swept is None and _SWEPT.search(loss.reason):
            self._swept = loss.at


def events_of(losses: Iterable[Loss]) -> list[LossEvent]:
    """Group the losses into events, oldest first."""
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
    """Number of events allowed within the window for an application with so many executors."""
    return max(LEAST, peak // SHARE)


def default_turnover(peak: int) -> int | None:
    """Number of executors that may be lost within the window in any number of events; None if unknown."""
    return max(LEAST, TURNOVER * peak) if peak else None
