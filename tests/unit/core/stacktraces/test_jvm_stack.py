"""What JVM threads do, by their stacks: from real dumps, and one made-up stack per kind that hung nobody here."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.stacktraces.jvm_stack import (
    classify_thread,
    frames_of,
    jvm_place,
    task_readings,
)
from airflow_spark_guard.core.web.spark_rest import JavaThread
from tests.support import paths

DATA = paths.DATA / "stacks"
PARK = "jdk.internal.misc.Unsafe.park(Native Method)"
READ = "sun.nio.ch.SocketDispatcher.read0(Native Method)"
STREAMING = "org.apache.spark.sql.execution.streaming"
STORAGE = "org.apache.spark.storage"
LOCKED_BLOCK = [
    PARK,
    "java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.await(A.java:1)",
    f"{STORAGE}.BlockInfoManager.$anonfun$acquireLock$1(BlockInfoManager.scala:227)",
    f"{STORAGE}.BlockInfoManager.$anonfun$acquireLock$1$adapted(BlockInfoManager.scala:214)",
    f"{STORAGE}.BlockInfoWrapper.withLock(BlockInfoManager.scala:105)",
    f"{STORAGE}.BlockInfoManager.acquireLock(BlockInfoManager.scala:214)",
    f"{STORAGE}.BlockInfoManager.lockForReading(BlockInfoManager.scala:262)",
    f"{STORAGE}.BlockManager.getLocalValues(BlockManager.scala:950)",
]
TASK = "org.apache.spark.executor.Executor$TaskRunner.run(Executor.scala:897)"


def threads(name: str) -> list[JavaThread]:
    rows = json.loads((DATA / name).read_text())
    return [
        JavaThread(row["threadName"], row["threadState"], tuple(row["stackTrace"]["elems"])) for row in rows
    ]


def test_a_task_that_waits_for_its_python_worker_is_known():
    """From a real executor whose UDF hung."""
    (found,) = task_readings(threads("threads-executor.json"), "0")
    assert (found.role, found.executor, found.kind) == ("task", "0", "python")
    assert found.key == "0 Executor task launch worker for task 0.0 in stage 5.0 (TID 5)"
    assert len(found.stack) == 16


def test_a_drivers_threads_wait():
    """Of a driver whose job hangs elsewhere."""
    kinds = {t.name: classify_thread(frames_of(t.stack), t.state) for t in threads("threads-driver.json")}
    assert {kinds[name] for name in ("main", "Thread-4", "Thread-14", "dag-scheduler-event-loop")} == {
        "waiting"
    }


def test_locks_do_not_change_the_hash_of_a_stack():
    """Their numbers are those of objects."""
    frames = (f"app//{TASK}", "\t-  locked java.io.BufferedInputStream@1", f"java.base@17.0.15/{READ}")
    name = "Executor task launch worker for task 1.0 in stage 2.0 (TID 3)"
    (one,) = task_readings([JavaThread(name, "RUNNABLE", frames)], "1")
    (two,) = task_readings([JavaThread(name, "RUNNABLE", (frames[0], frames[2]))], "1")
    assert one == two
    assert task_readings([JavaThread(name, "RUNNABLE", ())], "1")[0].stack == ""


def test_a_reading_has_the_place_in_the_jvm():
    """A commit that hangs has no line of Python."""
    frames = (READ, "org.postgresql.core.PGStream.receiveChar(PGStream.java:494)", TASK)
    name = "Executor task launch worker for task 1.0 in stage 2.0 (TID 3)"
    (found,) = task_readings([JavaThread(name, "RUNNABLE", frames)], "1")
    assert (found.kind, found.place) == ("io", "org.postgresql.core.PGStream.receiveChar(PGStream.java:494)")


@pytest.mark.parametrize(
    ("kind", "state", "frames"),
    [
        ("shuffle", "WAITING", [PARK, "java.util.concurrent.LinkedBlockingQueue.take(L.java:1)",
            "org.apache.spark.storage.ShuffleBlockFetcherIterator.next(S.scala:1)", TASK]),
        ("gc", "RUNNABLE", ["java.lang.Object.wait(Native Method)", "java.nio.Bits.reserveMemory(Bits.java:1)",
            "org.apache.spark.unsafe.Platform.allocateDirectBuffer(P.java:1)", TASK]),
        ("lock", "BLOCKED", ["com.acme.Singleton.get(S.java:1)", TASK]),
        ("lock", "WAITING", [PARK, "java.util.concurrent.locks.ReentrantLock.lock(R.java:1)",
            "com.acme.Pool.take(P.java:1)", TASK]),
        ("neighbour", "WAITING", ["java.lang.Object.wait(Native Method)",
            "org.apache.spark.memory.ExecutionMemoryPool.acquireMemory(E.scala:1)", TASK]),
        ("neighbour", "WAITING", LOCKED_BLOCK),
        ("neighbour", "WAITING", [*LOCKED_BLOCK[:2], "com.google.common.util.concurrent.ForwardingCondition.await(F.java:1)",
            *LOCKED_BLOCK[2:]]),
        ("neighbour", "WAITING", ["java.lang.Object.wait(Native Method)",
            "org.apache.spark.storage.BlockInfoManager.lockForReading(B.scala:1)", TASK]),
        ("running", "RUNNABLE", ["org.apache.spark.memory.ExecutionMemoryPool.acquireMemory(E.scala:1)", TASK]),
        # A task that computes a block for another one, and waits for something else.
        ("io", "RUNNABLE", [READ, "org.postgresql.core.PGStream.receiveChar(P.java:1)",
            "org.apache.spark.storage.BlockManager.doPutIterator(B.scala:1)",
            "org.apache.spark.storage.BlockManager.getOrElseUpdateRDDBlock(B.scala:1)", TASK]),
        ("io", "RUNNABLE", [READ, "java.net.Socket$SocketInputStream.read(S.java:1)",
            "org.postgresql.core.PGStream.receiveChar(P.java:1)", TASK]),
        ("io", "RUNNABLE", ["java.util.zip.Inflater.inflate(I.java:1)",
            "org.apache.parquet.hadoop.ParquetFileReader.read(P.java:1)", TASK]),
        ("python_start", "RUNNABLE", ["java.io.FileInputStream.readBytes(Native Method)",
            "java.io.DataInputStream.readInt(D.java:1)",
            "org.apache.spark.api.python.PythonWorkerFactory.startDaemon(PythonWorkerFactory.scala:357)",
            "org.apache.spark.api.python.PythonWorkerFactory.createThroughDaemon(PythonWorkerFactory.scala:1)", TASK]),
        ("python_start", "BLOCKED", [
            "org.apache.spark.api.python.PythonWorkerFactory.createThroughDaemon(PythonWorkerFactory.scala:1)", TASK]),
        ("python_start", "RUNNABLE", ["sun.nio.ch.EPoll.wait(Native Method)",
            "sun.nio.ch.SelectorImpl.select(SelectorImpl.java:141)",
            "org.apache.spark.api.python.PythonWorkerFactory.createSimpleWorker(PythonWorkerFactory.scala:1)", TASK]),
        ("python_start", "BLOCKED", ["org.apache.spark.SparkEnv.createPythonWorker(SparkEnv.scala:129)", TASK]),
        ("python", "RUNNABLE", [READ, "org.apache.spark.api.python.PythonWorkerFactory$MonitorThread.run(P.scala:1)"]),
        ("waiting", "RUNNABLE", [READ, "py4j.ClientServerConnection.waitForCommands(C.java:1)"]),
        ("waiting", "TIMED_WAITING", ["java.lang.Thread.sleep(Native Method)", "com.acme.Job.call(J.java:1)", TASK]),
        ("planning", "RUNNABLE", ["scala.collection.immutable.List.map(L.scala:1)",
            "org.apache.spark.sql.catalyst.expressions.In.equals(p.scala:1)",
            "org.apache.spark.sql.catalyst.optimizer.OptimizeIn$.apply(e.scala:1)"]),
        ("running", "RUNNABLE", ["org.apache.spark.sql.catalyst.expressions.GeneratedClass$X.processNext(U)", TASK]),
        ("running", "RUNNABLE", []),
        # Continuous processing, real-time mode and a DStream's receiver: each waits for input.
        ("stream", "TIMED_WAITING", [PARK, "java.util.concurrent.ArrayBlockingQueue.poll(A.java:1)",
            f"{STREAMING}.continuous.ContinuousQueuedDataReader.next(C.scala:116)",
            f"{STREAMING}.continuous.ContinuousDataSourceRDD$$anon$1.getNext(C.scala:93)",
            f"{STREAMING}.continuous.ContinuousWriteRDD.$anonfun$compute$1(C.scala:56)", TASK]),
        ("stream", "RUNNABLE", ["sun.nio.ch.EPoll.wait(Native Method)",
            "org.apache.kafka.clients.consumer.KafkaConsumer.poll(K.java:1)",
            "org.apache.spark.sql.kafka010.KafkaBatchPartitionReader.nextWithTimeout(K.scala:1)",
            "org.apache.spark.sql.execution.datasources.v2.LowLatencyReaderWrap.next(R.scala:1)", TASK]),
        ("stream", "WAITING", [PARK, "java.util.concurrent.CountDownLatch.await(C.java:1)",
            "org.apache.spark.streaming.receiver.ReceiverSupervisor.awaitTermination(R.scala:1)", TASK]),
        # A function of the job's that hangs on a row which the reader has given away is no wait for input.
        ("lock", "BLOCKED", ["com.acme.Singleton.get(S.java:1)",
            f"{STREAMING}.continuous.ContinuousWriteRDD.$anonfun$compute$1(C.scala:56)", TASK]),
    ],
)  # fmt: skip
def test_each_kind_by_its_innermost_frames(kind, state, frames):
    """What a library does inside counts for the one who called it."""
    assert classify_thread(frames, state) == kind


def test_frames_lose_class_loader_and_module():
    """As REST and SIGQUIT write them; what is no frame is left out."""
    assert frames_of(
        [
            "java.base@17.0.15/sun.nio.ch.EPoll.wait(Native Method)\n",
            "app//org.apache.spark.A$$Lambda$1333/0x00007f70.apply(Unknown Source)",
            "platform/java.sql@17.0.15/java.sql.X.y(X.java:1)",
            "at java.lang.Object.wait(java.base@17.0.15/Native Method)",
            "-  waiting on java.lang.ProcessImpl@3abeb0eb",
            "- locked <0x00000000c1b000a0> (a java.lang.ProcessImpl)",
            "com.acme.Job.call(Job.java:7)",
            "",
        ]
    ) == (
        "sun.nio.ch.EPoll.wait(Native Method)",
        "org.apache.spark.A$$Lambda$1333/0x00007f70.apply(Unknown Source)",
        "java.sql.X.y(X.java:1)",
        "java.lang.Object.wait(Native Method)",
        "com.acme.Job.call(Job.java:7)",
    )


def test_the_place_is_the_innermost_frame_that_is_not_javas():
    """Or the innermost at all."""
    assert jvm_place([PARK, TASK]) == TASK
    assert jvm_place([PARK]) == PARK
    assert jvm_place([]) == ""
