"""Whether a process moved between two samples a second apart: enough to choose among several."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.watch.process_sample import ProcessSample

# Measured on workers: a slow healthy one switches 20 to 460 times a second, a blocked one less than once, one
# that polls with a short sleep a few times.
_MOST_CPU, _MOST_SWITCHES, _MOST_IO = 0.02, 20, 512  # two ticks: on a crowded machine a loop gets no more


def moved(before: Iterable[ProcessSample], after: Iterable[ProcessSample]) -> dict[str, bool]:
    """Whether each process that was seen twice computed, switched, read or wrote, by its key."""
    first = {reading.key: reading for reading in before}
    return {reading.key: _moved(first[reading.key], reading) for reading in after if reading.key in first}


def _moved(before: ProcessSample, after: ProcessSample) -> bool:
    figures = (
        (before.cpu, after.cpu, _MOST_CPU),
        (before.switches, after.switches, _MOST_SWITCHES),
        (before.io, after.io, _MOST_IO),
    )
    return any(b is not None and a is not None and a - b >= most for b, a, most in figures)
