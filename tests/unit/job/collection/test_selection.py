"""Which of the rows read are taken, and in which order: on readings made by hand, over thousands of seeds."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import types as t

from airflow_spark_guard.job.collection import selection
from airflow_spark_guard.job.collection.array_format import ArrayFormat
from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.reading import Reading, RowBudget
from airflow_spark_guard.job.collection.selection import (
    by_priority,
    check_found,
    check_strata,
    check_unchanged,
    repeated,
    smallest,
)
from airflow_spark_guard.job.collection.table import Blocks

COLUMNS = check_columns(t.StructType([t.StructField("x", t.DoubleType())]), "x")


def reading(priority, values, batches=(), **beside):
    """A reading of rows with these numbers and values, in batches of the plan's order given."""
    beside.setdefault("tie", np.arange(len(priority)))
    made = Reading(COLUMNS, ArrayFormat("float64"), RowBudget(len(priority), len(priority)))
    parts = np.array_split(np.arange(len(priority)), max(1, len(batches)))
    for part in parts:
        columns = {name: pa.array(column).take(pa.array(part)) for name, column in beside.items()}
        lists = pa.array([[float(values[i])] for i in part], pa.list_(pa.float64()))
        made.add(pa.record_batch({"numbers": lists, "priority": np.asarray(priority)[part], **columns}))
    made.finish(list(batches) or [0])
    return made


def test_all_rows_come_in_the_order_of_the_plan_or_of_their_key():
    """None where they arrived so; positions where they did not; ranks with a key."""
    assert selection.all_rows(reading([3, 1, 2], [7, 8, 9]), keyed=False) is None
    turned = reading([3, 1, 2, 0], [7, 8, 9, 6], [1, 0])
    assert selection.all_rows(turned, keyed=False).rows().tolist() == [2, 3, 0, 1]
    assert selection.all_rows(turned, keyed=True).tolist() == [3, 1, 2, 0]


def test_the_least_are_taken_in_the_order_of_the_plan():
    """By number, not by place; with a key in the order of the numbers."""
    made = reading([0.5, 0.1, 0.3, 0.2], [1, 2, 3, 4], [1, 0])
    assert selection.rows_with_least(made, 2, keyed=False).tolist() == [3, 1]
    assert selection.rows_with_least(made, 2, keyed=True).tolist() == [1, 3]
    assert selection.rows_with_least(made, 4, keyed=False).rows().tolist() == [2, 3, 0, 1]
    assert selection.rows_with_least(reading([0.5, 0.1], [1, 2]), 2, keyed=False) is None
    assert selection.rows_with_least(reading([0.5, 0.1, 0.2], [1, 2, 3]), 1, keyed=False).tolist() == [1]


def test_rows_of_one_number_are_told_apart_by_their_ties():
    """The same ones are taken, wherever they lie."""
    for ties in ([5, 3, 4], [4, 5, 3]):
        order = selection.rows_with_least(reading([1, 1, 1], [7, 8, 9], tie=ties), 2, keyed=True)
        assert [ties[i] for i in order] == [3, 4]


def test_doubtful_keys_are_shares_of_the_rows_read():
    """Rows without a key have no tie; rows of one number have one key."""
    made = reading([5, 5, 1, 2], [1, 2, 3, 4], tie=pa.array([8, 9, None, 7]))
    assert selection.doubtful_keys(made) == (0.25, 0.5)
    assert selection.doubtful_keys(reading([], [], tie=pa.array([], pa.int64()))) == (0, 0)
    exponential, weight = np.array([0.3, 0.3, 0.7]), np.array([1e-310, 1e300, 2.0])
    made = reading(np.log(exponential) - np.log(weight), [1, 2, 3], weight=weight, tie=[1, 2, 3])
    assert selection.doubtful_keys(made) == (0, pytest.approx(2 / 3))


@pytest.mark.parametrize("batches", [(), (1, 0)])
def test_each_stratum_gives_its_least(batches):
    """By number within the stratum; the order is the plan's, or the key's."""
    codes, wanted = np.array([0, 1, 0, 1, 0, 1]), np.array([2, 1])
    made = reading([0.6, 0.5, 0.4, 0.3, 0.2, 0.1], range(6), batches)
    plan = [3, 4, 5, 0, 1, 2] if batches else range(6)
    taken = selection.rows_of_each(made, codes, wanted, keyed=False).tolist()
    assert taken == [i for i in plan if i in (2, 4, 5)]
    assert selection.rows_of_each(made, codes, wanted, keyed=True).tolist() == [5, 4, 2]


def test_estimates_by_inverse_chances_are_unbiased():
    """Over 1,000 seeds rows and sums are met within four standard errors, however uneven the weights."""
    weights = np.array([0.5] * 10 + [1.0] * 20 + [5.0] * 8 + [40.0] * 2)
    values = np.arange(40.0)
    rows, sums = [], []
    for seed in range(1000):
        priority = np.log(np.random.default_rng(seed).exponential(size=40) / weights)
        made = reading(priority, values, weight=weights)
        order = selection.rows_with_least(made, 12, keyed=False)
        stands_for = selection.inverse_chances(made, order)
        assert (stands_for >= 1).all()
        rows.append(stands_for.sum())
        sums.append((stands_for * values[order]).sum())
    for found, truth in ((rows, 40), (sums, values.sum())):
        assert abs(np.mean(found) - truth) < 4 * np.std(found) / math.sqrt(1000)


def test_all_rows_stand_for_themselves():
    """Where none was left out there is no estimate."""
    made = reading([0.1, 0.2], [1, 2], weight=[1.0, 9.0])
    assert selection.inverse_chances(made, None).tolist() == [1, 1]
    assert selection.inverse_chances(made, Blocks([1, 1], [1, 0])).tolist() == [1, 1]
    assert selection.inverse_chances(made, np.array([1, 0])).tolist() == [1, 1]


@given(
    priority=st.lists(st.integers(-5, 5), min_size=1, max_size=60),
    rows=st.integers(1, 70),
)
@settings(derandomize=True)
def test_smallest_is_what_a_sort_takes(priority, rows):
    """Exactly so many rows, ascending positions, and none left out is smaller than one taken."""
    numbers = np.array(priority)
    taken = smallest(numbers, rows)
    assert len(taken) == min(rows, len(numbers))
    assert (np.diff(taken) > 0).all()
    assert sorted(numbers[taken]) == sorted(priority)[:rows]


@given(
    table=st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 2)), max_size=40),
    shuffle=st.randoms(use_true_random=False),
)
@settings(derandomize=True)
def test_rows_of_one_number_come_in_the_order_of_their_ties(table, shuffle):
    """Wherever rows lay, by_priority brings the same rows in the same order."""

    def ordered(rows):
        columns = np.array(rows, dtype=float).reshape(-1, 2).T
        return columns[:, by_priority(columns[0], columns[1])]

    other = list(table)
    shuffle.shuffle(other)
    first = ordered(table)
    np.testing.assert_array_equal(first, ordered(other))
    assert (np.diff(first[0]) >= 0).all()


def test_by_priority_orders_by_the_number_first():
    """Ties only part rows of the same number."""
    assert by_priority(np.array([3, 1, 1, 2]), np.array([0, 9, 8, 7])).tolist() == [2, 1, 3, 0]


@given(keys=st.lists(st.integers(0, 12), max_size=40), weighted=st.booleans(), seed=st.integers(0, 999))
@settings(derandomize=True)
def test_rows_of_one_key_are_counted(keys, weighted, seed):
    """Whatever their weights are, from the smallest float to the largest."""
    rng = np.random.default_rng(seed)
    exponential = rng.exponential(size=13)[keys]
    weight = 10.0 ** rng.uniform(-307, 307, len(keys)) if weighted else None
    priority = exponential if weight is None else np.log(exponential) - np.log(weight)
    expected = sum(keys.count(key) > 1 for key in keys)
    assert repeated(priority, weight) == expected


def test_without_rows_there_is_no_order():
    """An empty draw is put in order as well."""
    assert by_priority(np.empty(0), np.empty(0)).tolist() == []


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
