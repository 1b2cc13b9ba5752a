"""The digest of live SQL metrics: what moves it, and what must not."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.sql_metrics import NEWEST, SqlMetrics, counts_work
from tests.support.scala import Store


@pytest.fixture
def store():
    return Store()


def test_the_digest_moves_with_the_work_and_with_nothing_else(store):
    """Times run on by themselves; the order of a Scala map means nothing."""
    metrics = SqlMetrics(store)
    assert metrics.digest() == ""
    running = store.start()
    digests = [metrics.digest()]
    running.values = dict(reversed({**running.values, 2: "9 m"}.items()))
    assert metrics.digest() == digests[0]
    for accumulator, value in ((1, "20"), (3, "8.0 KiB\n(1, 2 (stage 0.0: task 1))")):
        running.values[accumulator] = value
        digests.append(metrics.digest())
    assert len(set(digests)) == 3
    assert all(len(digest) == 16 for digest in digests)
    running.completed = True
    assert metrics.digest() == ""


def test_a_plan_made_anew_brings_its_metrics_along(store):
    """Adaptive execution; a value without a name is not counted before it has one."""
    metrics = SqlMetrics(store)
    running = store.start()
    before = metrics.digest()
    running.values[4] = "1"
    assert metrics.digest() == before
    running.names[4] = ("records read", "sum")
    after = metrics.digest()
    assert after != before
    running.values[4] = "2"
    assert metrics.digest() != after


def test_a_long_execution_is_followed_past_any_number_of_short_ones(store):
    """It must not fall out of sight because others came and went."""
    metrics = SqlMetrics(store)
    running = store.start()
    metrics.digest()
    for _ in range(3 * NEWEST):
        store.start().completed = True
    before = metrics.digest()
    assert before
    running.values[1] = "11"
    assert metrics.digest() != before


def test_only_the_newest_running_ones_are_looked_at(store):
    """A poll has to stay cheap."""
    metrics = SqlMetrics(store)
    running = [store.start() for _ in range(NEWEST)]
    metrics.digest()
    running += [store.start() for _ in range(5)]
    before = metrics.digest()
    running[0].values[1] = "11"
    assert metrics.digest() == before
    running[-1].values[1] = "11"
    assert metrics.digest() != before


def test_an_execution_that_spark_has_forgotten_is_dropped(store):
    """``spark.sql.ui.retainedExecutions``."""
    metrics = SqlMetrics(store)
    store.start()
    metrics.digest()
    store.executions.clear()
    assert metrics.digest() == ""


@pytest.mark.parametrize(
    ("name", "kind", "counts"),
    [
        ("number of output rows", "sum", True),
        ("data returned from Python workers", "size", True),
        ("time to run Python workers", "timing", False),
        ("shuffle write time", "nsTiming", False),
        ("peak memory", "size", False),
        ("estimated rows fetched from a source", "v2Custom_a.B", True),
        ("GC of a source, time", "v2Custom_a.B", False),
        ("number of sometimes skipped rows", "sum", True),
    ],
)
def test_times_and_memory_are_no_work(name, kind, counts):
    """By type, and by name where a data source brings a type of its own."""
    assert counts_work(name, kind) is counts
