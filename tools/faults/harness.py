"""One case under one operator: start it, do to it what the case says, and see what became of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark

from airflow_spark_guard.process import proctree
from tools import BUILD, ROOT
from tools.faults.case import CONF, LIMITS, LOCAL_CLUSTER, NAMESPACE, SERVER
from tools.faults.cluster import DRIVER_ADDRESS, StandaloneCluster, spark_env
from tools.support.processes import MARK, end_all, marked

if TYPE_CHECKING:
    from tools.faults.case import Case
    from tools.faults.places import Settled

FOLDER = BUILD / "faults"
JOBS = Path(__file__).parent / "jobs"
SETTLE = 5.0  # seconds that what is being ended may take to be gone
START = 30.0  # seconds from the launch after which a job that writes no moment has done its start
SPARE = 120.0  # seconds beyond the deadline after which the harness itself gives up
_EXECUTOR = "CoarseGrainedExecutorBackend"


class Running:
    """A case that runs, or has run. Times are seconds since the epoch."""

    def __init__(
        self, case: Case, operator: str, cluster: StandaloneCluster | None, settled: Settled
    ) -> None:
        self.case, self.operator, self._settled = case, operator, settled
        self._cluster = cluster
        self.folder = FOLDER / operator / slug(case.name)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.mark = uuid.uuid4().hex
        self.others: list[str] = []
        self.moment = self.folder / "moment"
        self.launched: float | None = None
        self.fault: float | None = None
        self.outcome: dict[str, Any] = {}
        self.orphans: list[str] = []
        self.limits = {**LIMITS, **case.limits}

    @property
    def cluster(self) -> StandaloneCluster:
        """The one that the case names; an error where it names none."""
        assert self._cluster is not None
        return self._cluster

    def run(self) -> Running:
        """Start it, do what the case says, and wait for the end; nothing that it started is left."""
        try:
            if self.case.before:
                self.case.before(self)
            with (self.folder / "task.log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "airflow", "dags", "test", "fault"],
                    cwd=ROOT, env=self._env(), stdin=subprocess.DEVNULL, stdout=log,
                    stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip
            try:
                self._follow(process)
                self._count_orphans()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        finally:
            for mark in (self.mark, *self.others):
                end_all(mark)
            shutil.rmtree(self.folder / "spark", ignore_errors=True)
        return self

    def _spec(self) -> Path:
        script, *arguments = self.case.job
        if script == "steady.py":
            arguments = [str(self.moment), *arguments]
        elif script != "healthy.py":
            arguments = [arguments[0], str(self.moment), *arguments[1:]]
        spec = {
            "operator": self.operator,
            "application": str(JOBS / script),
            "arguments": arguments,
            "env_vars": self._job_env(),
            "conf": {**CONF, f"spark.executorEnv.{MARK}": self.mark, **self.case.conf},
            "limits": self.limits,
            "outcome": str(self.folder / "outcome.json"),
        }
        file = self.folder / "spec.json"
        file.write_text(json.dumps(spec, indent=2))
        return file

    def _job_env(self) -> dict[str, str]:
        env = {MARK: self.mark}
        if self.case.where == NAMESPACE:
            env["SPARK_LOCAL_IP"] = DRIVER_ADDRESS
        return env

    def _env(self) -> dict[str, str]:
        host = self.case.where
        connection: dict[str, Any] = {"conn_type": "spark", "host": host, "extra": {"deploy-mode": "client"}}
        if self._cluster is not None:
            connection |= {"host": f"spark://{self._cluster.address}", "port": self._cluster.port}
            connection["extra"]["master_ui"] = f"http://{self._cluster.address}:{self._cluster.ui_port}"
        home = self.folder / "airflow"
        home.mkdir()
        shutil.copy(FOLDER / "airflow" / "airflow.db", home)
        return {
            **airflow_env(home),
            "FAULT_SPEC": str(self._spec()),
            "SPARK_HOME": str(self._make_home()),
            "PYSPARK_PYTHON": sys.executable,
            "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(connection),
            "AIRFLOW__SPARK_GUARD__RECORD_FOLDER": str(self.folder / "record"),
        }

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        """Until the task has ended; what the case does from outside is done when its moment has come."""
        end = time.monotonic() + self.limits["deadline"] + SPARE
        file, came = self.folder / "outcome.json", False
        while not self.outcome.get("state") and time.monotonic() < end:
            if self.launched is None:
                self._look_for_launch()
            if not came and self._is_under_way():
                came = True
                self._go_on()
            if file.exists():
                self.outcome = json.loads(file.read_text())
            elif process.poll() is not None:
                break
            time.sleep(0.2)
        if self.fault is None and self.moment.exists():
            with contextlib.suppress(ValueError):
                self.fault = float(self.moment.read_text())
        if not self.outcome.get("state"):
            self.outcome |= {"state": "running", "at": time.time(), "exception": "none: ended by the harness"}

    def _is_under_way(self) -> bool:
        if self.case.reaches_its_fault:
            return self.moment.exists()
        return self.launched is not None and time.time() - self.launched > START

    def _go_on(self) -> None:
        self._settled()
        if self.case.action:
            time.sleep(2.0)  # let it get going
            self.fault = time.time()
            self.case.action(self)

    def fault_came(self) -> bool:
        """Whether the job ever came to its fault; one that waits for cores or executors never does."""
        return self.moment.exists() or not self.case.reaches_its_fault

    def _look_for_launch(self) -> None:
        started = [proc.started for proc in marked(self.mark)]
        if started:
            ago = time.clock_gettime(time.CLOCK_BOOTTIME) - min(started) / os.sysconf("SC_CLK_TCK")
            self.launched = time.time() - ago

    def _count_orphans(self) -> None:
        """What carries the mark once everything had the time to go."""
        end = time.monotonic() + SETTLE
        while marked(self.mark) and time.monotonic() < end:
            time.sleep(0.2)
        self.orphans = sorted(str(proc) for proc in marked(self.mark))

    def _make_home(self) -> Path:
        """A Spark of the case's own, of links: a ``local-cluster`` works in its home's ``work``.

        Two that start within the same second have the same application id, and would share a folder there;
        a crash loop leaves thousands.
        """
        home = self.folder / "spark"
        home.mkdir()
        for entry in Path(pyspark.__file__).parent.iterdir():
            if entry.name != "work":
                (home / entry.name).symlink_to(entry)
        return home

    # What cases do

    def _executors(self) -> list[proctree.Proc]:
        return [proc for proc in marked(self.mark) if _EXECUTOR in command_line(proc.pid)]

    def signal_executor(self, number: int) -> None:
        """The first executor that is there."""
        proctree.send(min(self._executors()), number)

    def kill_executors(self, count: int, *, apart: float = 0.0) -> None:
        """SIGKILL to so many executors: all at once, or each so many seconds after the one before.

        Replacements are among them. Where none comes for long the job has been ended.
        """
        killed: set[int] = set()
        end = time.monotonic() + 45.0
        while len(killed) < count and time.monotonic() < end:
            living = [proc for proc in self._executors() if proc.pid not in killed]
            for proc in sorted(living)[: 1 if apart else count - len(killed)]:
                proctree.send(proc, signal.SIGKILL)
                killed.add(proc.pid)
            time.sleep(apart if living else 0.5)

    def kill_driver_jvm(self) -> None:
        """SIGKILL to spark-submit's JVM."""
        proctree.send(self._driver_jvm(), signal.SIGKILL)

    def _driver_jvm(self) -> proctree.Proc:
        jvms = [proc for proc in marked(self.mark) if proc.command == "java"]
        (found,) = [proc for proc in jvms if "deploy.SparkSubmit" in command_line(proc.pid)]
        return found

    def kill_driver_python(self) -> None:
        """SIGKILL to the process of the user's script."""
        jvm, script = self._driver_jvm(), str(JOBS / self.case.job[0])
        (found,) = [p for p in marked(self.mark) if p.parent == jvm.pid and script in command_line(p.pid)]
        proctree.send(found, signal.SIGKILL)

    def occupy(self) -> None:
        """Another application takes every core of the cluster."""
        mark = uuid.uuid4().hex
        self.others.append(mark)
        env = {**spark_env(FOLDER), "SPARK_LOCAL_IP": "127.0.0.1", MARK: mark}
        moment = self.folder / "occupied"
        command = [f"{env['SPARK_HOME']}/bin/spark-submit", "--master", self.cluster.url]
        command += ["--conf", "spark.executor.memory=512m", "--conf", f"spark.executorEnv.{MARK}={mark}"]
        with (self.folder / "other.log").open("wb") as log:
            subprocess.Popen(
                [*command, str(JOBS / "steady.py"), str(moment), "1000"], env=env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + 60
        while not moment.exists() or self.cluster.cores_free():
            assert time.monotonic() < end, "the other application did not start"
            time.sleep(0.3)

    # What became of it

    def summary(self) -> dict[str, Any]:
        """Of the attempt's record; {} where there is none."""
        files = sorted((self.folder / "record").rglob("summary.json"))
        return json.loads(files[-1].read_text()) if files else {}

    def record(self) -> Path | None:
        """The folder of the attempt's record, if it wrote one."""
        files = sorted((self.folder / "record").rglob("summary.json"))
        return files[-1].parent if files else None


def command_line(pid: int) -> str:
    """Of a process; empty where it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def slug(name: str) -> str:
    """A name that is fit for a folder."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def airflow_env(home: Path) -> dict[str, str]:
    """For Airflow with its database in SQLite; every case has a home of its own."""
    others = ("AIRFLOW_", "SPARK_", "PYSPARK_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(others)}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(JOBS.parent / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def migrate() -> None:
    """Airflow's database, made once and copied for every case."""
    home = FOLDER / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "airflow.db").exists():
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(command, env=airflow_env(home), check=True, capture_output=True)


def run(case: Case, operator: str, settled: Settled) -> Running:
    """The case on the cluster that it names; ``settled`` is called when its fault is there."""
    assert case.where != SERVER
    if case.where == LOCAL_CLUSTER or case.where.startswith("local"):
        return Running(case, operator, None, settled).run()
    with StandaloneCluster(
        FOLDER / operator / f"{slug(case.name)}-cluster", namespace=case.where == NAMESPACE
    ) as cluster:
        return Running(case, operator, cluster, settled).run()
