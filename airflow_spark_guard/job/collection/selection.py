"""Which of the rows read are taken, and in which order; and whether the source gave those that it counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_spark_guard.job.collection.draw import PRIORITY, TIE, WEIGHT
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.strata import first_of_each
from airflow_spark_guard.job.collection.table import Blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.job.collection.kinds.base import Array
    from airflow_spark_guard.job.collection.reading import Reading

# Logarithms up to 745, of weights, are rounded by less.
_ROUNDED = 5e-13


def all_rows(reading: Reading, *, keyed: bool) -> Array | Blocks | None:
    """Every row, in the order of the plan, or of its key; None for the order of arrival."""
    return _ranked(reading) if keyed else reading.plan_order()


def rows_with_least(reading: Reading, rows: int, *, keyed: bool) -> Array | Blocks | None:
    """The ``rows`` rows with the smallest numbers, in the order of the plan, or of their key."""
    if keyed:
        return _ranked(reading)[:rows]
    if rows >= len(reading):
        return reading.plan_order()
    plan = _planned(reading)
    return plan[smallest(reading.beside(PRIORITY)[plan], rows)]


def rows_of_each(reading: Reading, codes: Array, wanted: Array, *, keyed: bool) -> Array:
    """Of each stratum the ``wanted[code]`` rows with the smallest numbers, in the same orders.

    Args:
        reading: the rows.
        codes: shape (rows,), the stratum of each row.
        wanted: shape (strata,), rows of each.
        keyed: whether rows have a key.
    """
    if keyed:
        ranked = _ranked(reading)
        return ranked[first_of_each(codes[ranked], wanted)]
    plan = _planned(reading)
    ranked = np.argsort(reading.beside(PRIORITY)[plan], kind="stable")
    return plan[np.sort(ranked[first_of_each(codes[plan][ranked], wanted)])]


def inverse_chances(reading: Reading, order: Array | Blocks | None) -> Array:
    """How many rows each row of a weighted sample stands for.

    Given the smallest number t that was not taken, a row of weight w was taken with the chance 1 - exp(-w t)
    (bottom-k sketches, Cohen and Kaplan 2007). In a sample of all rows each stands for itself.
    """
    weights, priority = reading.beside(WEIGHT), reading.beside(PRIORITY)
    if order is None or isinstance(order, Blocks) or len(order) >= len(priority):
        return np.ones(len(priority))
    left = np.ones(len(priority), dtype=bool)
    left[order] = False
    # Numbers are logarithms: of w t there is one for every weight.
    with np.errstate(over="ignore"):
        chances: Array = 1 / -np.expm1(-np.exp(np.log(weights[order]) + priority[left].min()))
    return chances


def doubtful_keys(reading: Reading) -> tuple[float, float]:
    """Of the rows read, the share without a key, and the share whose key another row has as well."""
    rows = len(reading)
    if not rows:
        return 0.0, 0.0
    keyless = reading.nulls(TIE)
    weight = reading.beside(WEIGHT)
    found = repeated(reading.beside(PRIORITY)[~keyless], weight[~keyless] if len(weight) else None)
    return float(np.count_nonzero(keyless)) / rows, found / rows


def smallest(priority: Array, rows: int) -> Array:
    """Positions, ascending, of the ``rows`` smallest numbers."""
    if rows >= len(priority):
        return np.arange(len(priority))
    return np.sort(np.argpartition(priority, rows - 1)[:rows])


def by_priority(priority: Array, tie: Array) -> Array:
    """Positions in the order of the numbers; rows of the same number in the order of their ties.

    So rows that share a key come in the same order, and the same of them are taken, wherever they lay.
    """
    order = np.argsort(priority, kind="stable")
    ranked = priority[order]
    same = ranked[1:] == ranked[:-1]
    tied = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
    if len(tied):
        among = order[tied]
        order[tied] = among[np.lexsort((tie[among], priority[among]))]
    return order


def repeated(priority: Array, weight: Array | None = None) -> int:
    """Rows that share the number of their key with another row.

    With weights the number is taken back out of the weighted one, up to what the logarithms rounded off.
    """
    numbers = np.sort(priority if weight is None else priority + np.log(weight))
    same = numbers[1:] - numbers[:-1] <= _ROUNDED if weight is not None else numbers[1:] == numbers[:-1]
    return int((np.r_[same, False] | np.r_[False, same]).sum()) if len(numbers) > 1 else 0


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


def _planned(reading: Reading) -> Array:
    blocks = reading.plan_order()
    return np.arange(len(reading)) if blocks is None else blocks.rows()


def _ranked(reading: Reading) -> Array:
    """Rows by number; rows of one number by the hash of all their columns."""
    return by_priority(reading.beside(PRIORITY), reading.beside(TIE))
