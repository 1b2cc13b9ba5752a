"""What the guard costs a healthy job: the same job under both operators, in turn."""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tools import ROOT

JOB = Path(__file__).parent / "jobs" / "healthy.py"
CONNECTION = '{"conn_type": "spark", "host": "local-cluster[2,1,1024]", "extra": {"deploy-mode": "client"}}'
WITHOUT_PROFILE = "without_profile"
IMPORTS = {
    "upstream": "from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator",
    "guarded": "from airflow_spark_guard import SafeSparkSubmitOperator",
}


def measure_job(pairs: int) -> dict[str, Any]:
    """The job under upstream, under the guard, and under the guard without a profile, in turn.

    Medians, and the spread beside them; ``without_profile`` is what the guard costs without what its
    configuration costs.
    """
    order = random.Random(7)  # noqa: S311 - an order, not a secret
    runs: dict[str, list[dict[str, float]]] = {"upstream": [], "guarded": [], WITHOUT_PROFILE: []}
    _run("guarded")  # warms the page cache
    for _ in range(pairs):
        for kind in order.sample(sorted(runs), len(runs)):
            runs[kind].append(_run(kind))
    found = summary(runs["guarded"], runs["upstream"])
    return {**found, WITHOUT_PROFILE: summary(runs[WITHOUT_PROFILE], runs["upstream"])}


def summary(ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> dict[str, Any]:
    """Ratios and differences pair by pair."""
    pairs = list(zip(ours, theirs, strict=True))
    return {
        "wall_ratio": spread([a["wall"] / b["wall"] for a, b in pairs]),
        "wall_extra": spread([a["wall"] - b["wall"] for a, b in pairs]),
        "cpu_share": spread([(a["cpu"] - b["cpu"]) / a["wall"] for a, b in pairs]),
        "extra_mb": spread([a["mb"] - b["mb"] for a, b in pairs]),
        "wall_seconds": {
            "guarded": spread([a["wall"] for a in ours]),
            "upstream": spread([b["wall"] for b in theirs]),
        },
    }


def measure_import(pairs: int) -> dict[str, Any]:
    """CPU seconds to import each operator in a fresh interpreter, as the DAG processor does."""
    ratios = []
    for _ in range(pairs):
        ours, theirs = _import_cpu("guarded"), _import_cpu("upstream")
        ratios.append(ours / theirs)
    return spread(ratios)


def spread(values: list[float]) -> dict[str, float]:
    """Median, smallest, largest, and how many."""
    return {
        "median": round(statistics.median(values), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
        "n": len(values),
    }


def _run(kind: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "driver.json")
        env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_CONN_SPARK_DEFAULT": CONNECTION,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
        }
        command = [sys.executable, "-m", "tools.bench.overhead", kind, str(figures)]
        done = subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True)
        task = json.loads(done.stdout.splitlines()[-1])
        driver = json.loads(figures.read_text())
    return {
        "wall": task["wall"],
        "cpu": task["cpu"] + driver["thread_cpu"],
        "mb": task["mb"] + driver["driver_peak_mb"],
    }


def _import_cpu(kind: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", IMPORTS[kind]], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def as_task(kind: str, figures: str) -> None:
    """In a process of its own, as Airflow runs a task: execute the operator, print what that took."""
    own = {} if kind != WITHOUT_PROFILE else {"profile": "none"}
    if kind != "upstream":
        from airflow_spark_guard import SafeSparkSubmitOperator as Operator  # noqa: PLC0415
    else:
        from airflow.providers.apache.spark.operators.spark_submit import (  # noqa: PLC0415
            SparkSubmitOperator as Operator,
        )
    job = Operator(task_id="job", application=str(JOB), application_args=[figures], **own)
    reaper = Reaper()
    threading.Thread(target=reaper.follow, daemon=True).start()
    begin, used = time.monotonic(), time.process_time()
    job.execute({})
    wall, cpu = time.monotonic() - begin, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu + reaper.cpu, "mb": peak + reaper.mb}))


class Reaper:
    """Follows the reaper of this process, if it has one: its own CPU seconds and resident memory."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self.mb = 0.0

    def follow(self) -> None:
        """Look once a second, in both kinds of runs, so that looking costs both the same."""
        while True:
            time.sleep(1.0)
            for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                self._look(Path("/proc", pid))

    def _look(self, folder: Path) -> None:
        try:
            if b"reaper_main.py" not in (folder / "cmdline").read_bytes():
                return
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return
        self.cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        self.mb = int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


if __name__ == "__main__":
    as_task(*sys.argv[1:])
