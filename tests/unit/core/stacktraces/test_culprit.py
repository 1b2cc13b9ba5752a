"""Whose line is named: the one that waits for nobody, or none."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from airflow_spark_guard.core.stacktraces.culprit import find, waits_for_a_job
from airflow_spark_guard.core.stacktraces.diagnostics import Diagnostics, Jvm
from airflow_spark_guard.core.stacktraces.python_dump import parse_dumps
from airflow_spark_guard.core.stacktraces.python_stack import Frame, PythonProcess, PythonThread
from airflow_spark_guard.core.stacktraces.waiting import place_in
from airflow_spark_guard.core.web.spark_rest import JavaThread
from tests.support import paths

DATA = paths.DATA / "stacks"
WORKER_PY = Frame("/opt/spark/python/lib/pyspark.zip/pyspark/worker.py", 3622, "main")
ROWS = (
    Frame("/usr/local/lib/python3.11/socket.py", 706, "readinto"),
    Frame("/opt/spark/python/lib/pyspark.zip/pyspark/serializers.py", 573, "read_int"),
)
UNKNOWN = "the line in the worker is not known"


def driver(form: str) -> PythonProcess:
    dump = parse_dumps((DATA / "waits" / f"{form}.txt").read_text())[-1]
    return PythonProcess("the driver's Python", dump.threads)


def process(*frames: Frame, **fields) -> PythonProcess:
    return PythonProcess("Python worker 7", (PythonThread((*frames, WORKER_PY), main=True),), **fields)


def worker(line: int, **fields) -> PythonProcess:
    return process(Frame("/jobs/enrich.py", line, "ask"), **fields)


def computing(*, naps: bool = False) -> PythonProcess:
    thread = PythonThread((Frame("/jobs/job.py", 5, "<module>"),), main=True, naps=naps)
    return PythonProcess("the driver's Python", (thread,))


def jvm(executor: str, name: str) -> Jvm:
    rows = json.loads((DATA / name).read_text())
    threads = (JavaThread(r["threadName"], r["threadState"], tuple(r["stackTrace"]["elems"])) for r in rows)
    return Jvm(executor, tuple(threads))


def named(snapshots: Diagnostics) -> str:
    found = find(snapshots)
    assert (found.process is None) or not found.unknown
    return place_in(found.process.threads) if found.process else found.unknown


WAITING_FOR_SPARK = (
    "collect", "rdd", "to-pandas", "local-iterator", "stream", "foreach-batch-spark", "cross-validator",
)  # fmt: skip


@pytest.mark.parametrize("suspect", ["worker", "any"])
@pytest.mark.parametrize("form", WAITING_FOR_SPARK)
def test_a_driver_that_waits_for_spark_is_never_the_place_while_a_worker_has_one(form, suspect):
    """Whatever the verdict is called."""
    assert (
        named(Diagnostics(suspect, driver(form), workers=(worker(38),), stages=(3,)))
        == "/jobs/enrich.py:38, ask"
    )


@pytest.mark.parametrize("suspect", ["worker", "any"])
@pytest.mark.parametrize(
    ("form", "line"),
    [("collect", 21), ("rdd", 23), ("to-pandas", 22), ("stream", 34), ("foreach-batch-spark", 30), ("cross-validator", 60)],
)  # fmt: skip
def test_without_a_workers_line_the_text_says_which_line_waits_for_which_stage(form, line, suspect):
    """And no line is named."""
    found = find(Diagnostics(suspect, driver(form), stages=(3,)))
    assert found.process is None
    assert found.unknown == f"the driver waits in /jobs/job.py:{line} for stage 3; {UNKNOWN}"


def test_stages_are_counted_and_what_is_not_known_is_not_said():
    """Several stages, none that is known, a query between two batches."""
    assert named(Diagnostics("any", driver("collect"), stages=(3, 4))).endswith(
        f":21 for stages 3, 4; {UNKNOWN}"
    )
    assert named(Diagnostics("any", driver("collect"), stages=(3, 4, 5, 6))).endswith(
        f" for stages 3, 4, 5, ...; {UNKNOWN}"
    )
    assert named(Diagnostics("any", driver("collect"))).endswith(f" for a Spark job; {UNKNOWN}")
    assert named(Diagnostics("any", driver("stream"), stages=())).endswith(
        " for its streaming query; the line that hangs is not known"
    )
    assert named(Diagnostics("worker", stages=(3,))) == f"stage 3: {UNKNOWN}"
    assert named(Diagnostics("worker")) == ""


@pytest.mark.parametrize("form", ["foreach-batch", "pool", "pool-map", "futures-wait", "join", "asyncio"])
def test_a_thread_of_the_driver_that_the_main_thread_waits_for_is_the_place(form):
    """Where no worker runs anything of the user's."""
    assert named(Diagnostics("any", driver(form), stages=())) == "/jobs/job.py:12, hangs"
    assert named(Diagnostics("driver", driver(form))) == "/jobs/job.py:12, hangs"


def test_a_driver_that_computes_is_the_place_beside_workers_that_work():
    """Unless a stage is known to stand still."""
    snapshots = Diagnostics("any", computing(), workers=(worker(38),), stages=(3,))
    assert named(snapshots) == "/jobs/job.py:5, <module>"
    assert named(replace(snapshots, suspect="worker")) == "/jobs/enrich.py:38, ask"


def test_a_driver_that_sleeps_between_two_looks_gives_way_to_a_worker():
    """``while query.isActive: time.sleep(5)``; where it runs nothing else, the line is its own."""
    assert named(Diagnostics("any", computing(naps=True), workers=(worker(38),))) == "/jobs/enrich.py:38, ask"
    assert named(Diagnostics("any", computing(naps=True), stages=())) == "/jobs/job.py:5, <module>"
    assert named(Diagnostics("any", computing(naps=True), stages=(3,))) == (
        f"the driver waits in /jobs/job.py:5 for stage 3; {UNKNOWN}"
    )
    assert named(Diagnostics("worker", computing(naps=True), stages=(3,))).startswith("the driver waits in")
    assert named(Diagnostics("worker", computing(), stages=(3,))) == f"stage 3: {UNKNOWN}"


def test_a_call_into_the_jvm_without_a_spark_job_is_the_drivers_own():
    """A commit, a listing of files, a plan: no stage runs, and no thread of the JVM waits for a job."""
    assert named(Diagnostics("any", driver("collect"), stages=())) == "/jobs/job.py:21, <module>"
    busy = Diagnostics("any", driver("collect"), jvms=(jvm("driver", "threads-driver.json"),), stages=())
    assert named(busy).endswith(f" for a Spark job; {UNKNOWN}")
    assert any(map(waits_for_a_job, busy.jvms[0].threads))


def test_a_child_process_of_the_driver_is_the_place_where_the_driver_waits_for_it():
    """A pool of processes; an idle one of it is at the line that forked it, and waits for work."""
    queue = Frame("/usr/local/lib/python3.11/multiprocessing/queues.py", 367, "get")
    idle = process(queue, Frame("/jobs/job.py", 66, "<module>"))
    child = process(Frame("/jobs/job.py", 12, "hangs"))
    snapshots = Diagnostics("any", driver("process-pool"), children=(idle, child))
    assert named(snapshots) == "/jobs/job.py:12, hangs"
    assert named(replace(snapshots, children=(idle,))) == "/jobs/job.py:66, <module>"
    assert named(replace(snapshots, driver=driver("collect"), stages=(1,))).startswith("the driver waits in")


def test_of_several_workers_the_line_that_most_of_those_that_stand_still_share_is_named():
    """Those that are known to stand still, else those that are not known to move, else all."""
    most = (worker(38), worker(38), worker(9), worker(38))
    assert named(Diagnostics("worker", workers=(worker(9), *most))) == "/jobs/enrich.py:38, ask"
    moving = tuple(worker(9, still=False) for _ in range(3))
    assert named(Diagnostics("worker", workers=(*moving, worker(38)))) == "/jobs/enrich.py:38, ask"
    assert named(Diagnostics("worker", workers=(worker(9), worker(9), worker(38, still=True)))).endswith(
        ":38, ask"
    )
    assert named(Diagnostics("worker", workers=moving)) == "/jobs/enrich.py:9, ask"


def test_a_worker_that_waits_for_rows_is_no_place():
    """Its iterator is the user's line, and what feeds it hangs."""
    reading = process(*ROWS, Frame("/jobs/job.py", 40, "batches"))
    assert named(Diagnostics("worker", workers=(reading, reading, worker(38)))) == "/jobs/enrich.py:38, ask"
    assert named(Diagnostics("worker", driver("collect"), workers=(reading,), stages=(3,))).endswith(UNKNOWN)


def test_a_stack_of_the_log_counts_only_while_a_task_waits_for_python():
    """An earlier stage has dumped it; now the executor is busy in its JVM."""
    logged = worker(38, executor="0", logged=True)
    now = jvm("0", "threads-executor.json")
    later = Jvm(
        "0",
        (
            JavaThread(
                "Executor task launch worker for task 0.0 in stage 5.0 (TID 5)", "RUNNABLE", ("a.b.c(d)",)
            ),
        ),
    )
    assert named(Diagnostics("worker", workers=(logged,), jvms=(now,))) == "/jobs/enrich.py:38, ask"
    assert named(Diagnostics("worker", workers=(logged,))) == "/jobs/enrich.py:38, ask"
    assert named(
        Diagnostics("worker", driver("collect"), workers=(logged,), jvms=(later,), stages=(5,))
    ).endswith(UNKNOWN)


def test_without_a_driver_that_could_be_seen_a_worker_is_named():
    """Or nothing."""
    assert named(Diagnostics("any", workers=(worker(38),))) == "/jobs/enrich.py:38, ask"
    assert named(Diagnostics("any")) == ""
    idle = PythonProcess("the driver's Python", (PythonThread((WORKER_PY,), main=True),))
    assert named(Diagnostics("any", idle)) == ""
