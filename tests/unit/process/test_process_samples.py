"""What a look from outside tells of processes that are blocked, busy, slow, gone, or not ours."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from airflow_spark_guard.core.watch import background, driver_work, evidence
from airflow_spark_guard.process import process_samples, proctree, spark_processes, usage
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.process_samples import ProcessSampler
from airflow_spark_guard.process.workspace import Workspace
from tests.support.spark_standin import BACKEND, SUBMIT, Standins


@pytest.fixture
def tag():
    return Tag(new_attempt(), new_attempt())


@pytest.fixture
def standins(tmp_path, tag):
    started = Standins(tmp_path, tag)
    yield started
    started.end()


def by_place(found) -> dict:
    """By the function that the place names."""
    return {reading.place.rpartition(", ")[2] or reading.role: reading for reading in found}


def test_a_worker_that_dumps_its_stack_again_and_again_writes_no_rows(standins, tag):
    """At five dumps a second; one that writes a buffer of rows as often does."""
    jvm = standins.jvm(BACKEND, standins.daemon("dumping", "writing"))
    standins.await_below(jvm, 3)
    time.sleep(0.5)
    looker = ProcessSampler(tag)
    places = by_place(looker.look(stacks=True))
    before = {reading.key: reading.io for reading in looker.look(stacks=False)}
    time.sleep(1.5)
    moved = {reading.key: reading.io - before[reading.key] for reading in looker.look(stacks=False)}
    assert moved[places["dumping"].key] < 512
    assert moved[places["writing"].key] > 8192


def test_two_looks_tell_blocked_busy_and_slow_workers_apart(standins, tag):
    """The figures of FACTS hold on this machine: the classes cannot be mixed up."""
    jvm = standins.jvm(BACKEND, standins.daemon("lock", "nobody", "busy", "rows"))
    standins.await_below(jvm, 5)
    time.sleep(0.5)
    looker = ProcessSampler(tag)
    before = {reading.key: reading for reading in looker.look(stacks=True)}
    time.sleep(2)
    after = by_place(looker.look(stacks=True))
    assert set(after) == {"lock", "nobody", "busy", "slow"}
    moved = {
        name: (
            reading.cpu - before[reading.key].cpu,
            reading.switches - before[reading.key].switches,
            reading.io - before[reading.key].io,
            reading.stack != before[reading.key].stack,
            reading.locals != before[reading.key].locals,
        )
        for name, reading in after.items()
    }
    # Whoever follows its system calls wakes it once.
    for name in ("lock", "nobody"):
        assert moved[name] in ((0, 0, 0, False, False), (0, 1, 0, False, False))
    assert moved["busy"][0] > 0.3
    assert moved["busy"][2:] == (0, False, False)
    assert moved["slow"][1] > 10
    # Its stack is the same as a rule, and not when a look meets the moment between two rows.
    assert moved["slow"][4]
    assert {reading.executor for reading in after.values()} == {"3"}
    assert {reading.role for reading in after.values()} == {"worker"}
    assert after["lock"].place == f"{standins.tmp_path}/hanging_job.py:5, lock"
    assert spark_processes.find(tag).executors == {"3"}


def test_a_worker_that_waits_for_its_rows_has_no_line_that_may_hang(standins, tag):
    """What feeds it hangs: another worker, or the JVM."""
    jvm = standins.jvm(BACKEND, standins.daemon("lock", "fed"))
    standins.await_below(jvm, 3)
    time.sleep(0.5)
    found = by_place(ProcessSampler(tag).look(stacks=True))
    assert set(found) == {"lock", "worker"}
    assert found["worker"].stack


def test_a_worker_that_only_sleeps_is_told_from_one_that_polls(standins, tag):
    """By the bytes that it moves between two looks, and watching it adds no movement of its own."""
    jvm = standins.jvm(BACKEND, standins.daemon("lock", "sleeps", "polls"))
    standins.await_below(jvm, 4)
    time.sleep(0.5)
    looker = ProcessSampler(tag, window=4.0)
    try:
        before = {reading.key: reading for reading in looker.look(stacks=True)}
        time.sleep(4)
        after = by_place(looker.look(stacks=True))
    finally:
        looker.close()
    moved = {name: reading.moved - before[reading.key].moved for name, reading in after.items()}
    assert (moved["lock"], moved["sleeps"], moved["polls"]) == (0, 0, 1)
    assert after["lock"].watched > 2
    switches = {name: row.switches - before[row.key].switches for name, row in after.items()}
    assert switches["lock"] <= 1
    assert 4 <= switches["sleeps"] <= 16  # 2 a second
    assert {(reading.moved, reading.watched) for reading in before.values()} == {(0, 0.0)}


def two_samples(standins, tag, *jobs, window=4.0, **env):
    """Pairs of samples of workers, by the function that is the place."""
    jvm = standins.jvm(BACKEND, standins.daemon(*jobs), **env)
    standins.await_below(jvm, 1 + len(jobs))
    time.sleep(0.5)
    looker = ProcessSampler(tag, window=window)
    try:
        before = {reading.key: reading for reading in looker.look(stacks=True)}
        time.sleep(window)
        after = by_place(looker.look(stacks=True))
    finally:
        looker.close()
    return {name: evidence.Pair(before[row.key], row, window) for name, row in after.items()}


@pytest.fixture
def source():
    """The port of a server that sends 300 KB a second to each client."""
    server, done = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def send():
        with contextlib.suppress(OSError):
            client, _ = server.accept()
            with client:
                while not done.wait(0.2):
                    client.sendall(bytes(60_000))

    threading.Thread(target=send, daemon=True).start()
    yield server.getsockname()[1]
    done.set()
    server.close()


def test_a_library_that_keeps_its_connection_alive_does_not_hide_a_worker_that_hangs(standins, tag):
    """50 bytes now and then, from a thread without user code; from a new thread each time as well."""
    seen = two_samples(standins, tag, "hangs", "hangs_beside_timers", "lock")
    states = {name: evidence.state_of(pair) for name, pair in seen.items()}
    assert states == {
        "hangs": evidence.State.BACKGROUND,
        "hangs_beside_timers": evidence.State.BACKGROUND,
        "lock": evidence.State.BLOCKED,
    }
    for name in ("hangs", "hangs_beside_timers"):
        before, after, seconds = seen[name]
        assert 50 <= after.trickle - before.trickle <= 200
        assert after.own.switches - before.own.switches <= 1
        assert 10 < background.bytes_per_second(before, after, seconds) < 60
    assert seen["lock"].after.trickle == 0


def test_threads_that_work_for_a_task_are_work_whatever_the_main_thread_does(standins, tag, source):
    """A download in a library's thread; in a pool's thread, or one that is joined, even a trickle."""
    jobs = ("downloads", "waits_for_a_pool", "waits_for_a_thread")
    seen = two_samples(standins, tag, *jobs, SOURCE=str(source))
    assert {name: evidence.state_of(pair) for name, pair in seen.items()} == dict.fromkeys(
        jobs, evidence.State.WORKING
    )


def test_what_a_worker_does_while_nobody_watches_counts_too(standins, tag):
    """It reads in bursts: the byte watch may see none of them, the system's own count has them all."""
    jvm = standins.jvm(BACKEND, standins.daemon("bursts"))
    standins.await_below(jvm, 2)
    time.sleep(0.5)
    looker = ProcessSampler(tag, window=2.5)
    try:
        (before,) = looker.look(stacks=True)
        time.sleep(2.5)
        (after,) = looker.look(stacks=True)
    finally:
        looker.close()
    assert evidence.state_of(evidence.Pair(before, after, 2.5)) is evidence.State.WORKING


def test_a_worker_that_waits_for_a_program_is_as_busy_as_that(standins, tag):
    """A shell, a pool, a trainer: what it has started works for it."""
    jvm = standins.jvm(BACKEND, standins.daemon("shells"))
    standins.await_below(jvm, 3)
    time.sleep(0.5)
    looker = ProcessSampler(tag, window=2.0)
    try:
        (before,) = looker.look(stacks=True)
        time.sleep(2)
        (after,) = looker.look(stacks=True)
    finally:
        looker.close()
    assert evidence.state_of(evidence.Pair(before, after, 2.0)) is not evidence.State.BLOCKED


def test_a_looker_that_was_closed_holds_nothing(standins, tag):
    """Also where another thread looks just then: the next one to attach must be able to."""
    jvm = standins.jvm(BACKEND, standins.daemon("lock"))
    standins.await_below(jvm, 2)
    time.sleep(0.5)
    looker = ProcessSampler(tag, window=60.0)
    looker.close()
    (found,) = looker.look(stacks=True)
    pid = found.key.partition(":")[0]
    time.sleep(0.5)
    assert "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text()


def test_local_variables_are_hashed_and_nothing_of_them_is_kept(standins, tag):
    """Neither in a reading nor in the looker."""
    jvm = standins.jvm(BACKEND, standins.daemon("lock"))
    standins.await_below(jvm, 2)
    time.sleep(0.5)
    looker = ProcessSampler(tag)
    (found,) = looker.look(stacks=True)
    assert len(found.locals) == len(found.stack) == 16
    assert "a-secret" not in repr((found, vars(looker)))


def test_the_driver_is_found_by_our_launcher_and_named_by_its_script(standins, tag, tmp_path):
    """Its JVM too; a Python worker below that JVM belongs to the executor «driver»."""
    workspace = Workspace(tag.task)
    workspace.write_launcher(None)
    script = tmp_path / "script.py"
    script.write_text("import os, threading\nos.fork()\nthreading.Event().wait()\n")
    jvm = standins.jvm(
        SUBMIT, [str(workspace.driver_python), str(script)], standins.daemon("lock"), PYSPARK_PYTHON="python"
    )
    standins.await_below(jvm, 4)
    time.sleep(0.7)
    looker = ProcessSampler(tag)
    found = {reading.role: reading for reading in looker.look(stacks=True)}
    workspace.remove()
    assert found["driver"].place == f"{script}:3, <module>"
    assert (found["driver"].executor, found["worker"].executor) == ("", "driver")
    assert found["jvm"].key.startswith(f"{jvm.pid}:")
    assert found["jvm"].stack == ""
    assert spark_processes.find(tag).executors == {"driver"}


def test_what_the_driver_has_started_is_seen_and_nothing_of_spark(standins, tag, tmp_path):
    """A program that computes, one that waits, and one that has ended; workers are the executors'."""
    script = tmp_path / "plain.py"
    loop, ended = "while :; do :; done", "exit 0"
    script.write_text(
        "import subprocess, threading\n"
        f"started = [subprocess.Popen(['sh', '-c', each]) for each in ({loop!r}, 'sleep 60', {ended!r})]\n"
        "threading.Event().wait()\n"
    )
    jvm = standins.jvm(SUBMIT, ["python", str(script)], standins.daemon("lock"))
    standins.await_below(jvm, 6)
    time.sleep(0.5)
    looker = ProcessSampler(tag)
    before = looker.look(stacks=False)
    time.sleep(1)
    after = looker.look(stacks=False)
    roles = [row.role for row in after]
    assert {*roles} == {"child", "driver", "jvm", "worker"}
    assert 2 <= roles.count("child") <= 3  # a shell may be replaced by its program
    assert driver_work.work_beside(before, after, 1.0) == "processes that it has started are working"


def test_a_driver_without_our_launcher_is_the_jvms_own_python(standins, tag, tmp_path):
    """And what has ended, another attempt's, or a UDF's own subprocess is no reading."""
    script = tmp_path / "plain.py"
    script.write_text("import threading\nthreading.Event().wait()\n")
    jvm = standins.jvm(
        SUBMIT, ["python", str(script)], standins.daemon("subprocess_of_the_udf"), ["sleep", "60"]
    )
    other = standins.jvm(BACKEND, standins.daemon("lock"), tag=Tag(tag.task, "another"))
    standins.jvm(("org.apache.spark.launcher.Main", *SUBMIT), ["sleep", "60"])
    standins.jvm(BACKEND[:1], ["sleep", "60"])
    standins.await_below(jvm, 5)
    standins.await_below(other, 2)
    time.sleep(0.5)
    found = ProcessSampler(tag).look(stacks=False)
    assert sorted(reading.role for reading in found) == ["driver", "jvm", "worker"]
    assert all(reading.place == "" for reading in found)


def test_workers_without_a_daemon_are_found(standins, tag):
    """``spark.python.use.daemon=false``: the executor's own children."""
    worker = "import threading; threading.Event().wait()"
    (standins.tmp_path / "standin" / "worker.py").write_text(worker)
    command = [*standins.daemon()[:2], "standin.worker", "standin.worker"]
    jvm = standins.jvm(BACKEND, command)
    standins.await_below(jvm, 1)
    time.sleep(0.3)
    assert [reading.role for reading in ProcessSampler(tag).look(stacks=False)] == ["worker"]


def test_nothing_is_there():
    """Before the launch, after the end, on another host."""
    looker = ProcessSampler(Tag(new_attempt(), "x"))
    assert looker.look(stacks=True) == ()


def test_a_look_without_stacks_starts_no_process(standins, tag, monkeypatch):
    """Two a minute are asked for."""
    standins.await_below(standins.jvm(BACKEND, standins.daemon("lock")), 2)
    monkeypatch.setattr(subprocess, "Popen", lambda *given, **_: pytest.fail(f"it started {given}"))
    assert [reading.role for reading in ProcessSampler(tag).look(stacks=False)] == ["worker"]


def test_without_py_spy_the_figures_remain(standins, tag, monkeypatch, tmp_path):
    """It is optional."""
    jvm = standins.jvm(BACKEND, standins.daemon("lock"))
    standins.await_below(jvm, 2)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = ProcessSampler(tag).look(stacks=True)
    assert (found.stack, found.locals, found.place) == ("", "", "")
    assert found.switches is not None
    with pytest.raises(FileNotFoundError, match="py-spy is not installed"):
        process_samples.python_threads(proctree.read(jvm.pid))


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo 'Error: Permission Denied (os error 13)' >&2; exit 1", PermissionError),
        ("echo 'Error: Failed to find python version' >&2; exit 1", ProcessLookupError),
        ("exec sleep 5", TimeoutError),
    ],
)
def test_each_way_not_to_see_a_stack_has_its_error(tmp_path, monkeypatch, script, error):
    """The autopsy says which; a reading just stays without a stack."""
    program = tmp_path / "py-spy"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(error):
        process_samples.python_threads(proctree.read(1), timeout=0.5)


def test_a_crowded_machine_does_not_look_like_movement():
    """Who reads what a blocked worker's dumps write pushes it aside at every write; that is not its doing."""
    cpu = min(os.sched_getaffinity(0))
    pinned = f"import os; os.sched_setaffinity(0, {{{cpu}}})\nwhile True: pass"
    crowd = [subprocess.Popen([sys.executable, "-c", pinned]) for _ in range(2)]
    try:
        time.sleep(0.5)
        looker, proc = ProcessSampler(Tag("t", "a")), proctree.read(crowd[0].pid)
        aside = f"/proc/{proc.pid}/status", "nonvoluntary_ctxt_switches:"
        pushed, before = usage.counts(*aside), looker._reading("worker", proc, "1", {})
        time.sleep(1)
        after = looker._reading("worker", proc, "1", {})
        assert usage.counts(*aside) - pushed > 5
        assert after.switches - before.switches < 3
    finally:
        for process in crowd:
            process.kill()
            process.wait()


def test_a_process_that_is_gone_has_no_figures():
    """It may vanish between the table and the look."""
    gone = proctree.Proc(pid=2**30, parent=1, started=1, state="S", command="python")
    found = ProcessSampler(Tag("t", "a"))._reading("worker", gone, "1", {})
    assert (found.cpu, found.switches, found.io) == (None, None, None)
