"""Whether a worker's own threads stand still, and only background threads of a library move beside them.

Keep-alives of a database client, heartbeats of a consumer, and exporters of metrics go on in a worker that
hangs. Threads that do the task's work (a download, native code) move far more than those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.process_sample import OwnThreads, ProcessSample

# Measured: a blocked worker has 0.25 switches a second, a slow healthy one 20 to 460.
IDLE_CPU, IDLE_SWITCHES = 0.005, 1.0
# A worker whose stack is dumped every two minutes writes some kilobytes; rows are more than that.
IDLE_IO = 512.0
WATCHED = 0.5  # of the time between two samples
MOST_BYTES: Final = 4096.0
"""Bytes a second that background threads move at the most; a thread that moves more works for the task.

By their protocols and default intervals, idle clients of MongoDB, Kafka and gRPC and exporters of metrics
move 10 to 2,000 bytes a second (an estimate, not measured). A download at this rate takes half an hour for
7 MB.
"""
# Estimated as well: an exporter uses some per cent of a core, an idle client wakes some times a second. A
# native thread that waits for mapped files moves bytes that are not counted, but wakes far more often.
_MOST_CPU, _MOST_SWITCHES = 0.05, 50.0


def only_others_move(before: ProcessSample, after: ProcessSample, seconds: float) -> bool:
    """Whether its own threads stand still, and the others move no more than background threads do.

    False if that is not known: then the process is judged as a whole.

    Args:
        before: the first sample of a worker.
        after: the second one.
        seconds: between the two.
    """
    first, second = before.own, after.own
    if first is None or second is None or first.ids != second.ids:
        return False
    if not before.locals or before.locals != after.locals or after.moved > before.moved:
        return False
    watched = after.watched - before.watched >= WATCHED * seconds
    return watched and _stand(first, second, seconds) and _trickle(before, after, seconds)


def bytes_per_second(before: ProcessSample, after: ProcessSample, seconds: float) -> float:
    """Bytes that threads other than its own move, by the larger of the two counts.

    The system's count has no bytes of most sockets; the watch of system calls has no time before it began.
    """
    seen, watched = after.trickle - before.trickle, after.watched - before.watched
    counted = _rest(after.io, after.own, "io") - _rest(before.io, before.own, "io")
    return max(seen / watched if watched > 0 else 0.0, counted / seconds, 0.0)


def _stand(before: OwnThreads, after: OwnThreads, seconds: float) -> bool:
    return (
        after.cpu - before.cpu < IDLE_CPU * seconds
        and after.switches - before.switches < IDLE_SWITCHES * seconds
        and after.io - before.io < IDLE_IO * seconds
    )


def _trickle(before: ProcessSample, after: ProcessSample, seconds: float) -> bool:
    cpu = _rest(after.cpu, after.own, "cpu") - _rest(before.cpu, before.own, "cpu")
    delay = (after.delay or 0.0) - (before.delay or 0.0)
    switches = _rest(after.switches, after.own, "switches") - _rest(before.switches, before.own, "switches")
    return (
        cpu + delay < _MOST_CPU * seconds
        and switches < _MOST_SWITCHES * seconds
        and bytes_per_second(before, after, seconds) < MOST_BYTES
    )


def _rest(whole: float | None, own: OwnThreads | None, name: str) -> float:
    """The figure of the process without its own threads."""
    return (whole or 0.0) - (0.0 if own is None else float(getattr(own, name)))
