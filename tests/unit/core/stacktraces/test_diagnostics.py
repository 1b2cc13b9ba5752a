"""What the task log is told, and that it stays short and safe."""

from __future__ import annotations

import json
from dataclasses import replace

from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
from airflow_spark_guard.core.stacktraces.diagnostics import Diagnostics, Jvm, report
from airflow_spark_guard.core.stacktraces.python_dump import parse_dumps
from airflow_spark_guard.core.stacktraces.python_stack import Frame, PythonProcess, PythonThread, parse_py_spy
from airflow_spark_guard.core.watch.observation import Executor
from airflow_spark_guard.core.web.spark_rest import JavaThread
from tests.support import paths

DATA = paths.DATA / "stacks"
DRIVER = PythonProcess(
    "the driver's Python", parse_dumps((DATA / "driver-faulthandler.txt").read_text())[0].threads
)
WORKER = PythonProcess(
    "Python worker 7 of executor 0", parse_py_spy((DATA / "py-spy-worker.json").read_bytes())
)


TASK = "Executor task launch worker for task 0.0 in stage 5.0 (TID 5)"
READ = "org.apache.spark.api.python.BasePythonRunner$ReaderInputStream.read(PythonRunner.scala:837)"


def jvm(executor: str, name: str) -> Jvm:
    rows = json.loads((DATA / name).read_text())
    return Jvm(
        executor,
        tuple(JavaThread(r["threadName"], r["threadState"], tuple(r["stackTrace"]["elems"])) for r in rows),
    )


def process(*functions: str) -> PythonProcess:
    frames = tuple(Frame("/jobs/a.py", line, name) for line, name in enumerate(functions, 1))
    return PythonProcess("Python worker 1 of executor 2", (PythonThread(frames, main=True),))


def test_a_hung_udf_is_told_in_a_few_lines():
    """Worker, driver, its task's thread, the driver's call, and why an executor is gone."""
    snapshots = Diagnostics(
        suspect="worker",
        driver=DRIVER,
        workers=(WORKER,),
        jvms=(jvm("0", "threads-executor.json"), jvm("driver", "threads-driver.json")),
        lost=(Executor("1", active=False, reason="Command exited with code 137"),),
        unseen=("JVM of executor 2: no answer in time",),
    )
    found = report(snapshots)
    assert found.place == "/jobs/hung.py:13, hang"
    assert found.summary == (
        "Python worker 7 of executor 0 is at /jobs/hung.py:13, hang",
        "the driver's Python is at /jobs/hung.py:17, work",
        f"executor 0: {TASK} waits for its Python worker, at {READ}",
        "driver's JVM: Thread-4 waits for a Spark job",
        "executor 1 was lost: Command exited with code 137",
        "JVM of executor 2: no answer in time",
    )
    assert "== Python stack of Python worker 7 of executor 0" in found.text
    assert '"Thread-4" WAITING: waiting' in found.text
    assert "do-not-store" not in found.text


def test_the_driver_gives_way_to_the_worker_and_without_one_no_line_is_named():
    """Whatever the verdict is called. A worker that waits for rows shows only Spark's own lines."""
    waiting = PythonProcess(
        "Python worker 8 of executor 0",
        (PythonThread((Frame("/opt/spark/python/pyspark/serializers.py", 1, "load_stream"),), main=True),),
    )
    for suspect in ("worker", "any"):
        assert report(Diagnostics(suspect, DRIVER, (WORKER,))).place == "/jobs/hung.py:13, hang"
        assert report(Diagnostics(suspect, DRIVER, (waiting, WORKER))).place == "/jobs/hung.py:13, hang"
        found = report(Diagnostics(suspect, DRIVER, (waiting,), stages=(3,)))
        assert found.place == ""
        assert found.summary[0] == (
            "the driver waits in /jobs/hung.py:17 for stage 3; the line in the worker is not known"
        )
    found = report(Diagnostics("", None, (waiting,)))
    assert found.place == ""


def test_a_process_of_the_drivers_pool_is_shown():
    """Named where the driver waits for it, else in a line of its own."""
    pool = PythonThread(
        (Frame("/usr/lib/python3.11/multiprocessing/pool.py", 1, "get"), Frame("/jobs/a.py", 9, "main")),
        main=True,
    )
    snapshots = Diagnostics("any", PythonProcess("the driver's Python", (pool,)), children=(process("fit"),))
    found = report(snapshots)
    assert found.place == "/jobs/a.py:1, fit"
    assert found.summary[1] == "the driver's Python is at /jobs/a.py:9, main"
    assert "== Python stack of Python worker 1 of executor 2" in found.text
    found = report(replace(snapshots, driver=DRIVER, stages=(1,)))
    assert found.place == ""
    assert found.summary[1] == "Python worker 1 of executor 2 is at /jobs/a.py:1, fit"


def test_many_workers_at_one_place_are_counted():
    """And those at another place."""
    found = report(Diagnostics("worker", workers=(process("f"), process("f"), process("f"), process("g"))))
    assert found.summary == (
        "Python worker 1 of executor 2 is at /jobs/a.py:1, f",
        "2 other Python workers are at /jobs/a.py:1, f",
        "1 other Python worker is at /jobs/a.py:1, g",
    )


def test_nothing_seen_is_an_autopsy_without_a_place():
    """The lines say what could not be seen."""
    assert report(Diagnostics()) == Autopsy(text="\n")
    found = report(Diagnostics(unseen=("driver's Python: not found on this host",)))
    assert found.place == ""
    assert found.summary == ("driver's Python: not found on this host",)


def test_a_stack_without_frames_names_nothing():
    """A process that was just starting."""
    empty = PythonProcess("the driver's Python", (PythonThread((), main=True),))
    assert report(Diagnostics("driver", empty)).place == ""


def test_threads_that_serve_the_script_are_told_apart_from_the_others():
    """A planner that computes, one that waits for a lock, and nothing of a hundred idle ones."""
    plan = (
        "org.apache.spark.sql.catalyst.optimizer.OptimizeIn$.apply(e.scala:1)",
        "py4j.Gateway.invoke(G.java:1)",
    )
    threads = (
        JavaThread("rpc-1", "RUNNABLE", ("io.netty.channel.epoll.Native.epollWait0(Native Method)",)),
        JavaThread("pool-1", "BLOCKED", ("com.acme.Cache.get(C.java:1)",)),
        JavaThread("main", "WAITING", ("java.lang.Object.wait(Native Method)",)),
        JavaThread("dag-scheduler-event-loop", "RUNNABLE", ("com.acme.Listener.on(L.java:3)",)),
        JavaThread("Thread-9", "RUNNABLE", plan),
    )
    assert report(Diagnostics(jvms=(Jvm("driver", threads),))).summary == (
        "driver's JVM: dag-scheduler-event-loop computes, at com.acme.Listener.on(L.java:3)",
        f"driver's JVM: Thread-9 plans a query, at {plan[0]}",
        "driver's JVM: pool-1 waits for a lock, at com.acme.Cache.get(C.java:1)",
    )


def test_executors_that_were_given_back_are_no_news():
    """Of many lost ones the last three are named."""
    gone = [Executor(str(n), active=False, reason="Command exited with code 1") for n in range(5)]
    idle = Executor("9", active=False, reason="Executor killed by driver.")
    assert report(Diagnostics(lost=(*gone, idle))).summary == (
        *(f"executor {n} was lost: Command exited with code 1" for n in (2, 3, 4)),
        "2 more executors were lost before",
    )


def test_untrusted_text_is_bounded_and_made_safe():
    """Names of threads and reasons are the job's to choose."""
    evil = "\x1b[2J" + "x" * 10_000 + " password=hunter2"
    threads = tuple(
        JavaThread(
            f"Executor task launch worker for task {evil} (TID {n})", "RUNNABLE", (f"a.b.c({evil})",) * 50
        )
        for n in range(200)
    )
    lost = tuple(Executor(evil, active=False, reason=f"{n} password=hunter2") for n in range(30))
    frames = tuple(Frame(f"/jobs/{evil}.py", n, "password=hunter2") for n in range(100))
    worker = PythonProcess("Python worker 1 of executor 2", (PythonThread(frames, main=True),))
    jvms = tuple(Jvm(str(n), threads) for n in range(4))
    found = report(Diagnostics("worker", workers=(worker,), jvms=jvms, lost=lost, unseen=("no",) * 50))
    assert len(found.summary) == 15
    assert all(len(line) <= 300 for line in found.summary)
    assert len(found.text.encode()) <= 256 * 1024 + 20
    assert len(found.place) <= 300
    for text in (*found.summary, found.text, found.place):
        assert "\x1b" not in text
        assert "hunter2" not in text
