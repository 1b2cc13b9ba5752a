"""How many rows each stratum gives, and which of them, over many tables and seeds."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_spark_guard.job import SampleError, Stratify
from airflow_spark_guard.job.collection.draw import Draw
from airflow_spark_guard.job.collection.strata import (
    MOST,
    allocate,
    check_stratum,
    condition,
    count_strata,
    first_of_each,
    labelled,
    shares,
)

SETTINGS = settings(max_examples=300, deadline=None, derandomize=True)
COUNTS = st.dictionaries(st.integers(0, 10**6), st.integers(1, 10_000), min_size=1, max_size=30)


@given(counts=COUNTS, part=st.floats(0.001, 1), at_least=st.integers(0, 3))
@SETTINGS
def test_a_proportional_allocation_is_exact_and_fair(counts, part, at_least):
    """The sum is exact, no stratum gives more than it has or less than it must, shares are off by one row."""
    total = sum(counts.values())
    kept = {stratum: min(at_least, count) for stratum, count in counts.items()}
    rows = max(1, int(part * total), sum(kept.values()))
    taken = allocate(counts, rows, Stratify("s", at_least=at_least))
    assert list(taken) == list(counts)
    assert sum(taken.values()) == min(rows, total)
    assert all(kept[stratum] <= taken[stratum] <= counts[stratum] for stratum in counts)
    free = [stratum for stratum in counts if taken[stratum] > kept[stratum]]
    if free:
        share = sum(taken[stratum] for stratum in free) / sum(counts[stratum] for stratum in free)
        assert all(abs(taken[stratum] - share * counts[stratum]) <= 2 for stratum in free)


@given(counts=COUNTS, part=st.floats(0.001, 1))
@SETTINGS
def test_a_balanced_allocation_is_exact_and_even(counts, part):
    """The sum is exact; two strata differ only where the smaller one is used up, or by the last row."""
    total = sum(counts.values())
    rows = max(1, int(part * total))
    taken = allocate(counts, rows, Stratify("s", allocation="balanced", at_least=0))
    assert list(taken) == list(counts)
    assert sum(taken.values()) == rows
    highest = max(taken.values())
    for stratum, number in taken.items():
        assert number <= counts[stratum]
        assert number == counts[stratum] or number >= highest - 1


@pytest.mark.parametrize(
    ("counts", "rows", "how", "taken"),
    [
        ({"a": 60, "b": 30, "c": 10}, 10, Stratify("s"), {"a": 6, "b": 3, "c": 1}),
        ({"a": 997, "b": 2, "c": 1}, 10, Stratify("s"), {"a": 8, "b": 1, "c": 1}),
        ({"a": 997, "b": 2, "c": 1}, 10, Stratify("s", at_least=0), {"a": 10, "b": 0, "c": 0}),
        ({"a": 997, "b": 2, "c": 1}, 10, Stratify("s", at_least=5), {"a": 7, "b": 2, "c": 1}),
        ({"a": 50, "b": 50, "c": 50}, 10, Stratify("s"), {"a": 4, "b": 3, "c": 3}),
        ({"a": 100, "b": 100, "c": 2}, 20, Stratify("s", "balanced"), {"a": 9, "b": 9, "c": 2}),
        ({"a": 5, "b": 7}, 100, Stratify("s"), {"a": 5, "b": 7}),
        ({None: 8, "x": 2}, 5, Stratify("s"), {None: 4, "x": 1}),
        ({"a": 1, "b": 1}, 2, Stratify("s"), {"a": 1, "b": 1}),
    ],
)
def test_allocations_worked_out_by_hand(counts, rows, how, taken):
    """Largest remainders, rare strata first, and never more than there is."""
    assert allocate(counts, rows, how) == taken


def test_a_balanced_allocation_keeps_its_least_rows():
    """Each stratum gives at_least rows where the sample can hold them, however it is spread."""
    counts = {"a": 100, "b": 100, "c": 100}
    assert min(allocate(counts, 9, Stratify("s", "balanced", at_least=3)).values()) == 3


def test_more_than_fits_is_refused():
    """at_least of every stratum must fit into the sample; the message has the numbers."""
    with pytest.raises(SampleError) as caught:
        allocate({"a": 10, "b": 10, "c": 1}, 8, Stratify("kind", at_least=4))
    assert str(caught.value) == (
        "A sample of 8 rows cannot hold 4 of each stratum of 'kind'.\n"
        "  got: 3 strata, 9 rows at least\n"
        "  expected: at most 8\n"
        "  do: Raise max_rows, lower Stratify.at_least, or stratify by a coarser column."
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"column": 5},
            (
                "Stratify cannot use this column.\n  got: 5\n  expected: the name of a column\n"
                "  do: Correct column= in Stratify(...)."
            ),
        ),
        (
            {"column": "a", "allocation": "equal"},
            (
                "Stratify cannot use this allocation.\n  got: 'equal'\n  expected: proportional or balanced\n"
                "  do: Correct allocation= in Stratify(...)."
            ),
        ),
        (
            {"column": "a", "at_least": -1},
            (
                "Stratify cannot use this at_least.\n  got: -1\n  expected: a whole number of at least 0\n"
                "  do: Correct at_least= in Stratify(...)."
            ),
        ),
        (
            {"column": "a", "at_least": True},
            (
                "Stratify cannot use this at_least.\n  got: True\n  expected: a whole number of at least 0\n"
                "  do: Correct at_least= in Stratify(...)."
            ),
        ),
        (
            {"column": "a", "at_least": 1.0},
            (
                "Stratify cannot use this at_least.\n  got: 1.0\n  expected: a whole number of at least 0\n"
                "  do: Correct at_least= in Stratify(...)."
            ),
        ),
    ],
)
def test_wrong_wishes_are_named(arguments, message):
    """Stratify checks itself when it is made."""
    with pytest.raises(SampleError) as caught:
        Stratify(**arguments)
    assert str(caught.value) == message


@given(
    codes=st.lists(st.integers(0, 4), max_size=80),
    wanted=st.lists(st.integers(0, 30), min_size=5, max_size=5),
)
@SETTINGS
def test_the_first_of_each_are_those_of_a_loop(codes, wanted):
    """Positions, ascending, of the first so many rows of each code."""
    left, expected = list(wanted), []
    for at, code in enumerate(codes):
        if left[code]:
            left[code] -= 1
            expected.append(at)
    assert first_of_each(np.array(codes, dtype=np.int64), np.array(wanted)).tolist() == expected


@given(texts=st.lists(st.text(max_size=4), min_size=1, max_size=6, unique=True), null=st.booleans())
@SETTINGS
def test_labels_are_the_strata_themselves(texts, null):
    """Also texts that end in NUL, which numpy's own texts lose; a long one takes no memory in other rows."""
    strata = [*texts, *([None] if null else [])]
    codes = np.arange(3 * len(strata)) % len(strata)
    labels = labelled(strata, codes)
    assert labels.tolist() == [strata[code] for code in codes]
    assert labels.nbytes == 8 * len(codes)


def test_labels_of_numbers_are_numbers():
    """Whole numbers and booleans keep arrays of their own; dates and nulls are objects."""
    codes = np.array([1, 0])
    assert labelled([3, 4], codes).dtype == np.int64
    assert labelled([False, True], codes).dtype == bool
    assert labelled([3, None], codes).tolist() == [None, 3]
    assert labelled([dt.date(2013, 1, 1), dt.date(2013, 1, 2)], codes).tolist()[1] == dt.date(2013, 1, 1)


def test_rows_of_a_stratum_are_drawn_uniformly():
    """Over 3,000 seeds each row's inclusions within its stratum pass chi-square at 99.9 %."""
    codes = np.repeat([0, 1, 2], [20, 8, 2])
    wanted = np.array([5, 4, 2])
    counts = np.zeros(30)
    for seed in range(3000):
        order = np.argsort(np.random.default_rng(seed).random(30), kind="stable")
        chosen = order[first_of_each(codes[order], wanted)]
        assert np.bincount(codes[chosen], minlength=3).tolist() == [5, 4, 2]
        counts[chosen] += 1
    for code, (size, taken, bound) in enumerate([(20, 5, 43.82), (8, 4, 24.32)]):
        found, expected = counts[codes == code], 3000 * taken / size
        statistic = ((found - expected) ** 2 / expected).sum() / (1 - taken / size) * (size - 1) / size
        assert statistic < bound
    assert counts[28:].tolist() == [3000, 3000]


def test_each_stratum_has_a_share_of_its_own():
    """A stratum that is wanted whole is asked for whole; a large one for little more than is needed."""
    found = shares({"a": 10, "b": 100_000}, {"a": 10, "b": 1000})
    assert found["a"] == 1.0
    assert 0.01 < found["b"] < 0.012


@pytest.mark.spark
class TestInSpark:
    """What Spark counts and selects."""

    def frame(self, spark):
        return spark.range(0, 4000, 1, 3).selectExpr(
            "id",
            "CASE WHEN id % 10 = 0 THEN NULL WHEN id % 100 = 1 THEN 'rare' ELSE 'often' END AS s",
            "id % 4 = 0 AS even",
            "DATE'2013-01-01' + CAST(id % 3 AS INT) AS day",
            "CAST(id % 2 AS INT) AS half",
        )

    def test_strata_are_counted_and_sorted_null_last(self, spark):
        """Rows of each value, and of the source in all; null is a stratum of its own."""
        from pyspark.sql import functions as sf

        found = count_strata(self.frame(spark), "s", sf.expr("true"))
        assert list(found.counts.items()) == [("often", 3560), ("rare", 40), (None, 400)]
        assert (found.total, found.unusable) == (4000, ())
        assert [number is None for number in found.hashes] == [False, False, True]

    def test_rows_that_cannot_be_used_are_not_counted(self, spark):
        """A stratum of which no row is usable is kept apart; the total is of all rows."""
        from pyspark.sql import functions as sf

        found = count_strata(self.frame(spark), "s", (sf.col("id") % 10 != 0) & (sf.col("id") < 100))
        assert found.counts == {"often": 89, "rare": 1}
        assert (found.total, found.unusable) == (4000, (None,))

    def test_other_types_keep_their_values(self, spark):
        """Booleans, dates and whole numbers."""
        from pyspark.sql import functions as sf

        every = sf.expr("true")
        frame = self.frame(spark)
        assert count_strata(frame, "even", every).counts == {False: 3000, True: 1000}
        assert list(count_strata(frame, "day", every).counts) == [dt.date(2013, 1, day) for day in (1, 2, 3)]
        assert count_strata(frame, "half", every).counts == {0: 2000, 1: 2000}

    def test_too_many_strata_are_refused(self, spark):
        """A column that is almost a key is named, and the way out; the greatest number allowed passes."""
        from pyspark.sql import functions as sf

        every = sf.expr("true")
        with pytest.raises(SampleError) as caught:
            count_strata(self.frame(spark), "id", every)
        assert str(caught.value) == (
            "Column 'id' has too many strata.\n"
            "  got: more than 1000 different values\n"
            "  expected: at most 1000\n"
            "  do: Stratify by a coarser column; for a sample by key, pass key= instead."
        )
        assert len(count_strata(self.frame(spark).where(f"id < {MOST}"), "id", every).counts) == MOST

    def test_columns_that_are_no_strata_are_refused(self, spark):
        """Numbers with a fraction have too many values to be classes."""
        schema = spark.range(1).selectExpr("id / 2.0D AS ratio", "id", "array(id) AS list").schema
        check_stratum(schema, "id")
        for column, kind in (("ratio", "double"), ("list", "array<bigint>")):
            with pytest.raises(SampleError) as caught:
                check_stratum(schema, column)
            assert str(caught.value) == (
                f"Column {column!r} cannot be stratified by.\n"
                f"  got: {kind}\n"
                "  expected: text, whole numbers, booleans or dates\n"
                "  do: Cut it into classes first, for example with pyspark.ml.feature.Bucketizer or floor()."
            )

    @pytest.mark.parametrize(
        ("column", "wanted"),
        [
            ("s", {"often": 0.1, "rare": 1.0, None: 0.5}),
            ("s", {"often": 0.1, "rare": 0.1, None: 0.1}),
            ("s", {"often": 0.1, "rare": 0.1, None: 1.0}),
            ("even", {True: 1.0, False: 0.05}),
            ("day", {dt.date(2013, 1, 1): 1.0, dt.date(2013, 1, 2): 0.3, dt.date(2013, 1, 3): 0.05}),
        ],
    )
    def test_each_stratum_gives_its_share_or_somewhat_more(self, spark, column, wanted):
        """All rows for 1, and between four deviations less and a half more for the others; null included."""
        draw = Draw(5, ("id",))
        frame = self.frame(spark).selectExpr(f"{column} AS stratum", "id")
        marked = frame.selectExpr("stratum", f"{draw.priority_sql()} AS priority")
        counts = {row["stratum"]: row["count"] for row in frame.groupBy("stratum").count().collect()}
        rows = marked.where(condition(draw, wanted)).groupBy("stratum").count().collect()
        found = {row["stratum"]: row["count"] for row in rows}
        for stratum, share in wanted.items():
            spread = 4 * (counts[stratum] * share) ** 0.5
            low, high = counts[stratum] * share, counts[stratum] * min(1.0, 1.5 * share)
            assert low - (spread if share < 1 else 0) <= found[stratum] <= high + spread
