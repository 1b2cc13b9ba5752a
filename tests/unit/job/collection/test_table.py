"""Rows that grow and are put in order in place, against numpy's own indexing."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_spark_guard.job.collection.table import Blocks, Rows, put_in_order

SETTINGS = settings(derandomize=True)


@st.composite
def orders(draw):
    """A length, and the order of some or all of its rows: shuffled, selected, or in blocks."""
    rows = draw(st.integers(1, 120))
    kind = draw(st.sampled_from(["permutation", "selection", "ascending", "blocks"]))
    if kind == "blocks":
        cuts = sorted(draw(st.sets(st.integers(0, rows), max_size=8)) | {0, rows})
        blocks = list(itertools.pairwise(cuts))
        return rows, [i for begin, end in draw(st.permutations(blocks)) for i in range(begin, end)]
    chosen = draw(st.permutations(range(rows)))
    if kind != "permutation":
        chosen = chosen[: draw(st.integers(1, rows))]
    return rows, sorted(chosen) if kind == "ascending" else chosen


@given(case=orders(), width=st.sampled_from([None, 1, 3, 50]))
@SETTINGS
def test_the_rows_are_those_of_fancy_indexing(case, width):
    """For permutations, selections and moved blocks, of one column or many, alike."""
    count, order = case
    order = np.array(order)
    shape = (count,) if width is None else (count, width)
    rows = np.random.default_rng(count).random(shape)
    expected = rows[order]
    put_in_order(rows, order)
    np.testing.assert_array_equal(rows[: len(order)], expected)


@given(
    sizes=st.lists(st.integers(0, 7), min_size=1, max_size=14),
    shuffle=st.randoms(use_true_random=False),
    swaps=st.booleans(),
    width=st.sampled_from([None, 1, 3, 50]),
    spare=st.integers(0, 5),
)
@SETTINGS
def test_blocks_are_put_in_order_in_place(sizes, shuffle, swaps, width, spare):
    """Any order of whole blocks, also empty ones and neighbours that change places; what lies behind stays."""
    order = list(range(len(sizes)))
    if swaps:
        for at in range(0, len(order) - 1, 2):
            order[at : at + 2] = shuffle.choice([[at, at + 1], [at + 1, at]])
    else:
        shuffle.shuffle(order)
    count = sum(sizes)
    begins = np.cumsum([0, *sizes])
    expected = [i for block in order for i in range(begins[block], begins[block + 1])]
    blocks = Blocks(sizes, order)
    assert blocks.rows().tolist() == expected
    rows = np.random.default_rng(count).random((count + spare,) if width is None else (count + spare, width))
    before = rows.copy()
    blocks.put_in_order(rows)
    np.testing.assert_array_equal(rows, before[[*expected, *range(count, count + spare)]])


def test_blocks_in_place_are_not_touched():
    """Only stretches that change places are written: the rest may be read-only."""
    rows = np.arange(10)
    rows.flags.writeable = False
    Blocks([4, 6], [0, 1]).put_in_order(rows)
    Blocks([], []).put_in_order(rows)


def test_rows_in_place_are_not_touched():
    """What lies right already is not even written: read-only rows pass."""
    rows = np.arange(10)
    rows.flags.writeable = False
    put_in_order(rows, np.arange(7))
    put_in_order(rows, np.empty(0, dtype=int))


def test_an_empty_order_of_wide_rows():
    """No rows are no work."""
    rows = np.ones((3, 2))
    put_in_order(rows, np.empty(0, dtype=np.int64))
    assert rows.sum() == 6


def test_the_copy_in_between_stays_small():
    """Turning 40 MB round takes less than a quarter of that on top."""
    rows = np.arange(5_000_000, dtype="float64").reshape(50_000, 100)
    order = np.arange(50_000)[::-1].copy()
    tracemalloc.start()
    put_in_order(rows, order)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < rows.nbytes / 4
    assert rows[0, 0] == 4_999_900
    assert rows[-1, -1] == 99


@given(
    sizes=st.lists(st.integers(0, 40), max_size=12),
    capacity=st.integers(0, 100),
    width=st.sampled_from([None, 1, 4]),
)
@SETTINGS
def test_rows_grow_whatever_was_expected(sizes, capacity, width):
    """Appended rows come back all, in order, whether or not they fit into the guess."""
    total = sum(sizes)
    values = np.arange(total * (width or 1), dtype="float32").reshape(
        (total,) if width is None else (total, width)
    )
    rows = Rows(capacity, width, "float32")
    at = 0
    for size in sizes:
        rows.append(values[at : at + size])
        at += size
    assert len(rows) == total
    taken = rows.take(None)
    np.testing.assert_array_equal(taken, values)
    assert taken.flags.c_contiguous
    assert taken.dtype == np.float32


def test_room_that_is_not_kept_is_written_again():
    """extend gives room; only keep counts it, and fewer rows may be kept than there was room for."""
    rows = Rows(2, 1, "float64")
    rows.extend(3)[:] = [[1], [2], [3]]
    rows.keep(1)
    rows.extend(2)[:] = [[8], [9]]
    rows.keep(2)
    assert rows.take(None).ravel().tolist() == [1, 8, 9]


def test_take_puts_blocks_in_order():
    """All rows stay, in the order of their blocks."""
    rows = Rows(100, None, "float64")
    rows.append(np.arange(6.0))
    assert rows.take(Blocks([1, 3, 2], [2, 0, 1])).tolist() == [4, 5, 0, 1, 2, 3]


@pytest.mark.parametrize("width", [None, 2])
def test_take_cuts_the_array_itself(width):
    """The result owns its memory, which is cut to the rows taken, and nothing stays behind."""
    rows = Rows(1000, width, "float64")
    values = np.arange(20.0) if width is None else np.arange(40.0).reshape(20, 2)
    rows.append(values)
    taken = rows.take(np.array([5, 3, 19]))
    np.testing.assert_array_equal(taken, values[[5, 3, 19]])
    assert taken.flags.owndata
    assert taken.nbytes == 3 * 8 * (width or 1)
    assert rows._array.size == 0
