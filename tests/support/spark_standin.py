"""Processes that look to the process table as Spark's do: small enough to start in a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from airflow_spark_guard.process import proctree
from airflow_spark_guard.process.leftovers import TAG_ENV
from tests.support.processes import seconds_until

# A JVM starts its Python processes and waits; on SIGQUIT it prints what it is told to print.
JVM = """\
import json, os, shutil, signal, subprocess, sys

def dump(*_):
    with open(os.environ["SIGQUIT_PRINTS"]) as source, open(os.environ["OUTPUT"], "a") as output:
        shutil.copyfileobj(source, output)

children = [subprocess.Popen(command) for command in json.loads(sys.argv[1])]
signal.signal(signal.SIGQUIT, dump)
for child in children:
    child.wait()
"""
SUBMIT = ("org.apache.spark.deploy.SparkSubmit", "job.py")


def backend(executor: str) -> tuple[str, ...]:
    """The arguments of an executor's JVM."""
    name = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
    return (name, "--executor-id", executor, "--cores", "1")


BACKEND = backend("3")
# pyspark.daemon forks its workers; what they run is the user's.
DAEMON = """\
import importlib, os, sys
sys.path.insert(0, os.getcwd())
job = importlib.import_module("hanging_job")
for how in sys.argv[2:]:
    if os.fork() == 0:
        getattr(job, how)()
while True:
    os.wait()
"""
JOB = """\
import concurrent.futures, faulthandler, os, sched, shutil, socket, subprocess, sys, threading, time

def lock():
    secret = "a-secret-in-a-local"
    threading.Event().wait()

def nobody():
    ours, theirs = socket.socketpair()
    ours.recv(1)

def fed():
    sys.path.insert(0, os.path.join(os.getcwd(), "python"))
    from pyspark.serializers import read_int
    ours, theirs = socket.socketpair()
    read_int(ours.makefile("rb"))

def busy():
    while True:
        pass

def sleeps():
    while True:
        time.sleep(0.5)

def bursts():
    while True:
        time.sleep(1.5)
        with open("/dev/zero", "rb", 0) as zeros:
            zeros.read(1 << 20)

def shells():
    subprocess.run(["sh", "-c", "while :; do :; done"])

def polls():
    while True:
        time.sleep(0.5)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.sendto(b"ready?", ("127.0.0.1", 9))

def keep_alives(often):
    asking, clock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), sched.scheduler()
    for number in range(600):
        clock.enter(number * often, 1, asking.sendto, (bytes(50), ("127.0.0.1", 9)))
    return clock.run

def hangs(often=1.5):
    threading.Thread(target=keep_alives(often), daemon=True).start()
    held = threading.Lock()
    held.acquire()
    held.acquire()

def hangs_beside_timers():
    # Each keep-alive runs in a thread of its own, as a timer of a library's.
    asking, spare = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), sched.scheduler()
    for number in range(600):
        timer = threading.Timer(0.01, asking.sendto, (bytes(50), ("127.0.0.1", 9)))
        spare.enter(number * 1.5, 1, timer.start)
    threading.Thread(target=spare.run, daemon=True).start()
    threading.Event().wait()

def waits_for_a_pool():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(keep_alives(1.0)).result()

def waits_for_a_thread():
    asks = threading.Thread(target=keep_alives(1.0), daemon=True)
    asks.start()
    asks.join()

def downloads():
    source = socket.create_connection(("127.0.0.1", int(os.environ["SOURCE"]))).makefile("rb")
    copy = threading.Thread(target=shutil.copyfileobj, args=(source, open(os.devnull, "wb")), daemon=True)
    copy.start()
    threading.Event().wait()

def rows():
    for row in range(10 ** 9):
        slow(row)

def slow(row):
    time.sleep(0.05)

def dumping():
    faulthandler.dump_traceback_later(0.2, repeat=True, file=open("/dev/null", "w"))
    threading.Event().wait()

def writing():
    with open("/dev/null", "wb", buffering=0) as rows:
        while True:
            rows.write(bytes(4096))
            time.sleep(0.2)

def subprocess_of_the_udf():
    subprocess.run(["sleep", "300"])
"""


def jvm_command(arguments, *children: list[str]) -> list[str]:
    """The command of a stand-in for a JVM."""
    return [sys.executable, "-c", JVM, json.dumps(children), *arguments]


class Standins:
    """Stand-ins of one attempt, ended when the test is over."""

    def __init__(self, tmp_path, tag) -> None:
        self.tmp_path, self.tag = tmp_path, tag
        self.started: list[subprocess.Popen] = []
        package = tmp_path / "standin"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "daemon.py").write_text(DAEMON)
        (tmp_path / "hanging_job.py").write_text(JOB)
        spark = tmp_path / "python" / "pyspark"
        spark.mkdir(parents=True)
        (spark / "__init__.py").touch()
        (spark / "serializers.py").write_text("def read_int(stream):\n    return stream.read(4)\n")

    def daemon(self, *workers: str) -> list[str]:
        return [sys.executable, "-m", "standin.daemon", "standin.worker", *workers]

    def jvm(self, arguments, *children: list[str], tag=None, **env: str) -> subprocess.Popen:
        process = subprocess.Popen(
            jvm_command(arguments, *children),
            env={**os.environ, TAG_ENV: str(tag or self.tag), **env},
            cwd=self.tmp_path,
        )
        self.started.append(process)
        return process

    def await_below(self, process: subprocess.Popen, count: int) -> None:
        """Until so many processes are below it, interpreters started."""

        def there() -> bool:
            return len(proctree.descendants(process.pid, proctree.table())) >= count

        seconds_until(there, 60, f"{count} processes")

    def end(self) -> None:
        for process in self.started:
            for proc in proctree.descendants(process.pid, proctree.table()):
                proctree.send(proc, signal.SIGKILL)
            process.kill()
            process.wait()
