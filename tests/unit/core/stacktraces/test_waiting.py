"""What a thread waits for, by recorded stacks of Python 3.11 and Spark 4.2, and which thread is named."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.stacktraces.python_dump import parse_dumps
from airflow_spark_guard.core.stacktraces.python_stack import Frame, PythonThread
from airflow_spark_guard.core.stacktraces.waiting import (
    Wait,
    hanging_place,
    hanging_thread,
    has_users,
    place_in,
    wait_of,
)
from tests.support.paths import DATA

WAITS = DATA / "stacks" / "waits"
LIB, SITE = "/usr/local/lib/python3.11", "/opt/venv/lib/python3.11/site-packages"
USER = Frame("/jobs/job.py", 7, "export")
PY4J = Frame(f"{SITE}/py4j/clientserver.py", 535, "send_command")
READ = Frame(f"{LIB}/socket.py", 706, "readinto")
WAIT = Frame(f"{LIB}/threading.py", 327, "wait")


def recorded(name: str) -> tuple[PythonThread, ...]:
    return parse_dumps((WAITS / f"{name}.txt").read_text())[-1].threads


def thread(*frames: Frame, main: bool = False, naps: bool = False) -> PythonThread:
    return PythonThread(tuple(frames), main=main, naps=naps)


@pytest.mark.parametrize(
    ("form", "wait"),
    [
        ("collect", Wait.SPARK),
        ("rdd", Wait.SPARK),
        ("to-pandas", Wait.SPARK),
        ("local-iterator", Wait.SPARK),
        ("stream", Wait.QUERY),
        ("foreach-batch", Wait.QUERY),
        ("foreach-batch-spark", Wait.QUERY),
        ("pool", Wait.THREADS),
        ("pool-map", Wait.THREADS),
        ("futures-wait", Wait.THREADS),
        ("join", Wait.THREADS),
        ("asyncio", Wait.THREADS),
        ("cross-validator", Wait.THREADS),
        ("joblib-threads", Wait.THREADS),
        ("joblib-processes", Wait.THREADS),
        ("process-pool", Wait.THREADS),
    ],
)
def test_what_the_main_thread_waits_for_is_read_from_its_frames(form, wait):
    """Every form was recorded from a real driver that hung."""
    main = next(found for found in recorded(form) if found.main)
    assert wait_of(main) is wait


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ("foreach-batch", "/jobs/job.py:12, hangs"),
        ("foreach-batch-spark", "/jobs/job.py:30, <lambda>"),
        ("pool", "/jobs/job.py:12, hangs"),
        ("pool-map", "/jobs/job.py:12, hangs"),
        ("futures-wait", "/jobs/job.py:12, hangs"),
        ("join", "/jobs/job.py:12, hangs"),
        ("asyncio", "/jobs/job.py:12, hangs"),
        ("joblib-threads", "/jobs/job.py:12, hangs"),
        ("process-pool", "/jobs/job.py:66, <module>"),
    ],
)
def test_the_main_thread_gives_way_to_the_thread_it_waits_for(form, place):
    """A pool's thread, a thread that is joined, a foreachBatch; another process is not in this dump."""
    assert place_in(recorded(form)) == place


@pytest.mark.parametrize(
    ("inner", "wait"),
    [
        ((), Wait.NOTHING),
        ((READ, Frame(f"{SITE}/urllib3/response.py", 1, "read")), Wait.NOTHING),
        ((READ, Frame(f"{LIB}/ssl.py", 1, "read"), Frame(f"{LIB}/http/client.py", 1, "begin")), Wait.NOTHING),
        ((Frame(f"{LIB}/subprocess.py", 2000, "wait"),), Wait.NOTHING),
        (
            (Frame(f"{LIB}/selectors.py", 415, "select"), Frame(f"{LIB}/subprocess.py", 1, "communicate")),
            Wait.NOTHING,
        ),
        ((WAIT, Frame(f"{SITE}/grpc/_common.py", 1, "wait")), Wait.NOTHING),
        ((WAIT, Frame(f"{SITE}/sqlalchemy/util/queue.py", 1, "get")), Wait.NOTHING),
        ((Frame(f"{SITE}/pyspark/sql/types.py", 1, "verify"),), Wait.NOTHING),
        ((Frame(f"{SITE}/pandas/core/frame.py", 1, "f"), Frame(f"{SITE}/pyspark/sql/a.py", 1, "g")), Wait.NOTHING),
        ((PY4J,), Wait.SPARK),
        ((READ, PY4J, Frame(f"{SITE}/pyspark/sql/classic/dataframe.py", 1, "collect")), Wait.SPARK),
        (
            (Frame(f"{LIB}/socket.py", 1, "SocketIO.readinto"), Frame("/x/pyspark.zip/pyspark/serializers.py", 1, "r")),
            Wait.SPARK,
        ),
        ((WAIT, Frame(f"{SITE}/grpc/_channel.py", 1, "_next"), Frame(f"{SITE}/pyspark/sql/connect/client/core.py", 1, "x")), Wait.SPARK),
        (
            (READ, PY4J, Frame(f"{SITE}/pyspark/sql/streaming/query.py", 2, "StreamingQueryManager.awaitAnyTermination")),
            Wait.QUERY,
        ),
        ((READ, PY4J, Frame(f"{SITE}/pyspark/sql/streaming/query.py", 2, "stop")), Wait.SPARK),
        ((WAIT, Frame(f"{LIB}/threading.py", 629, "Event.wait")), Wait.SIGNAL),
        ((WAIT, Frame(f"{LIB}/queue.py", 171, "Queue.get")), Wait.SIGNAL),
        ((Frame(f"{LIB}/threading.py", 1100, "Thread.join"),), Wait.THREADS),
        ((WAIT, Frame(f"{LIB}/queue.py", 171, "get"), Frame(f"{SITE}/dask/threaded.py", 9, "get")), Wait.SIGNAL),
        ((WAIT, Frame(f"{LIB}/concurrent/futures/_base.py", 451, "Future.result")), Wait.THREADS),
        ((Frame(f"{LIB}/multiprocessing/popen_fork.py", 27, "poll"),), Wait.THREADS),
        ((Frame(f"{LIB}/multiprocessing/connection.py", 378, "_recv"),), Wait.THREADS),
        ((Frame(f"{LIB}/socket.py", 294, "accept"),), Wait.TIME),
        (
            (Frame(f"{LIB}/selectors.py", 415, "select"), Frame(f"{LIB}/socketserver.py", 233, "serve_forever")),
            Wait.TIME,
        ),
    ],
)  # fmt: skip
def test_only_a_wait_for_spark_or_for_threads_is_one(inner, wait):
    """A library that blocks, a child that is no Python, and Spark's Python that computes are the line's own."""
    assert wait_of(thread(*inner, USER, Frame("/jobs/job.py", 20, "<module>"))) is wait


def test_a_process_that_waits_for_spark_has_no_line_that_may_hang():
    """Nor has one that runs no user code: a worker of a pool of them waits for the first of the chain."""
    rows = (READ, Frame("/x/pyspark.zip/pyspark/serializers.py", 573, "read_int"))
    loop = Frame("/x/pyspark.zip/pyspark/worker.py", 3622, "main")
    assert hanging_place([thread(*rows, loop, main=True)]) == ""
    assert hanging_place([thread(*rows, USER, loop, main=True)]) == ""
    assert hanging_place([thread(READ, USER, loop, main=True)]) == "/jobs/job.py:7, export"
    assert hanging_place([thread(Frame(f"{SITE}/acme/udf.py", 3, "f"), loop, main=True)]) == ""
    assert hanging_place([]) == ""


def test_a_line_that_sleeps_waits_for_time():
    """``time.sleep`` has no frame: somebody has looked at the source."""
    assert wait_of(thread(USER, naps=True)) is Wait.TIME


def test_a_main_thread_that_computes_is_named_whatever_others_do():
    """It waits for nobody."""
    main, pool = thread(USER, main=True), thread(WAIT, Frame("/jobs/job.py", 3, "pool"))
    assert hanging_thread([pool, main]) is main


def test_a_main_thread_that_waits_for_spark_gives_way_to_what_spark_called_back_alone():
    """Another thread of the script is none that it waits for."""
    main = thread(READ, PY4J, USER, main=True)
    other = thread(Frame("/jobs/job.py", 3, "other"))
    back = thread(
        Frame("/jobs/job.py", 4, "batch"), Frame(f"{SITE}/py4j/clientserver.py", 644, "_call_proxy")
    )
    assert hanging_thread([other, main]) is main
    assert hanging_thread([other, back, main]) is back


def test_of_several_threads_the_one_is_named_that_waits_least_for_others():
    """One that computes, then one that waits for Spark, for a signal, for threads, for time."""
    main = thread(WAIT, Frame(f"{LIB}/threading.py", 1100, "join"), USER, main=True)
    line = Frame("/jobs/job.py", 3, "other")
    ranked = [
        thread(line),
        thread(PY4J, line),
        thread(WAIT, line),
        thread(Frame(f"{LIB}/concurrent/futures/_base.py", 1, "result"), line),
        thread(line, naps=True),
        main,
    ]
    for at in range(len(ranked)):
        assert hanging_thread(reversed(ranked[at:])) is ranked[at]


def test_threads_without_a_line_of_the_users_are_never_named_as_hanging():
    """The innermost line of the main thread is shown where a process has no other."""
    ours = thread(Frame("/x/airflow_spark_guard_job.zip/a.py", 1, "watch"))
    main = thread(WAIT, main=True)
    assert hanging_thread([ours, main]) is None
    assert not has_users(ours)
    assert place_in([ours, main]) == str(WAIT)
    assert place_in([]) == ""


def test_a_pools_thread_is_named_where_the_main_thread_runs_nothing_of_the_users():
    """The script has ended, and its pool has not."""
    assert place_in([thread(WAIT, USER), thread(WAIT, main=True)]) == "/jobs/job.py:7, export"
