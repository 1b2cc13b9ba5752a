"""Arrow batches out of Spark, one by one, as they arrive; their job is cancelled when the reader stops early.

This module alone uses names that PySpark does not publish: its public ways hold the whole result at once.
``tests/integration/job/collection/test_arrow_stream.py`` is their contract.
"""

from __future__ import annotations

import contextlib
import inspect
import socket
import time
import uuid
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from airflow_spark_guard.job.collection.kinds.text import TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterator


_LONGEST_DRAIN = 3.0  # seconds


class ArrowBatches:
    """The record batches of a DataFrame, as a context manager.

    ::

        with ArrowBatches(df) as batches:
            for batch in batches:
                ...
        batches.order  # positions of the batches in the order of the plan

    Leaving it early cancels the Spark job, whatever the reason: an error, Ctrl-C, a deadline.

    Args:
        df: a DataFrame of classic Spark or Spark Connect.
        by_partition: fetch one partition after another, one ahead, so that the driver's JVM never holds
            more than two. Spark Connect has no such way; there the server keeps what was not read yet.
    """

    def __init__(self, df: Any, *, by_partition: bool = False) -> None:
        if is_connect(df):
            self._way: Any = _Connect(df)
        else:
            self._way = _ClassicByPartition(df) if by_partition else _Classic(df)
        self.order: list[int] = []
        self._finished = False

    def __enter__(self) -> Self:
        self._way.open()
        return self

    def __iter__(self) -> Iterator[Any]:
        count = 0
        for item in self._way.read():
            if isinstance(item, list):
                self.order = item
            else:
                count += 1
                yield item
        self.order = self.order or list(range(count))
        self._finished = True

    def __exit__(self, *_: object) -> None:
        self._way.close(finished=self._finished)


def is_connect(of_spark: Any) -> bool:
    """Whether this DataFrame or session belongs to Spark Connect."""
    return type(of_spark).__module__.startswith("pyspark.sql.connect")


def estimated_bytes(df: Any) -> int | None:
    """The size in the estimate of Spark's optimizer; None on Spark Connect, which does not give it."""
    if is_connect(df):
        return None
    statistics = df._jdf.queryExecution().optimizedPlan().stats()  # noqa: SLF001
    return int(str(statistics.sizeInBytes()))


class _Classic:
    """All partitions at once, in the order of their arrival; the order of the plan comes last."""

    def __init__(self, df: Any) -> None:
        self._df, self._context = df, df.sparkSession.sparkContext
        self._tag = f"spark-guard-collect-{uuid.uuid4().hex}"
        self._file: Any = None
        self._socket: Any = None
        self._server: Any = None

    def open(self) -> None:
        # The job runs on a thread of the JVM that inherits the tags of this one.
        self._context.addJobTag(self._tag)
        try:
            port, secret, self._server = self._serve()
        finally:
            self._context.removeJobTag(self._tag)
        self._file, self._socket = _connection()(port, secret)
        self._socket.settimeout(None)  # a job takes as long as it takes

    def _serve(self) -> Any:
        return self._df._jdf.collectAsArrowToPython()  # noqa: SLF001

    def read(self) -> Iterator[Any]:
        from pyspark.sql.pandas.serializers import ArrowCollectSerializer

        try:
            yield from ArrowCollectSerializer().load_stream(self._file)
        except MemoryError:
            raise  # as below: the job waits for its reader
        except Exception:
            self._join()  # the JVM's own error has more in it than a broken stream
            raise
        # Whoever leaves early (GeneratorExit, Ctrl-C) must not wait for a job that waits for its reader.
        self._join()

    def _join(self) -> None:
        with _unwrapped():
            self._server.getResult()

    def close(self, *, finished: bool) -> None:
        if not finished:
            self._context.cancelJobsWithTag(self._tag)
            self._drain()
        with contextlib.suppress(OSError):
            # Not close alone: a reader may still hold the file, and the JVM would wait for it for ever.
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._file.close()
            self._socket.close()

    def _drain(self) -> None:
        """Read what is on its way, so that the cancelled job ends in peace instead of with a stack trace."""
        until = time.monotonic() + _LONGEST_DRAIN
        with contextlib.suppress(OSError):
            self._socket.settimeout(_LONGEST_DRAIN)
            while self._socket.recv(1 << 20) and time.monotonic() < until:
                pass


class _ClassicByPartition(_Classic):
    """One partition at a time, each asked for when the one before is read; a job for each."""

    def _serve(self) -> Any:
        rdd = self._df._jdf.toArrowBatchRdd()  # noqa: SLF001
        return self._context._jvm.PythonRDD.toLocalIteratorAndServe(rdd, True)  # noqa: FBT003, SLF001

    def _drain(self) -> None:
        """Ask the JVM for no further partition."""
        from pyspark.serializers import write_int

        with contextlib.suppress(OSError):
            write_int(0, self._file)
            self._file.flush()
        super()._drain()

    def read(self) -> Iterator[Any]:
        from pyspark.serializers import NoOpSerializer, read_int, write_int

        schema = _arrow_schema(self._df)
        while True:
            write_int(1, self._file)
            self._file.flush()
            status = read_int(self._file)
            if status == -1:
                self._join()
            if status != 1:
                return
            for message in NoOpSerializer().load_stream(self._file):
                yield pa.ipc.read_record_batch(pa.py_buffer(message), schema)


class _Connect:
    """The server's stream, in the order of the plan."""

    def __init__(self, df: Any) -> None:
        self._df, self._session = df, df.sparkSession
        self._tag = f"spark-guard-collect-{uuid.uuid4().hex}"
        self._tables: Any = None

    def open(self) -> None:
        client = self._session.client
        plan = self._df._plan.to_proto(client)  # noqa: SLF001
        stream = client.to_table_as_iterator
        observations: list[dict[str, Any]] = (
            [{}] if len(inspect.signature(stream).parameters) > 1 else []
        )  # Spark 3.5 takes none
        self._tables = stream(plan, *observations)

    def read(self) -> Iterator[Any]:
        # A request carries the tags that are set when it is sent: at the first answer that is asked for.
        self._session.addTag(self._tag)
        try:
            first = next(self._tables, None)
        finally:
            self._session.removeTag(self._tag)
        yield from _batches_of(first)
        for answer in self._tables:
            yield from _batches_of(answer)

    def close(self, *, finished: bool) -> None:
        if not finished:
            self._session.interruptTag(self._tag)
        self._tables.close()


def _batches_of(answer: Any) -> list[Any]:
    return answer.to_batches() if hasattr(answer, "to_batches") else []  # a schema has none


def _connection() -> Any:
    """``local_connect_and_auth``, which moved in Spark 4."""
    try:
        from pyspark.util import local_connect_and_auth
    except ImportError:
        from pyspark.java_gateway import local_connect_and_auth
    return local_connect_and_auth


@contextlib.contextmanager
def _unwrapped() -> Iterator[None]:
    """The error of a job without the wrapping of its threads: the first that PySpark has a class for."""
    from py4j.protocol import Py4JJavaError

    try:
        yield
    except Py4JJavaError as error:
        from pyspark.errors.exceptions.captured import UnknownException, convert_exception

        cause = error.java_exception
        while cause is not None:
            converted = convert_exception(cause)
            if not isinstance(converted, UnknownException):
                raise converted from None
            cause = cause.getCause()
        raise


def _arrow_schema(df: Any) -> Any:
    """The schema of the batches that the JVM writes."""
    large = df.sparkSession.conf.get("spark.sql.execution.arrow.useLargeVarTypes", "false") == "true"
    simple = {
        "float": pa.float32(),
        "double": pa.float64(),
        "tinyint": pa.int8(),
        "smallint": pa.int16(),
        "int": pa.int32(),
        "bigint": pa.int64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "string": pa.large_string() if large else pa.string(),
    }

    def arrow(data_type: Any) -> Any:
        element = getattr(data_type, "elementType", None)
        if element is not None:
            return pa.list_(arrow(element))
        # A text's own name may have a collation or a length in it.
        return simple["string" if type(data_type).__name__ in TEXTS else data_type.simpleString()]

    return pa.schema([pa.field(field.name, arrow(field.dataType)) for field in df.schema])
