"""All measurements of a job, bounded: a loop that measures a million times keeps and sends a few of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_spark_guard.job.instruments.measurement import Measurement, What
    from airflow_spark_guard.job.instruments.messages import Sink

MOST = 500
# A second measurement of the same thing is news if its size has grown by this factor.
_GROWN = 1.25
_KINDS: tuple[tuple[str, What], ...] = (
    ("closures", "closure"),
    ("frames", "frame"),
    ("checkpoints", "checkpoint"),
    ("broadcasts", "broadcast"),
    ("stages", "stage"),
)


@dataclass
class _Kept:
    newest: Measurement
    sent: float  # the size that the sink has seen last
    warned: bool
    times: int = 1


@dataclass
class InstrumentMetrics:
    """What was measured so far, the newest measurement of each name.

    Attributes:
        left_out: measurements that were not taken, to keep the job's overhead within its share, or not kept,
            beyond 500 names.
    """

    left_out: int = 0
    _kept: dict[tuple[str, str, str], _Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, item: Measurement, sink: Sink) -> None:
        """Keep a measurement; the sink gets it if it is new, much larger, or warns for the first time."""
        with self._lock:
            is_news = self._keep(item)
        if is_news:
            sink.measured(item.what, item.name, item.values, item.line, item.warning)

    def _keep(self, item: Measurement) -> bool:
        key = _key(item)
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= MOST and not item.warning:
                self.left_out += 1
                return False
            self._kept[key] = _Kept(item, item.size, bool(item.warning))
            return True
        is_news = item.size > kept.sent * _GROWN or (bool(item.warning) and not kept.warned)
        kept.newest = item
        if is_news:
            kept.sent = item.size
        kept.warned = kept.warned or bool(item.warning)
        kept.times += 1
        return is_news

    def of(self, what: What) -> tuple[Measurement, ...]:
        """The measurements of one kind, in the order of their first time."""
        with self._lock:
            return tuple(kept.newest for kept in self._kept.values() if kept.newest.what == what)

    def times(self, item: Measurement) -> int:
        """How often it was measured."""
        with self._lock:
            return self._kept[_key(item)].times

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of all of them."""
        with self._lock:
            return tuple(kept.newest.warning for kept in self._kept.values() if kept.newest.warning)

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it: for each kind a list of ``{"name", "line", "warning", **figures}``."""
        rows = {
            title: [
                {"name": one.name, "line": one.line, "warning": one.warning, **one.values}
                for one in self.of(what)
            ]
            for title, what in _KINDS
        }
        return {**rows, "left_out": self.left_out}


def _key(item: Measurement) -> tuple[str, str, str]:
    return (item.what, item.name, item.line)
