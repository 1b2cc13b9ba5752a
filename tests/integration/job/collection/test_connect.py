"""The same samples over Spark Connect, from a server on this machine."""

from __future__ import annotations

import time

import numpy as np
import pytest

from airflow_spark_guard.job import SampleError, collect_sample
from airflow_spark_guard.job.collection.arrow_stream import ArrowBatches, estimated_bytes, is_connect
from tests.support.connect_server import connect_server, remote_session

pytestmark = pytest.mark.spark

WAYS = {
    "key": {"key": "id", "max_rows": 300},
    "repeated": {"key": "k", "max_rows": 300},
    "strata": {"key": "id", "max_rows": 300, "stratify": "s"},
    "weights": {"key": "id", "max_rows": 300, "weight": "w"},
    "all": {},
}


def table(session):
    """2,000 rows in four partitions: numbers, text, a date, arrays, dense vectors of known width."""
    frame = session.range(0, 2000, 1, 4).selectExpr(
        "id",
        "id / 7.0D AS ratio",
        "CONCAT('t', id % 11) AS text",
        "DATE'2013-01-01' + CAST(id % 300 AS INT) AS day",
        "array(id, -id) AS pair",
        "id % 500 AS k",
        "id % 5 AS s",
        "id % 3 AS w",
    )
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql import functions as sf

    return frame.withColumn("v", array_to_vector(sf.expr("array(ratio, 1D, CAST(k AS DOUBLE))")))


FEATURES = ["id", "text", "v", "day", "pair"]


@pytest.fixture(scope="module")
def classic():
    """The samples of a classic session, which has ended before the server starts."""
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    frame = table(session)
    samples = {name: collect_sample(frame, FEATURES, "ratio", seed=4, **way) for name, way in WAYS.items()}
    session.stop()
    return samples


@pytest.fixture(scope="module")
def server(classic, tmp_path_factory):
    """The address of a Connect server of its own process."""
    with connect_server(tmp_path_factory.mktemp("connect")) as address:
        yield address


@pytest.fixture(scope="module")
def remote(server):
    """A session of it."""
    with remote_session(server) as session:
        yield session


@pytest.mark.parametrize("way", WAYS)
def test_the_rows_are_those_of_classic_spark(remote, classic, way):
    """By key the same to the bit, with strata and weights; and all rows in the source's order."""
    sample, expected = collect_sample(table(remote), FEATURES, "ratio", seed=4, **WAYS[way]), classic[way]
    np.testing.assert_array_equal(sample.X.view("uint32"), expected.X.view("uint32"))
    np.testing.assert_array_equal(sample.y, expected.y)
    assert sample.feature_names == expected.feature_names
    assert sample.report.categories == expected.report.categories
    for name in ("strata", "sample_weight"):
        one, other = getattr(sample, name), getattr(expected, name)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)


def test_a_draw_without_a_key_is_exact(remote):
    """So many rows, each once, in the source's order; the source is counted, as nobody tells its size."""
    sample = collect_sample(table(remote), ["id"], seed=4, max_rows=123)
    drawn = sample.X[:, 0].astype(int)
    assert len(drawn) == 123
    assert (np.diff(drawn) > 0).all()
    assert sample.report.passes == ("count", "rows")


def test_sparse_vectors_come_sparse(remote):
    """A vector column as a scipy matrix."""
    sample = collect_sample(table(remote), "v", "id", seed=4, max_rows=50, sparse=True, key="id")
    np.testing.assert_allclose(sample.X.toarray()[:, 0], sample.y / 7, rtol=1e-6)


def test_nulls_and_emptiness_are_refused_alike(remote):
    """The errors are ours, not those of the wire."""
    with pytest.raises(SampleError, match="^There are nulls in the columns to collect.\n  got: x: 5 "):
        collect_sample(remote.range(10).selectExpr("IF(id < 5, NULL, id) AS x"), "x", seed=1)
    with pytest.raises(SampleError, match="^No rows to sample.\n  got: an empty DataFrame\n"):
        collect_sample(remote.range(0), "id", seed=1)


def test_batches_are_a_stream_in_the_order_of_the_plan(remote):
    """Record batches one by one; nobody believes a size."""
    frame = table(remote).select("id")
    assert is_connect(frame)
    assert estimated_bytes(frame) is None
    with ArrowBatches(frame) as batches:
        found = [value for batch in batches for value in batch.column("id").to_pylist()]
    assert found == list(range(2000))
    assert batches.order == list(range(len(batches.order)))
    assert remote.getTags() == set()


def nap(remote, milliseconds):
    sleeping = f"reflect('java.lang.Thread', 'sleep', IF(id >= 0, {milliseconds}L, 0L))"
    return remote.range(0, 400, 1, 4).selectExpr("id", f"{sleeping} AS nap")


def leave(batches, error):
    for _ in batches:
        raise error("enough")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_leaving_early_interrupts_the_query(remote, error):
    """The server ends it: a slow query left at its first batch does not hold up the next one."""
    with pytest.raises(error, match="^enough$"), ArrowBatches(nap(remote, 50)) as batches:
        leave(batches, error)
    left = time.monotonic()
    assert remote.range(3).count() == 3
    assert time.monotonic() - left < 4.5  # five more seconds of rows were to come


def test_a_query_never_read_is_never_run(remote):
    """Opened and left: nothing was sent, and nothing stays."""
    with ArrowBatches(nap(remote, 50)):
        pass
    assert remote.range(3).count() == 3


def test_an_error_on_the_server_arrives_as_that_error(remote):
    """With its own message."""
    from pyspark.errors import PySparkException

    frame = remote.range(0, 400, 1, 4).selectExpr("IF(id = 399, raise_error('this row is bad'), id) AS id")
    with pytest.raises(PySparkException, match="this row is bad"), ArrowBatches(frame) as batches:
        list(batches)
