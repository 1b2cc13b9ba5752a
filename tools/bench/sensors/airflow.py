"""A real triggerer with many triggers, measured from outside: CPU, memory, and when its looks arrive."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil

from tools import ROOT
from tools.bench.sensors.looks import drivers, polls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AIRFLOW = [sys.executable, "-m", "airflow"]
# Its log of each trigger, and what else a process has open.
SPARE_FILES = 200
LOG = "polls.log"
_MB = 1 << 20
_RESTLESS = 60.0


@dataclass(frozen=True)
class Round:
    """One triggerer's load.

    Attributes:
        kind: ``empty``, ``idle`` (triggers that sleep), ``asking`` (the same after one XCom was read and one
            written, as every sensor does), or ``sensors``.
        count: of triggers.
        drivers: that the sensors watch.
        interval: seconds between two looks.
        settling: seconds from the first look on in which nothing is counted.
        window: seconds of the measurement, after everything has started.
    """

    kind: str
    count: int = 0
    drivers: int = 0
    interval: float = 10.0
    settling: float = 30.0
    window: float = 60.0


class Workbench:
    """A folder with an empty Airflow database, copied for every round."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = folder
        self.template = folder / "template"
        self._run(self.template, *AIRFLOW, "db", "migrate")

    def measure(self, load: Round) -> dict[str, Any]:
        """One round, in an Airflow home of its own."""
        home = self.folder / f"{load.kind}-{load.count}"
        home.mkdir(parents=True)
        shutil.copy(self.template / "airflow.db", home)
        with ExitStack() as stack:
            ports: list[int] = []
            if load.drivers:
                ports = stack.enter_context(drivers(load.drivers, home / LOG))
            if load.count:
                wanted = {"kind": load.kind, "count": load.count, "interval": load.interval, "ports": ports}
                self._run(home, sys.executable, "-m", "tools.bench.sensors.rows", json.dumps(wanted))
            triggerer = Triggerer(stack.enter_context(_triggerer(home, load.count)), home)
            found = _observe(triggerer, load)
            if load.kind == "sensors":
                found |= polls(home / LOG, load.interval, load.settling)
                found |= _noticed(triggerer, load, ports[0])
        shutil.rmtree(home / "logs", ignore_errors=True)
        return found

    @staticmethod
    def _run(home: Path, *command: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        with (home / "setup.log").open("ab") as log:
            subprocess.run(command, cwd=home, env=_environment(home), check=True, stdout=log, stderr=log)


class Triggerer:
    """The two processes of a triggerer: the supervisor talks to the database, the runner runs triggers."""

    def __init__(self, process: subprocess.Popen[bytes], home: Path) -> None:
        self._home = home
        self.supervisor = psutil.Process(process.pid)
        wait_for(self.supervisor.children, 180.0, "a triggerer")
        self.runner = self.supervisor.children()[0]

    def settle(self) -> None:
        """Until the work of its start is over; one that stays busy is measured as it is."""
        time.sleep(5.0)
        end = time.monotonic() + _RESTLESS
        while not self._is_quiet() and time.monotonic() < end:
            continue

    def started(self) -> int:
        """How many triggers have begun: each has a log of its own then."""
        return sum(1 for _ in self._home.glob("logs/**/*.trigger.*.log"))

    def remembered(self) -> int:
        """How many have written their XCom: a sensor has judged its first look then."""
        return self._count("xcom")

    def deferred(self) -> int:
        """How many tasks still wait for their trigger."""
        return self._count("task_instance WHERE state = 'deferred'")

    def cpu(self) -> tuple[float, float]:
        """Seconds used by supervisor and runner."""
        times = [process.cpu_times() for process in (self.supervisor, self.runner)]
        return times[0].user + times[0].system, times[1].user + times[1].system

    def memory(self) -> dict[str, float]:
        """MB of both: proportional (a shared page counts half in each), and private alone."""
        infos = [process.memory_full_info() for process in (self.supervisor, self.runner)]
        return {
            "supervisor_pss_mb": round(infos[0].pss / _MB, 1),
            "runner_pss_mb": round(infos[1].pss / _MB, 1),
            "pss_mb": round(sum(info.pss for info in infos) / _MB, 1),
            "uss_mb": round(sum(info.uss for info in infos) / _MB, 1),
        }

    def _count(self, rows: str) -> int:
        with closing(
            sqlite3.connect(f"file:{self._home}/airflow.db?mode=ro", uri=True, timeout=30.0)
        ) as database:
            return int(database.execute(f"SELECT COUNT(*) FROM {rows}").fetchone()[0])  # noqa: S608 - ours

    def _is_quiet(self) -> bool:
        before = sum(self.cpu())
        time.sleep(2.0)
        return sum(self.cpu()) - before < 0.2  # noqa: PLR2004 - a tenth of a core


def wait_for(condition: Callable[[], Any], patience: float, what: str) -> None:
    """Until it holds.

    Raises:
        TimeoutError: it never did.
    """
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            msg = f"{what} did not come about within {patience:g} s"
            raise TimeoutError(msg)
        time.sleep(1.0)


def _observe(triggerer: Triggerer, load: Round) -> dict[str, Any]:
    begin, spent = time.monotonic(), sum(triggerer.cpu())
    if load.count:
        _until_started(triggerer, load)
    ready, spent = round(time.monotonic() - begin, 1), round(sum(triggerer.cpu()) - spent, 1)
    triggerer.settle()
    time.sleep(max(0.0, begin + load.settling - time.monotonic()))
    used, at = triggerer.cpu(), time.monotonic()
    time.sleep(load.window)
    now, wall = triggerer.cpu(), time.monotonic() - at
    supervisor, runner = ((after - before) / wall for before, after in zip(used, now, strict=True))
    return {
        "triggers": load.count,
        "cpu_share": round(supervisor + runner, 4),
        "supervisor_cpu": round(supervisor, 4),
        "runner_cpu": round(runner, 4),
        **triggerer.memory(),
        "supervisor_files": triggerer.supervisor.num_fds(),
        "ready_s": ready,
        "ready_cpu_s": spent,
        "load": round(os.getloadavg()[0], 1),
    }


def _until_started(triggerer: Triggerer, load: Round) -> None:
    patience = 180.0 + load.count * 0.2
    wait_for(lambda: triggerer.started() >= load.count, patience, f"{load.count} triggers that run")
    if load.kind != "idle":
        wait_for(
            lambda: triggerer.remembered() >= load.count, patience, f"{load.count} triggers that have written"
        )


def _noticed(triggerer: Triggerer, load: Round, port: int) -> dict[str, Any]:
    """That they watch: one driver loses an executor; its sensors give their tasks back, and no others."""
    concerned = len(range(0, load.count, load.drivers))
    if triggerer.deferred() != load.count:
        msg = f"{load.count - triggerer.deferred()} sensors ended before anything happened"
        raise RuntimeError(msg)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/bench/lose", timeout=10):
        begin = time.monotonic()
    left = load.count - concerned
    wait_for(lambda: triggerer.deferred() <= left, load.interval + 60.0, "sensors that notice a loss")
    taken = round(time.monotonic() - begin, 1)
    if triggerer.deferred() != left:
        msg = f"{load.count - triggerer.deferred()} sensors failed, of {concerned} that should"
        raise RuntimeError(msg)
    return {"noticed_s": taken, "noticed": concerned}


@contextmanager
def _triggerer(home: Path, count: int) -> Iterator[subprocess.Popen[bytes]]:
    files = count + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    command = [*AIRFLOW, "triggerer", "--skip-serve-logs", "--capacity", str(count + 1)]
    with (home / "triggerer.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=home,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (max(soft, files), hard))
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # its runner as well; nothing of it is needed
        process.wait()


def _environment(home: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    return {
        **inherited,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__FERNET_KEY": "c3BhcmstZ3VhcmQtc2Vuc29yLWJlbmNobWFyay1rZXk=",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": str(ROOT),
    }
