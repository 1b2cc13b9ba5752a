"""Whether a source that is read twice gives the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.errors import SampleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from airflow_spark_guard.job.collection.reading import Reading

    Array = np.ndarray[Any, Any]


def check_unchanged(reading: Reading, wanted: int) -> None:
    """Raise for fewer rows than were counted."""
    found = len(reading) + reading.counts.dropped
    if found < wanted:
        raise _changed(f"{found} rows", f"at least {wanted} rows, as counted before")


def check_strata(codes: Array) -> None:
    """Raise for rows of strata that were not counted, which have the code -1."""
    late = int((codes < 0).sum())
    if late:
        raise _changed(
            f"{late} rows of strata that were not there before", "the strata that were counted before"
        )


def check_found(short: Sequence[Any]) -> None:
    """Raise for strata that had fewer rows than were counted, though all of them were read."""
    if short:
        raise _changed(f"fewer rows of stratum {short[0]!r}"[:200], "as many as were counted before")


def _changed(got: str, expected: str) -> SampleError:
    return SampleError(
        "The source gave other rows when it was read again.",
        got=got,
        expected=expected,
        advice="Cache or write the DataFrame first: its plan is not deterministic, or its files changed.",
    )
