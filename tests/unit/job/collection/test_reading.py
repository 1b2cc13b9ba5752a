"""One pass over batches built by hand: rows where they belong, invalid values counted, bounds kept, progress shown."""

from __future__ import annotations

import io
import math
import os
import pty

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import types as t

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection import reading as reading_module
from airflow_spark_guard.job.collection.array_format import ArrayFormat
from airflow_spark_guard.job.collection.budget import Budget
from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.invalid_values import check_counts
from airflow_spark_guard.job.collection.reading import Reading, RowBudget, RowProgress, TooManyRowsError

NAN = math.nan
FLOATS = pa.list_(pa.float32())
ROWS = RowBudget(100, 100)
SCHEMA = t.StructType(
    [
        t.StructField("a", t.LongType()),
        t.StructField("s", t.StringType()),
        t.StructField("b", t.ArrayType(t.FloatType())),
        t.StructField("y", t.DoubleType()),
        t.StructField("answer", t.StringType()),
    ]
)


def reading(features="a", label=None, nulls="error", rows=ROWS, budget=None):
    return Reading(check_columns(SCHEMA, features, label), ArrayFormat("float32", nulls), rows, budget)


def batch(numbers, **columns):
    """Rows of one number each, and further columns."""
    lists = pa.array([[value] for value in numbers], FLOATS)
    return pa.record_batch({"numbers": lists, **columns})


def test_rows_come_back_as_they_came():
    """Features and labels, batch after batch."""
    made = reading(label="y")
    for numbers in ([1, 2], [], [3]):
        made.add(batch(numbers, label=pa.array(numbers, pa.float32())))
    made.finish([0, 1, 2])
    assert len(made) == 3
    assert made.counts.read == 3
    assert made.plan_order() is None
    x, y = made.take(None)
    np.testing.assert_array_equal(x, [[1], [2], [3]])
    np.testing.assert_array_equal(y, [1, 2, 3])


def test_batches_are_put_into_the_order_of_the_plan():
    """As positions of rows, empty batches and dropped rows considered."""
    made = reading(nulls="drop")
    for numbers in ([1, None, 2], [], [3], [4, 5]):
        made.add(batch(numbers))
    made.finish([3, 1, 0, 2])
    order = made.plan_order()
    assert order.rows().tolist() == [3, 4, 0, 1, 2]
    np.testing.assert_array_equal(made.take(order)[0].ravel(), [4, 5, 1, 2, 3])
    assert made.counts.dropped == 1


def test_dropped_rows_leave_their_companions_too():
    """Labels, numbers, weights and strata stay beside their rows."""
    made = reading(label="y", nulls="drop")
    columns = {
        "label": pa.array([1, NAN, 3, 4], pa.float32()),
        "priority": pa.array([0.1, 0.2, 0.3, 0.4]),
        "weight": pa.array([1.0, 2.0, 3.0, 4.0]),
        "stratum": pa.array([11, 12, None, 11]),
    }
    made.add(batch([1, 2, None, 4], **columns))
    made.finish([0])
    assert made.beside("priority").tolist() == [0.1, 0.4]
    assert made.beside("weight").tolist() == [1.0, 4.0]
    assert made.stratum_codes({11: 5, 12: 6, None: 7}).tolist() == [5, 5]
    assert made.counts.missing == {"a": 1, "y": 1}
    assert made.counts.dropped == 2


def test_strata_are_coded_over_all_batches():
    """Null is one of them, and one that nobody counted is -1."""
    made = reading()
    made.add(batch([1, 2], stratum=pa.array([11, None])))
    made.add(batch([3, 4], stratum=pa.array([99, 11])))
    made.finish([0, 1])
    assert made.stratum_codes({None: 0, 11: 1}).tolist() == [1, 0, -1, 1]


def test_without_rows_there_is_nothing_beside():
    """Empty columns, no features, no texts."""
    made = reading(label="y")
    made.finish([])
    assert len(made.beside("priority")) == len(made.stratum_codes({})) == 0
    assert len(made.nulls("tie")) == 0
    assert made.take(None) == (None, None)


def test_batches_before_the_first_array_wait_for_it():
    """Null arrays become rows of NaN once a width is known; the order stays."""
    made = reading("b", nulls="nan")
    for lists in ([None, None], [], [[1, 2], None]):
        made.add(pa.record_batch({"array_0": pa.array(lists, FLOATS)}))
    assert len(made) == 4
    made.finish([0, 1, 2])
    np.testing.assert_array_equal(made.take(None)[0], [[NAN, NAN], [NAN, NAN], [1, 2], [NAN, NAN]])


def test_a_width_that_nothing_tells_is_refused():
    """All arrays null: the column and how many rows were looked at."""
    made = reading("b", nulls="nan")
    made.add(pa.record_batch({"array_0": pa.array([None, None], FLOATS)}))
    made.add(pa.record_batch({"array_0": pa.array([], FLOATS)}))
    with pytest.raises(SampleError) as caught:
        made.finish([0, 1])
    assert str(caught.value) == (
        "Column 'b' is null in every row.\n"
        "  got: 2 rows without a value\n"
        "  expected: at least one value: a feature without values has no information for a model\n"
        "  do: Look at the step that makes it, or take it out of the features."
    )


def test_rows_without_a_width_are_dropped_and_counted():
    """nulls="drop": a draw of nulls alone is no rows, not an error; another draw may find some."""
    made = reading("b", nulls="drop")
    made.add(pa.record_batch({"array_0": pa.array([None, None], FLOATS)}))
    made.finish([0])
    assert len(made) == 0
    assert (made.counts.read, made.counts.dropped, made.counts.missing) == (2, 2, {"b": 2})


def test_texts_of_features_and_label_are_sorted():
    """Codes in the order of the texts, and the texts by column."""
    made = reading("s", "answer")
    for texts, answers in ((["b", "c"], ["yes", "no"]), (["a", "b"], ["no", "no"])):
        made.add(pa.record_batch({"text_0": pa.array(texts), "label": pa.array(answers)}))
    made.finish([0, 1])
    x, y = made.take(None)
    assert made.layout.sort_texts(x, y) == {"s": ("a", "b", "c"), "answer": ("no", "yes")}
    np.testing.assert_array_equal(x.ravel(), [1, 2, 0, 1])
    np.testing.assert_array_equal(y, [1, 0, 0, 0])


def test_more_rows_than_the_ceiling_stop_the_pass():
    """Exactly so many pass."""
    made = reading(rows=RowBudget(3, 3, 3))
    made.add(batch([1, 2, 3]))
    with pytest.raises(TooManyRowsError):
        made.add(batch([4]))


def test_a_budget_lowers_the_ceiling():
    """To the rows that fit: 4 bytes each here."""
    made = reading(rows=RowBudget(100, 100, 100), budget=Budget(8, "test", asked=False))
    made.add(batch([1, 2]))
    with pytest.raises(TooManyRowsError):
        made.add(batch([3]))


def test_more_than_fits_is_refused_with_the_first_rows():
    """Without a ceiling the rows wanted must fit."""
    made = reading(rows=RowBudget(100, 120), budget=Budget(399, "test", asked=False))
    with pytest.raises(
        SampleError, match="^The sample does not fit .*\n  got: 100 rows of 4 bytes, 400 bytes\n"
    ):
        made.add(batch([1]))


@pytest.mark.parametrize(
    ("nulls", "numbers", "message"),
    [
        (
            "error",
            [1, None],
            (
                "There are nulls in the columns to collect.\n  got: a: 1, y: 1 (of 2 rows read)\n"
                "  expected: a value in every row; NaN counts as null\n"
                "  do: Pass nulls='drop' or nulls='nan', or fill them before the call with df.fillna(...)."
            ),
        ),
        (
            "nan",
            [1, None],
            (
                "There are nulls in the label.\n  got: y: 1 (of 2 rows read)\n"
                "  expected: a value in every row; no model learns from a missing answer\n"
                "  do: Filter them out before the call: df.where(df[label].isNotNull())."
            ),
        ),
    ],
)
def test_nulls_are_refused_by_policy(nulls, numbers, message):
    """Every one, or those of the label alone."""
    made = reading(label="y", nulls=nulls)
    made.add(batch(numbers, label=pa.array([None, 1], pa.float32())))
    made.finish([0])
    with pytest.raises(SampleError) as caught:
        check_counts(made.counts, made.layout.known(), ArrayFormat(nulls=nulls))
    assert str(caught.value) == message


def test_an_infinite_value_is_refused_even_in_a_row_that_is_dropped():
    """It is no null, so no policy allows it."""
    made = reading(label="y", nulls="drop")
    made.add(batch([math.inf, 1], label=pa.array([None, 1], pa.float32())))
    made.finish([0])
    with pytest.raises(
        SampleError, match="^There are infinite values .*\n  got: a: 1 \\(of 2 rows read\\)\n"
    ):
        check_counts(made.counts, made.layout.known(), ArrayFormat(nulls="drop"))


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(reading_module.time, "monotonic", clock.monotonic)
    return clock


def advance(progress, clock, *steps):
    for seconds, rows in steps:
        clock.now += seconds
        progress.advance(rows)


def test_a_terminal_shows_rows_and_share_on_one_line(clock, monkeypatch):
    """Twice a second at most, each over the one before; closing clears the line."""
    monkeypatch.setattr("sys.stderr", Terminal())
    progress = RowProgress(2000)
    advance(progress, clock, (0.1, 100), (0.5, 900), (0.2, 500), (0.5, 900))
    shown = reading_module.sys.stderr.getvalue()
    first, second = "collecting: 1,000 rows of 2,000, 50%", "collecting: 2,400 rows of 2,000, 100%"
    assert shown == f"\r{first}\r{second}"
    progress.close()
    assert reading_module.sys.stderr.getvalue() == shown + "\r" + " " * len(second) + "\r"


def test_without_a_total_rows_alone_are_shown(clock, monkeypatch):
    """Where the number of rows is unknown, no share is invented; neither for a total of 0."""
    for total in (None, 0):
        monkeypatch.setattr("sys.stderr", Terminal())
        advance(RowProgress(total), clock, (0.6, 1234))
        assert reading_module.sys.stderr.getvalue() == "\rcollecting: 1,234 rows"


def test_a_shorter_line_covers_the_longer_one(clock, monkeypatch):
    """No letters of the line before stay behind it."""
    monkeypatch.setattr("sys.stderr", Terminal())
    progress = RowProgress(None)
    progress._show("a long line")
    progress._show("short")
    assert reading_module.sys.stderr.getvalue() == "\ra long line\rshort      "


def test_files_and_pipes_get_nothing(clock, monkeypatch):
    """A log is no place for a line that is written over; nor does a process without stderr fail."""
    for stream in (io.StringIO(), None):
        monkeypatch.setattr("sys.stderr", stream)
        progress = RowProgress(10)
        advance(progress, clock, (1, 5), (1, 5))
        progress.close()
        assert stream is None or stream.getvalue() == ""


def test_a_short_collection_shows_nothing(clock, monkeypatch):
    """Nothing is shown in the first half second, and there is nothing to clear."""
    monkeypatch.setattr("sys.stderr", Terminal())
    progress = RowProgress(10)
    advance(progress, clock, (0.1, 5), (0.1, 5))
    progress.close()
    assert reading_module.sys.stderr.getvalue() == ""


def test_a_real_terminal_is_known_as_one(clock, monkeypatch):
    """A pseudo-terminal in the place of standard error gets the line."""
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        advance(RowProgress(None), clock, (1, 7))
        assert os.read(leader, 100) == b"\rcollecting: 7 rows"
        monkeypatch.undo()
    os.close(leader)


def test_a_guarded_attempt_gets_heartbeats(clock, monkeypatch):
    """Each is a heartbeat with rows done and in all, also without a terminal."""
    sent = []
    monkeypatch.setattr(reading_module, "heartbeat", lambda text, **numbers: sent.append((text, numbers)))
    progress = RowProgress(50)
    advance(progress, clock, (0.1, 5), (0.6, 5), (0.6, 5))
    assert sent == [
        ("rows collected", {"done": 10, "total": 50}),
        ("rows collected", {"done": 15, "total": 50}),
    ]
