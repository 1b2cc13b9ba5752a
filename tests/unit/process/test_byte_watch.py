"""Byte watches on real processes: what polls is told from what sleeps, and nothing is disturbed."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from airflow_spark_guard.process import byte_watch, usage
from airflow_spark_guard.process.byte_watch import ByteWatch
from airflow_spark_guard.process.proctree import Proc, read
from tests.support.traced import DEADLINE, Child, Counter, is_watching, until

LOOP = "while True: time.sleep(0.1); "
# What they do, and what makes it look like the other kind.
SLEEPERS = {
    "sleeps": LOOP + "pass",
    "prints that it waits": LOOP + "print('waiting', flush=True); os.write(2, b'waiting')",
    "asks whether a file is there": LOOP + "os.path.exists('/nowhere')",
    "waits for a condition with a time-out": "c = threading.Condition()\nwith c:\n  while True: c.wait(0.1)",
    "waits for a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "waits for an answer": "a, b = socket.socketpair(); a.recv(1)",
    "sleeps in threads of an event loop": (
        "import asyncio\nasync def main():\n  while True: await asyncio.to_thread(time.sleep, 0.1)\nasyncio.run(main())"
    ),
    "wakes itself by pipe and eventfd": (
        "r, w = os.pipe(); e = os.eventfd(0)\n"
        + LOOP
        + "os.write(w, b'123'); os.read(r, 9); os.eventfd_write(e, 1); os.read(e, 8)"
    ),
    "looks at its own memory": LOOP + "open('/proc/self/status').read()",
    "runs programs that say nothing": "import subprocess\n" + LOOP + "subprocess.run(['true'])",
}
POLLERS = {
    "connects for each poll": LOOP
    + "s = socket.create_connection(('127.0.0.1', ECHO)); s.sendall(b'up?'); s.recv(9); s.close()",
    "is refused": LOOP + "socket.socket().connect_ex(('127.0.0.1', 1))",
    "asks by HTTP": "import urllib.request\n"
    + LOOP
    + "urllib.request.urlopen('http://127.0.0.1:PAGE/', timeout=60).read()",
    "keeps its connection": "s = socket.create_connection(('127.0.0.1', ECHO))\n"
    + LOOP
    + "s.sendall(b'up?'); s.recv(9)",
    "reads a file": LOOP + "open('/etc/hosts', 'rb', 0).read()",
    "polls in a second thread": (
        "def poll():\n  while True: time.sleep(0.1); socket.create_connection(('127.0.0.1', ECHO)).sendall(b'?')\n"
        "t = threading.Thread(target=poll); t.start(); t.join()"
    ),
    "polls in a thread born later": (
        "def poll(): socket.create_connection(('127.0.0.1', ECHO)).sendall(b'up?')\n"
        + LOOP
        + "t = threading.Thread(target=poll); t.start(); t.join()"
    ),
    "reads what a program prints": "import subprocess\n"
    + LOOP
    + "subprocess.run(['echo'], capture_output=True)",
    "sends without connection": "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    + LOOP
    + "s.sendto(b'up?', ('127.0.0.1', 9))",
    "gets from a child by a pipe of both": (
        "import multiprocessing\nm = multiprocessing.get_context('fork'); q = m.SimpleQueue()\n"
        "def put():\n  while os.getppid() != 1: time.sleep(0.1); q.put('part')\n"
        "m.Process(target=put, daemon=True).start()\nwhile True: q.get()"
    ),
}


@pytest.fixture
def start():
    children = []

    def begin(*arguments, **options) -> Child:
        children.append(Child(*arguments, **options))
        return children[-1]

    yield begin
    for child in children:
        child.end()


@pytest.fixture
def watch():
    watch = ByteWatch()
    yield watch
    watch.stop()


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        with contextlib.suppress(ConnectionError):
            while data := self.connection.recv(9):
                self.connection.sendall(data)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def services():
    """Ports of an echo and of an HTTP service."""
    servers = [kind(("127.0.0.1", 0), handler) for kind, handler in (
        (socketserver.ThreadingTCPServer, Echo), (http.server.ThreadingHTTPServer, Page),
    )]  # fmt: skip
    for server in servers:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield [str(server.server_address[1]) for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


def in_eights(items):
    return [dict(list(items.items())[at : at + 8]) for at in range(0, len(items), 8)]


@pytest.mark.parametrize("group", in_eights(SLEEPERS), ids=["first", "more"])
def test_what_waits_moves_no_bytes(group, start, watch):
    """Asleep, at a lock, in recv: False, whatever the process says to itself or prints meanwhile."""
    children = {name: start(work) for name, work in group.items()}
    time.sleep(0.5)  # imports read files
    watch.start(list(children.values()), 2)
    until(lambda: not is_watching(watch))
    seen = watch.collect()
    assert {name: seen[child.key] for name, child in children.items()} == dict.fromkeys(group, False)


@pytest.mark.parametrize("group", in_eights(POLLERS), ids=["first", "more"])
def test_what_polls_moves_bytes(group, start, watch, services):
    """By the network, files, other processes, in any thread: True, and let go long before the time is over."""
    echo, page = services
    children = {name: start(work.replace("ECHO", echo).replace("PAGE", page)) for name, work in group.items()}
    watch.start(list(children.values()), 10 * DEADLINE)
    until(lambda: not is_watching(watch))
    seen = watch.collect()
    assert {name: seen[child.key] for name, child in children.items()} == dict.fromkeys(group, True)


def test_what_was_watched_is_known_to_the_second(start, watch):
    """Also where it was too short for an answer: seconds, calls, and whether a byte moved."""
    child = start(LOOP + "[os.write(2, b'x') for _ in range(30)]")
    time.sleep(0.5)
    watch.start([child], 10 * DEADLINE)
    until(child.is_traced)
    time.sleep(1)
    assert watch.collect() == {child.key: None}
    seen = watch.last[child.key]
    assert (seen.moved, 0.5 < seen.seconds < DEADLINE) == (False, True)
    assert seen.calls > 30  # what it prints is followed too


def test_a_watch_that_was_too_short_says_nothing(start, watch):
    """None: four fifths of the asked time are needed to say that no byte was moved."""
    child = start(SLEEPERS["sleeps"])
    watch.start([child], 10 * DEADLINE)
    until(child.is_traced)
    assert watch.collect() == {child.key: None}
    assert not child.is_traced()


def test_what_is_gone_or_another_by_now_is_not_seen(start, watch):
    """None; a process that has the pid of the one that was meant is let go at once."""
    child, gone = start(SLEEPERS["sleeps"]), start("pass")
    gone.process.wait()
    other = Proc(child.pid, 0, child.started + 1, "S", "")
    watch.start([other, gone], 10 * DEADLINE)
    until(lambda: not is_watching(watch))
    assert watch.collect() == {f"{child.pid}:{child.started + 1}": None, gone.key: None}


def test_a_process_that_ends_is_reaped_with_its_own_exit_code(start, watch):
    """By its parent, as always."""
    child = start("sys.stdin.read(); time.sleep(1); sys.exit(7)")
    watch.start([child], 10 * DEADLINE)
    until(child.is_traced)
    assert child.process.wait(DEADLINE) == 7
    until(lambda: not is_watching(watch))
    assert watch.collect() == {child.key: None}


def test_a_busy_process_is_let_go(start, watch, tmp_path):
    """None: too many system calls to be followed without slowing it. It goes on."""
    counter = Counter(tmp_path / "count")
    child = start("while True: count(); os.path.exists('/')", counter.setup)
    watch.start([child], 10 * DEADLINE)
    until(lambda: not is_watching(watch))
    assert watch.collect() == {child.key: None}
    counter.goes_on()


def test_a_computation_is_hardly_slowed(start, watch, tmp_path):
    """Pure computing makes no system calls: what it does in a second of CPU stays the same."""
    counter = Counter(tmp_path / "count")
    child = start("while True: count(); sum(range(10000))", counter.setup)

    def rate() -> float:
        before, used = counter.read(), _cpu(child.pid)
        until(lambda: _cpu(child.pid) >= used + 0.5)
        return (counter.read() - before) / (_cpu(child.pid) - used)

    alone = rate()
    watch.start([child], 10 * DEADLINE)
    until(child.is_traced)
    traced = rate()
    assert child.is_traced()
    assert traced > alone / 2  # measured 0.90 to 1.03; the machine may be busy


def _cpu(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def test_signals_reach_it_while_it_is_watched(start, watch, tmp_path):
    """SIGTERM its handler; SIGSTOP and SIGCONT the whole process, which stays stopped when the watch ends."""
    counter = Counter(tmp_path / "count")
    handler = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: print('handled', flush=True))\n"
    child = start("while True: count(); time.sleep(0.05)", counter.setup + handler)
    watch.start([child], 10 * DEADLINE)
    until(child.is_traced)
    child.process.send_signal(signal.SIGTERM)
    assert child.said() == "handled"
    child.process.send_signal(signal.SIGSTOP)
    until(lambda: child.status("State") in "tT")
    child.process.send_signal(signal.SIGCONT)
    counter.goes_on()
    child.process.send_signal(signal.SIGSTOP)
    until(lambda: child.status("State") in "tT")
    watch.stop()
    assert child.status("State") == "T"
    child.process.send_signal(signal.SIGCONT)
    counter.goes_on()


def test_a_process_that_is_stopped_can_be_watched_and_stays_stopped(start, watch, tmp_path):
    """Nobody but its owner continues it."""
    counter = Counter(tmp_path / "count")
    child = start("while True: count(); time.sleep(0.05)", counter.setup)
    child.process.send_signal(signal.SIGSTOP)
    until(lambda: child.status("State") == "T")
    watch.start([child], 2)
    until(lambda: not is_watching(watch))
    assert watch.collect() == {child.key: False}
    assert child.status("State") == "T"
    child.process.send_signal(signal.SIGCONT)
    counter.goes_on()


def test_py_spy_attaches_as_soon_as_the_watch_has_ended(start, watch):
    """Three times, since a race would show now and then."""
    program = Path(sys.executable).with_name("py-spy")
    child = start(SLEEPERS["sleeps"])
    for end in (watch.collect, watch.stop, watch.collect):
        watch.start([child], 10 * DEADLINE)
        until(child.is_traced)
        end()
        done = subprocess.run([program, "dump", "--pid", str(child.pid)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_a_script_that_hangs_is_killed(start, watch, tmp_path, monkeypatch):
    """With its forks; the process goes on."""
    counter = Counter(tmp_path / "count")
    child = start("while True: count(); time.sleep(0.05)", counter.setup)
    monkeypatch.setattr(byte_watch, "_PATIENCE", 0.5)
    watch.start([child], 10 * DEADLINE)
    until(child.is_traced)
    tracer = int(child.status("TracerPid"))
    os.kill(read(tracer).parent, signal.SIGSTOP)
    assert watch.collect() == {child.key: None}
    until(lambda: not child.is_traced())
    counter.goes_on()


def test_no_more_than_sixteen_are_watched(start, watch):
    """The 17th is not seen; a second start ends the first watch."""
    children = [start(SLEEPERS["sleeps"]) for _ in range(2)]
    many = [children[0]] * 16 + [children[1]]
    watch.start(many, 10 * DEADLINE)
    until(children[0].is_traced)
    assert not children[1].is_traced()
    watch.start(children[1:], 10 * DEADLINE)
    assert not children[0].is_traced()
    assert watch.collect() == {children[1].key: None}


def test_background_threads_move_only_from_4_kib_a_second_on(start, watch):
    """Their bytes are counted, and calls of the other threads by themselves."""
    child = start(
        "def alive():\n"
        "  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "  while True: time.sleep(0.2); s.sendto(bytes(50), ('127.0.0.1', 9))\n"
        "t = threading.Thread(target=alive, daemon=True); t.start()\n"
        "while True: time.sleep(0.5)"
    )
    until(lambda: len(usage.of_threads(child.pid)) > 1)
    threads = usage.of_threads(child.pid).keys() - {child.pid}
    for background, moved in (({child.key: threads}, False), ({}, True), ({child.key: set()}, True)):
        watch.start([child], 2, background)
        time.sleep(2.2)
        assert watch.collect() == {child.key: moved}
        assert 200 <= watch.last[child.key].trickle <= 550 if not moved else not watch.last[child.key].trickle


def test_nothing_to_watch_is_no_watch(watch):
    """No process is started for it, and a watch that was never started can be stopped."""
    watch.start([], 1)
    assert not is_watching(watch)
    assert watch.collect() == {}


def test_without_a_python_nothing_is_seen(start, watch, monkeypatch):
    """No error: whoever asks goes on without the answer."""
    child = start(SLEEPERS["sleeps"])
    monkeypatch.setattr(byte_watch, "_SCRIPT", ("/nowhere/python",))
    watch.start([child], 1)
    assert watch.collect() == {child.key: None}


def test_nonsense_in_the_output_is_no_answer():
    """Only a whole line counts, and `still` only with enough seconds."""
    lines = [
        b'{"key": "1:1", "answer": "still", "seconds": 9, "calls": 18, "own_calls": 18, "trickle": 0}',
        b'{"key": "2:2", "answer": "still", "seconds": 3, "calls": 0, "own_calls": 0, "trickle": 0}',
        b'{"key": "4:4", "answer": "moved", "seconds": 0, "calls": 1, "own_calls": 1, "trickle": 7}',
        *(b'{"key": "3:3", "answer": "mov', b'{"key": "5:5", "answer": "still", "seconds": "x", "calls": 1}'),
        *(b"[]", b"7"),
    ]
    rows = list(byte_watch._rows(lines))
    assert {row["key"]: byte_watch._answer(row, 8.0) for row in rows} == {
        "1:1": False,
        "2:2": None,
        "4:4": True,
    }
