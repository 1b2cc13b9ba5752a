"""The script that follows system calls, by itself: its lines, its end, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_spark_guard.process import proctree, syscall_trace
from tests.support.processes import ROOT, python_main
from tests.support.traced import DEADLINE, Child, Counter, until

SLEEPER = "while True: time.sleep(0.1)"
LONG = str(10 * DEADLINE)


class Script:
    """The script, with a pipe as its standard input, in a session of its own."""

    def __init__(self, *arguments: str, start: list[str] | None = None, **options) -> None:
        command, env = python_main("airflow_spark_guard.process.syscall_trace")
        self.process = subprocess.Popen(
            [*(start or command), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, cwd=ROOT, env=env, **options,
        )  # fmt: skip

    def rows(self) -> list[dict]:
        """What it writes until its end, by itself."""
        lines = self.process.stdout.read().splitlines()
        assert self.process.wait(DEADLINE) == 0
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(DEADLINE)


@pytest.fixture
def begin(tmp_path):
    """Start children and scripts; they are ended with the test."""
    things = []

    def begin(kind, *arguments, **options):
        things.append(kind(*arguments, **options))
        return things[-1]

    yield begin
    for thing in reversed(things):
        thing.end() if isinstance(thing, Child) else thing.close()


def test_each_process_is_a_line_as_it_is_decided(begin):
    """With its key, its answer and the seconds; run by its path, in isolated Python."""
    start = [sys.executable, "-I", "-S", syscall_trace.__file__]
    sleeper, reader = begin(Child, SLEEPER), begin(Child, SLEEPER + "; open('/etc/hosts').read()")
    other = begin(Child, SLEEPER)  # a process has one tracer: not the sleeper under another start
    script = begin(Script, "2", sleeper.key, reader.key, f"{other.pid}:1", "999999999:1", start=start)
    rows = {row["key"]: row for row in script.rows()}
    assert {key: row["answer"] for key, row in rows.items()} == {
        sleeper.key: "still", reader.key: "moved", f"{other.pid}:1": "unknown", "999999999:1": "unknown",
    }  # fmt: skip
    assert rows[reader.key]["seconds"] < 2 <= rows[sleeper.key]["seconds"]


@pytest.mark.parametrize("how", ["signal", "end of file", "killed", "follower killed"])
def test_whatever_ends_it_the_process_goes_on(how, begin, tmp_path):
    """Nothing is left stopped or traced."""
    counter = Counter(tmp_path / "count")
    child = begin(Child, "while True: count(); time.sleep(0.05)", counter.setup)
    script = begin(Script, LONG, child.key)
    until(child.is_traced)
    follower = int(child.status("TracerPid"))
    if how == "end of file":
        script.process.stdin.close()
    elif how == "follower killed":
        os.kill(follower, signal.SIGKILL)
    else:
        script.process.send_signal(signal.SIGKILL if how == "killed" else signal.SIGTERM)
    script.process.wait(DEADLINE)
    until(lambda: not child.is_traced())
    counter.goes_on()
    assert child.status("State") in "RS"


def test_its_violent_death_hurts_nobody(begin, tmp_path):
    """Killed at any moment, between two stops of a process that makes many system calls, ten times."""
    counter = Counter(tmp_path / "count")
    work = "while True: count(); time.sleep(0.003); os.path.exists('/')"
    child = begin(Child, work, counter.setup)
    for _ in range(10):
        script = begin(Script, LONG, child.key)
        until(child.is_traced)
        os.killpg(script.process.pid, signal.SIGKILL)
        until(lambda: not child.is_traced())
        counter.goes_on()
    assert child.process.poll() is None


def test_it_ends_with_the_process_that_started_it(begin, tmp_path):
    """Also when a fork of that process still holds the pipe."""
    child = begin(Child, SLEEPER)
    command, env = python_main("airflow_spark_guard.process.syscall_trace")
    starter = (
        "import os, subprocess, sys, time\n"
        "subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)\n"
        "if os.fork() == 0:\n  print(os.getpid(), flush=True); time.sleep(600)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", starter, *command, LONG, child.key], stdout=subprocess.PIPE, env=env, cwd=ROOT
    )
    fork = proctree.read(int(parent.stdout.readline()))
    try:
        until(child.is_traced)
        parent.kill()
        parent.wait()
        until(lambda: not child.is_traced())
        assert proctree.read(fork.pid) is not None
    finally:
        proctree.send(fork, signal.SIGKILL)
        parent.stdout.close()


def test_a_sleeping_loop_is_not_woken(begin):
    """Its sleep goes on over the attach, and the end of the watch wakes no thread: the wait has one length."""
    child = begin(
        Child, "b = time.monotonic(); r = select.select([p], [], [], 2)[0]; print(r, time.monotonic() - b >= 2)",
        "import select; p, _ = os.pipe()",
    )  # fmt: skip
    begin(Script, LONG, child.key)
    until(child.is_traced)
    assert child.said() == "[] True"


@pytest.mark.parametrize(
    ("work", "answer"),
    [
        (SLEEPER, "still"),
        (SLEEPER + "; open('/etc/hosts').read()", "moved"),
        (SLEEPER + "; t = threading.Thread(target=print); t.start(); t.join()", "still"),
        ("time.sleep(0.5); os.kill(os.getpid(), 19)", "still"),
        ("while True: os.path.exists('/')", "unknown"),
        ("time.sleep(0.5)", "unknown"),
    ],
    ids=["sleeps", "reads", "starts threads", "is stopped", "is busy", "ends"],
)
def test_a_tracer_decides(work, answer, begin):
    """By itself, in a process of its own, without the script around it."""
    child = begin(Child, work)
    command, env = python_main("airflow_spark_guard.process.syscall_trace")
    code = command[-1].replace(
        "import main; sys.exit(main(sys.argv[1:]))", "import Tracer; import signal"
    ) + (
        "; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD, signal.SIGTERM])"
        f"; tracer = Tracer({child.pid}, {child.started}); tracer.follow(1.5); print(tracer.answer)"
    )
    done = subprocess.run([*command[:-1], code], env=env, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == f"{answer}\n", done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_where_it_is_not_allowed_nothing_is_known(begin):
    """Another user's process: unknown, and not touched."""
    child = begin(Child, SLEEPER)
    stranger = os.fork()
    if not stranger:
        code = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            tracer = syscall_trace.Tracer(child.pid, child.started)
            tracer.follow(10 * DEADLINE)
            code = 0 if tracer.answer == "unknown" else 2
        finally:
            os._exit(code)
    assert os.waitpid(stranger, 0)[1] == 0
    assert not child.is_traced()


def test_a_machine_whose_numbers_are_not_known(monkeypatch, begin):
    """Unknown, not still."""
    monkeypatch.setattr(syscall_trace.syscalls, "table", lambda _: None)
    tracer = syscall_trace.Tracer(999999999, 1)
    assert tracer.follow(1) >= 0
    assert tracer.answer == "unknown"


def test_it_is_the_standard_library_and_two_modules_of_ours():
    """It starts fast, and works where nothing is installed."""
    code = f"import sys; sys.path.append({str(ROOT)!r}); import airflow_spark_guard.process.syscall_trace; print('pathlib' in sys.modules, 'psutil' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert done.stdout == "False False\n"
    assert Path(syscall_trace.__file__).is_file()


BESIDE = """
asks = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def send(): asks.sendto(bytes(50), ("127.0.0.1", 9))
def alive():
    while True: time.sleep(0.2); ONE()
def new(): threading.Timer(0.01, send).start()
beside = threading.Thread(target=alive, daemon=True)
beside.start()
print(beside.native_id)
MAIN
"""


@pytest.mark.parametrize(
    ("one", "main", "most", "answer"),
    [
        ("send", SLEEPER, 4096, "still"),
        ("new", SLEEPER, 4096, "still"),  # each time in a thread that the background thread starts
        ("send", SLEEPER, 200, "moved"),
        ("send", "while True: time.sleep(0.3); send()", 4096, "moved"),
        ("send", "while True: time.sleep(0.3); new()", 4096, "moved"),
    ],
    ids=["a trickle", "of timers", "more than a trickle", "the main thread", "a thread that it starts"],
)
def test_a_trickle_of_background_threads_is_only_counted(one, main, most, answer, begin):
    """Bytes of all other threads are movement."""
    child = begin(Child, BESIDE.replace("ONE", one).replace("MAIN", main), "import socket, threading")
    key = f"{child.key}:{most}:{child.said()}"
    (row,) = begin(Script, "2", key).rows()
    assert (row["key"], row["answer"]) == (child.key, answer)
    if answer == "still":
        assert 200 <= row["trickle"] <= 550
        assert row["trickle"] % 50 == 0
        assert row["own_calls"] < row["calls"]
