"""A source that is read twice and gives other rows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.unchanged import check_found, check_strata, check_unchanged


class Rows(list):
    """Rows read, of which some were dropped."""

    counts = SimpleNamespace(dropped=2)


def test_as_many_rows_as_were_counted_pass():
    """Dropped ones were there as well; strata with codes, and none that fell short."""
    check_unchanged(Rows([1, 2, 3]), 5)
    check_strata(np.array([0, 3]))
    check_found([])


@pytest.mark.parametrize(
    ("check", "argument", "got"),
    [
        (lambda rows: check_unchanged(rows, 6), Rows([1, 2, 3]), "5 rows\n  expected: at least 6 rows, as counted before"),
        (check_strata, np.array([0, -1, -1]), "2 rows of strata that were not there before\n"),
        (check_found, ["a", "b"], "fewer rows of stratum 'a'\n"),
    ],
)  # fmt: skip
def test_fewer_or_other_rows_are_refused(check, argument, got):
    """With both numbers, and what to do."""
    with pytest.raises(SampleError) as caught:
        check(argument)
    text = str(caught.value)
    assert text.startswith("The source gave other rows when it was read again.\n  got: " + got)
    assert text.endswith(
        "do: Cache or write the DataFrame first: its plan is not deterministic, or its files changed."
    )
