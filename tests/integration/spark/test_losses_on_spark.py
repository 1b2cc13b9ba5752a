"""Executors that die on real Spark: a node with four of six, and a driver that no executor can reach."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pyspark
import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook
from airflow_spark_guard.process import proctree
from tests.support.processes import MARK, ROOT, end_all, marked
from tools.faults.cluster import StandaloneCluster

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("airflow_db")]

STEADY = ROOT / "tools" / "faults" / "jobs" / "steady.py"
CONF = {
    "spark.executor.memory": "512m",
    "spark.driver.memory": "1g",
    "spark.ui.port": "0",
    "spark.executor.heartbeatInterval": "2s",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
}
LIMITS = GuardLimits(deadline="14m", poll_interval="2s", autopsy_budget="20s")


class Site:
    """A Spark of the test's own, of links: a ``local-cluster`` works in its home's ``work``."""

    def __init__(self, folder, monkeypatch, capsys) -> None:
        self.folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys
        self.mark = f"losses-{os.getpid()}-{time.monotonic_ns()}"
        self.moment = folder / "moment"
        self.home = folder / "spark"
        self.home.mkdir()
        for entry in Path(pyspark.__file__).parent.iterdir():
            if entry.name != "work":
                (self.home / entry.name).symlink_to(entry)

    def hook(self, master, conf, **extra) -> SafeSparkSubmitHook:
        connection = {"conn_type": "spark", "host": master, "extra": {"deploy-mode": "client", **extra}}
        self._monkeypatch.setenv("AIRFLOW_CONN_SPARK_LOSSES", json.dumps(connection))
        return SafeSparkSubmitHook(
            conn_id="spark_losses",
            application_args=[str(self.moment), "40"],
            limits=LIMITS,
            conf={**CONF, f"spark.executorEnv.{MARK}": self.mark, **conf},
            env_vars={
                "SPARK_HOME": str(self.home), "PYSPARK_PYTHON": sys.executable,
                "SPARK_LOCAL_IP": "127.0.0.1", MARK: self.mark,
            },
        )  # fmt: skip

    def executors(self) -> list[proctree.Proc]:
        """Of this test's application alone."""
        return [proc for proc in marked(self.mark) if b"CoarseGrainedExecutorBackend" in _command(proc.pid)]

    @property
    def log(self) -> str:
        return self._capsys.readouterr().out


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def site(tmp_path, monkeypatch, capsys):
    made = Site(tmp_path, monkeypatch, capsys)
    yield made
    end_all(made.mark)


def test_a_node_that_dies_with_four_of_six_executors_does_not_end_the_job(site):
    """SPARK-7451 and others: Spark replaces them, and upstream's operator is green."""
    killed = []

    def kill():
        end = time.monotonic() + 500
        while time.monotonic() < end and not (site.moment.exists() and len(site.executors()) == 6):
            time.sleep(0.2)
        for proc in sorted(site.executors())[:4]:
            proctree.send(proc, signal.SIGKILL)
            killed.append(proc.pid)

    thread = threading.Thread(target=kill)
    thread.start()
    site.hook("local-cluster[6,1,512]", {}).submit(str(STEADY))
    thread.join()
    assert len(killed) == 4
    lines = [
        line for line in site.log.splitlines() if "lost at" in line and "Command exited with code 137" in line
    ]
    assert lines
    assert all("stderr" in line for line in lines)


def test_executors_that_cannot_reach_the_driver_are_told_from_those_short_of_memory(site):
    """Their stderr holds UnknownHostException; the advice spoke of exit code 137."""
    conf = {"spark.driver.host": "driver.invalid", "spark.driver.bindAddress": "127.0.0.1"}
    with StandaloneCluster(site.folder / "cluster") as cluster:
        ui = f"http://{cluster.address}:{cluster.ui_port}"
        with pytest.raises(errors.ExecutorsLostError) as caught:
            site.hook(cluster.url, conf, master_ui=ui).submit(str(STEADY))
    error = caught.value
    assert "UnknownHostException: driver.invalid" in error.got
    assert error.advice.startswith("Executors cannot reach the driver at driver.invalid:")
    assert "spark.driver.host" in error.advice
    assert "137" not in f"{error.advice}{error.got}"
    assert error.retry is False
    assert "on 127.0.0.1" in site.log
