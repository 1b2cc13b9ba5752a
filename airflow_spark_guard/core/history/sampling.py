"""Figures over time, thinned as they grow: a long application has as many samples as a short one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spark_guard.core.history.model import Sample

MOST_SAMPLES = 600
_FIRST_STEP = 250
"""Milliseconds between two samples at first; doubled whenever there are too many."""


class Sampling:
    """Keeps fewer than :data:`MOST_SAMPLES` samples, about equally far apart.

    Attributes:
        due: when the next one is wanted, in milliseconds since the epoch; 0 before the first.
    """

    def __init__(self) -> None:
        self.due = 0
        self._step = _FIRST_STEP
        self._samples: list[Sample] = []

    def take(self, sample: Sample) -> None:
        """Keep a sample; called when it is due."""
        if len(self._samples) >= MOST_SAMPLES - 1:
            del self._samples[1::2]
            self._step *= 2
        self._samples.append(sample)
        self.due = int(sample.at * 1000) + self._step

    def samples(self, last: Sample) -> tuple[Sample, ...]:
        """All so far, and the state at the end."""
        return (*(sample for sample in self._samples if sample.at < last.at), last)
