"""A standalone cluster with a history server, and applications that somebody else submits."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import psutil

from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.sources.remote import AsyncRemoteSource, RemoteSource
from tools.faults.cluster import StandaloneCluster, spark_env
from tools.support.airflow_server import free_port

if TYPE_CHECKING:
    from pathlib import Path

JOB = """
import sys, time
from pyspark.sql import SparkSession

tasks, pause = int(sys.argv[1]), float(sys.argv[2])
spark = SparkSession.builder.getOrCreate()
spark.sparkContext.parallelize(range(tasks), tasks).map(lambda x: time.sleep(pause)).count()
spark.stop()
"""


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return ""


@dataclass
class Submitted:
    """An application of somebody else's."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill_driver(self) -> None:
        """SIGKILL for JVM and Python: the whole session."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class SparkSite:
    """``with SparkSite(folder) as site``; two workers with one core each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = StandaloneCluster(folder / "cluster")
        self.history_port = free_port()
        self.submitted: list[Submitted] = []

    def __enter__(self) -> Self:
        self.events = self.folder / "events"
        self.events.mkdir(parents=True)
        (self.folder / "job.py").write_text(JOB)
        self.cluster.__enter__()
        self.env = {**spark_env(self.folder), "SPARK_LOCAL_IP": "127.0.0.1"}
        properties = self.folder / "history.properties"
        properties.write_text(
            f"spark.history.fs.logDirectory file://{self.events}\n"
            f"spark.history.ui.port {self.history_port}\n"
            "spark.history.fs.update.interval 1s\n"
        )
        command = [f"{self.env['SPARK_HOME']}/bin/spark-class"]
        command += ["org.apache.spark.deploy.history.HistoryServer", "--properties-file", str(properties)]
        self.history = self._start(command, self.folder / "history.log")
        return self

    def __exit__(self, *_: object) -> None:
        for application in self.submitted:
            if application.process.poll() is None:
                application.kill_driver()
        os.killpg(self.history.pid, signal.SIGKILL)
        self.history.wait()
        self.cluster.__exit__()

    @property
    def witnesses(self) -> dict[str, str]:
        """As a sensor's ``application`` names them."""
        return {
            "master": self.cluster.url,
            "master_ui": f"http://127.0.0.1:{self.cluster.ui_port}",
            "history_server": f"http://127.0.0.1:{self.history_port}",
        }

    def _start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("wb") as file:
            return subprocess.Popen(
                command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def submit(self, name: str, tasks: int, pause: float = 0.5, cores: int = 1) -> Submitted:
        """So many tasks that sleep so long, with a driver UI and an event log."""
        confs = {
            "spark.app.name": name,
            "spark.cores.max": str(cores),
            "spark.executor.memory": "512m",
            "spark.ui.port": "0",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": f"file://{self.events}",
        }
        options = [part for key, value in confs.items() for part in ("--conf", f"{key}={value}")]
        command = [f"{self.env['SPARK_HOME']}/bin/spark-submit", "--master", self.cluster.url, *options]
        log = self.folder / f"{name}.log"
        process = self._start([*command, str(self.folder / "job.py"), str(tasks), str(pause)], log)
        self.submitted.append(Submitted(name, process, log))
        return self.submitted[-1]

    def application_id(self, name: str) -> str:
        """Of the running application of this name, once the master knows it and it has an executor."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = [row for row in self.active() if row["name"] == name and row["state"] == "RUNNING"]
            if found and self.executors(found[0]["id"]):
                return found[0]["id"]
            time.sleep(0.5)
        raise AssertionError(f"no application {name}; see {self.folder}")

    def active(self) -> list[dict]:
        """What the master lists as running or waiting."""
        return (self.cluster.state() or {}).get("activeapps", [])

    def executors(self, application_id: str) -> list[psutil.Process]:
        """The application's executors: children of the workers that we have started."""
        found = []
        for name, process in self.cluster.processes.items():
            if name.startswith("worker"):
                children = psutil.Process(process.pid).children(recursive=True)
                found += [child for child in children if application_id in _command(child)]
        return found

    def kill_executor(self, application_id: str) -> float:
        """SIGKILL for one of them; when."""
        self.executors(application_id)[0].kill()
        return time.time()

    def kill_second_executor_and_its_worker(self, application_id: str) -> None:
        """As soon as there are two: it cannot have registered yet, and nothing comes in its place."""
        end = time.monotonic() + 60
        while not (
            found := [one for one in self.executors(application_id) if "--executor-id 1 " in _command(one)]
        ):
            assert time.monotonic() < end, f"no second executor; see {self.folder}"
            time.sleep(0.05)
        pid = found[0].ppid()
        self.cluster.kill(next(name for name, one in self.cluster.processes.items() if one.pid == pid))
        found[0].kill()

    def wait_for_registration(self, application_id: str) -> None:
        """Until the driver knows an executor: one that dies before is known to the master alone."""
        target = Target(application_id, **self.witnesses)
        end = time.monotonic() + 60
        with closing(RemoteSource(AsyncRemoteSource(target))) as source:
            while not any(row.active for row in source.look().executors):
                assert time.monotonic() < end, f"no executor of {application_id}; see {self.folder}"
                time.sleep(0.5)
