"""The contract of the names that PySpark does not publish: batches as they arrive, and a job that ends with its reader."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
import threading
import time
from types import SimpleNamespace

import pyarrow as pa
import pytest
from py4j.protocol import Py4JJavaError
from pyspark import util
from pyspark.errors import PySparkException

from airflow_spark_guard.job.collection import arrow_stream
from airflow_spark_guard.job.collection.arrow_stream import ArrowBatches, estimated_bytes, is_connect

pytestmark = pytest.mark.spark


def slept(spark, milliseconds, where, rows=400, partitions=4):
    """Rows of which those that meet ``where`` take so long, each in its partition."""
    nap = f"reflect('java.lang.Thread', 'sleep', IF({where}, {milliseconds}L, 0L))"
    return spark.range(0, rows, 1, partitions).selectExpr("id", f"{nap} AS nap").select("id", "nap")


def ids(batches):
    return [value for batch in batches for value in batch.column("id").to_pylist()]


def active(spark):
    spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(10_000)
    return list(spark.sparkContext.statusTracker().getActiveJobsIds())


def jobs_of(spark, batches):
    """Jobs that were started for these batches, running or not."""
    return list(spark.sparkContext._jsc.sc().statusTracker().getJobIdsForTag(batches._way._tag))


def ends(spark, seconds=5.0):
    """Whether no job runs any more within that time."""
    until = time.monotonic() + seconds
    while active(spark) and time.monotonic() < until:
        time.sleep(0.05)
    return not active(spark)


@pytest.fixture
def quiet(monkeypatch):
    """Fails if a generator that was left alone raises where nobody can catch it."""
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    yield
    gc.collect()
    assert unraisable == []


def leave(batches, error):
    for _ in batches:
        raise error("enough")


BOTH = pytest.mark.parametrize("by_partition", [False, True], ids=["at once", "by partition"])


@BOTH
def test_all_rows_come_and_the_order_is_told(spark, by_partition):
    """Every row once, in batches no larger than Spark makes them; in the plan's order after `order`."""
    with ArrowBatches(spark.range(0, 2000, 1, 3), by_partition=by_partition) as batches:
        found = list(batches)
    assert all(isinstance(batch, pa.RecordBatch) and batch.num_rows <= 300 for batch in found)
    assert sorted(batches.order) == list(range(len(found)))
    assert ids(found[i] for i in batches.order) == list(range(2000))


@BOTH
@pytest.mark.parametrize("partitions", [1, 3])
def test_no_rows_are_no_batches_or_empty_ones(spark, by_partition, partitions):
    """An empty source, of empty partitions or of none."""
    for frame in (spark.range(0, 0, 1, partitions), spark.createDataFrame([], "id bigint")):
        with ArrowBatches(frame, by_partition=by_partition) as batches:
            found = list(batches)
        assert sum(batch.num_rows for batch in found) == 0
        assert batches.order == list(range(len(found)))


def test_batches_arrive_while_the_job_runs(spark):
    """The first batch is here before the last partition is done."""
    # Wide enough for every buffer in between to overflow.
    wide = slept(spark, 1500, "id = 3999", 4000).selectExpr("id", "array_repeat(id, 100) AS many", "nap")
    with ArrowBatches(wide) as batches:
        stream = iter(batches)
        read = next(stream).num_rows
        assert len(active(spark)) == 1
        assert read + sum(batch.num_rows for batch in stream) == 4000
    assert not active(spark)


def test_the_order_of_the_plan_is_not_that_of_arrival(spark):
    """A slow first partition arrives late; the order puts it back."""
    with ArrowBatches(slept(spark, 1000, "id = 0")) as batches:
        found = list(batches)
    assert ids(found)[0] != 0
    assert batches.order != list(range(4))
    assert ids(found[i] for i in batches.order) == list(range(400))


@BOTH
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_leaving_by_an_error_ends_the_job(spark, quiet, by_partition, error):
    """Whatever was raised passes at once, with much still unread, and no job runs on."""
    wide = spark.range(0, 1_000_000, 1, 4).selectExpr("id", "array_repeat(id, 20) AS many")
    with pytest.raises(error, match="^enough$"), ArrowBatches(wide, by_partition=by_partition) as batches:
        leave(batches, error)
    assert ends(spark)


@BOTH
def test_breaking_off_ends_the_job(spark, quiet, by_partition):
    """The loop's generator is closed before the context is left: it must not wait for the job."""
    wide = spark.range(0, 1_000_000, 1, 4).selectExpr("id", "array_repeat(id, 20) AS many")
    with ArrowBatches(wide, by_partition=by_partition) as batches:
        for _ in batches:
            break
    assert ends(spark)
    assert spark.range(5).count() == 5


@BOTH
def test_never_reading_ends_the_job(spark, quiet, by_partition):
    """A context that is left before the first batch leaves no job behind."""
    with ArrowBatches(slept(spark, 20, "true"), by_partition=by_partition):
        pass
    assert ends(spark)


def test_ctrl_c_while_waiting_ends_the_job(spark, quiet):
    """The interrupt arrives while Spark computes and nothing was read yet; it does not wait for the job."""
    started = time.monotonic()
    timer = threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt), ArrowBatches(slept(spark, 40, "true", 800)) as batches:
        list(batches)
    timer.join()
    assert time.monotonic() - started < 30  # and not the job's 40 and more
    assert ends(spark)


@BOTH
def test_an_error_in_spark_arrives_as_that_error(spark, quiet, by_partition):
    """The JVM's own, with its message; not a broken stream."""
    frame = spark.range(0, 400, 1, 4).selectExpr("IF(id = 399, raise_error('this row is bad'), id) AS id")
    with (
        pytest.raises(PySparkException, match="this row is bad"),
        ArrowBatches(frame, by_partition=by_partition) as batches,
    ):
        list(batches)
    assert ends(spark)


@BOTH
def test_a_plan_that_cannot_be_is_refused_when_it_is_opened(spark, by_partition):
    """Errors of planning come before any batch."""
    spark.range(3).createOrReplaceTempView("gone")
    frame = spark.table("gone").selectExpr("CAST('x' AS INT) AS id")
    with (
        pytest.raises(PySparkException, match="CAST_INVALID_INPUT"),
        ArrowBatches(frame, by_partition=by_partition) as batches,
    ):
        list(batches)


def test_a_partition_far_ahead_is_not_computed(spark, quiet):
    """By partition, one is read and one is prepared: the third, which would fail, never starts."""
    frame = spark.range(0, 1600, 1, 8).selectExpr("IF(id >= 400, raise_error('too early'), id) AS id")
    with ArrowBatches(frame, by_partition=True) as batches:
        stream = iter(batches)
        assert ids([next(stream)]) == list(range(200))
        assert ends(spark)
        assert len(jobs_of(spark, batches)) == 2
    assert ends(spark)


def test_partitions_come_one_after_the_other_to_the_end(spark):
    """One job for each partition, batches within them in order."""
    with ArrowBatches(spark.range(0, 1800, 1, 3), by_partition=True) as batches:
        found = list(batches)
        assert len(jobs_of(spark, batches)) == 3
    assert ids(found) == list(range(1800))
    assert [batch.num_rows for batch in found] == [300, 300] * 3


@pytest.mark.parametrize("large", ["false", "true"])
def test_every_type_of_a_projection_is_known_by_partition(spark, large):
    """The schema is built here, from Spark's, and is the one that Spark writes."""
    expressions = [
        "id > 1 AS t",
        "CAST(id AS FLOAT) AS f",
        "CAST(id AS DOUBLE) AS d",
        "CAST(id AS TINYINT) AS b",
        "CAST(id AS INT) AS i",
        "id AS l",
        "CAST(id AS STRING) AS s",
        "IF(id = 1, NULL, array(CAST(id AS FLOAT), NULL)) AS af",
        "array(CAST(id AS DOUBLE)) AS ad",
        "array(CAST(id AS INT)) AS ai",
    ]
    spark.conf.set("spark.sql.execution.arrow.useLargeVarTypes", large)
    try:
        frame = spark.range(0, 4, 1, 2).selectExpr(*expressions)
        with ArrowBatches(frame, by_partition=True) as batches:
            table = pa.Table.from_batches(list(batches))
        expected = frame.toArrow()
        assert table.to_pydict() == expected.to_pydict()
        assert table.schema.field("s").type == expected.schema.field("s").type
        assert table.schema.field("af").type == pa.list_(pa.float32())
    finally:
        spark.conf.unset("spark.sql.execution.arrow.useLargeVarTypes")


def test_the_tag_does_not_stay(spark):
    """Jobs started later are not cancelled with these."""
    with ArrowBatches(spark.range(3)) as batches:
        assert not list(spark.sparkContext.getJobTags())
        list(batches)
    spark.range(3).count()
    assert len(jobs_of(spark, batches)) == 1


def test_spark_believes_a_size(spark):
    """The optimizer's figure, of the columns that are left; a classic DataFrame is none of Connect."""
    frame = spark.range(0, 1000).selectExpr("id", "id AS other")
    assert estimated_bytes(frame.select("id")) == 8000
    assert estimated_bytes(frame) == 12_000  # a row counts 8 bytes besides its values
    assert not is_connect(frame)


def test_the_older_place_of_the_connection_is_known(spark, monkeypatch):
    """Spark 3.5 keeps it elsewhere."""
    newer = util.local_connect_and_auth
    assert arrow_stream._connection() is newer
    monkeypatch.delattr(util, "local_connect_and_auth")
    monkeypatch.setitem(sys.modules, "pyspark.java_gateway", SimpleNamespace(local_connect_and_auth=newer))
    with ArrowBatches(spark.range(7)) as batches:
        assert sorted(ids(batches)) == list(range(7))


def read_from(batches, stream):
    """Read the batches as if the connection gave this."""
    batches._way._file.close()
    batches._way._file = stream
    return list(batches)


class Starved:
    """A stream that there is no memory to read."""

    closed = False

    def read(self, *_):
        raise MemoryError("no memory")

    def close(self):
        pass


def test_without_memory_to_read_on_the_job_ends(spark, quiet):
    """The job still waits for its reader: nobody waits for the job."""
    wide = spark.range(0, 1_000_000, 1, 4).selectExpr("id", "array_repeat(id, 20) AS many")
    with pytest.raises(MemoryError, match="^no memory$"), ArrowBatches(wide) as batches:
        read_from(batches, Starved())
    assert ends(spark)


def test_a_stream_that_breaks_though_the_job_is_fine_is_an_error(spark):
    """Spark has nothing to say then, so the error of the stream stands."""
    with pytest.raises(pa.ArrowInvalid), ArrowBatches(spark.range(3)) as batches:
        read_from(batches, io.BytesIO(b"no Arrow, at least sixteen bytes"))


def test_an_error_that_pyspark_does_not_know_comes_as_it_is(spark):
    """Without a class for any of its causes, py4j's own error passes."""
    with pytest.raises(Py4JJavaError, match="FileNotFoundException"), arrow_stream._unwrapped():
        spark.sparkContext._jvm.java.io.FileInputStream("/no/such/file")
