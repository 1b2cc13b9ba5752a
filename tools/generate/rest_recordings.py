"""Record what Spark's REST API and standalone master answer, scrubbed, into ``tests/data/rest/<version>/``.

    python -m tools.generate.rest_recordings 3.5.7 4.0.1 4.2.0 4.3.0

Each version is installed into a folder of its own below the temporary folder, and runs a master, a worker and
one application on loopback. What spark-submit printed is kept as far as ``core/watch/submit_log.py`` reads
it, and the application is ended as ``sources/master.py`` does it: each version says whether that worked.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO, Any

import httpx

from airflow_spark_guard.sources.master import AsyncMasterSource, MasterSource
from tools import ROOT

VERSIONS = Path(tempfile.gettempdir(), "spark-guard-versions")
DATA = ROOT / "tests" / "data" / "rest"
UV = str(Path(sys.executable).with_name("uv"))
JOB = Path(__file__).parent / "jobs" / "recorded.py"
PATIENCE = 120
# Long, and nothing of ours reads them.
LEFT_OUT = {
    "details", "peakExecutorMetrics", "peakMemoryMetrics", "accumulatorUpdates", "attributes", "gauges",
    "histograms", "meters", "timers", "taskMetrics",
}  # fmt: skip
THREADS = 4
TOLD = re.compile(r"xecutor .*(?: now | removed: | on )|SparkUI|app ID|Submitted application|any resources")


def main(*versions: str) -> int:
    """Record each version; the exit code counts the failures."""
    failures = 0
    for version in versions:
        try:
            killed = record(version, home_of(version))
        except (OSError, ValueError, httpx.HTTPError, subprocess.SubprocessError) as error:
            failures += 1
            print(version, "failed:", repr(error), flush=True)
        else:
            print(version, "recorded; killed through the master:", killed, flush=True)
    return failures


def home_of(version: str) -> Path:
    """Where this version's pyspark is, installed if need be."""
    folder = VERSIONS / f"pyspark-{version}"
    if not (folder / "pyspark").exists():
        command = [UV, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(folder)]
        subprocess.run([*command, f"pyspark=={version}"], check=True)
    return folder / "pyspark"


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def record(version: str, home: Path) -> bool:
    """Run master, worker and application of one Spark, write the files; whether the master ended it."""
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))},
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
    }
    master, master_ui = free_port(), free_port()
    spark_class, deploy = str(home / "bin" / "spark-class"), "org.apache.spark.deploy"
    at = ["--host", "127.0.0.1"]
    with ExitStack() as stack:
        env["SPARK_WORKER_DIR"] = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        ports = ["--port", str(master), "--webui-port", str(master_ui)]
        start(stack, env, spark_class, f"{deploy}.master.Master", *at, *ports)
        page = f"http://127.0.0.1:{master_ui}/json/"
        wait(page, lambda found: found["status"] == "ALIVE")
        size = ["--cores", "2", "--memory", "1g", "--webui-port", str(free_port())]
        start(stack, env, spark_class, f"{deploy}.worker.Worker", *at, *size, f"spark://127.0.0.1:{master}")
        wait(page, lambda found: found["aliveworkers"] == 1)
        conf = ["--conf", "spark.ui.port=0", "--conf", "spark.executor.heartbeatInterval=2s"]
        submit = str(home / "bin" / "spark-submit")
        printed = stack.enter_context(tempfile.TemporaryFile("w+"))
        command = [submit, "--master", f"spark://127.0.0.1:{master}", *conf, str(JOB)]
        job = start(stack, env, *command, stderr=printed)
        base, application = next(line.split()[1:] for line in job.stdout or () if line.startswith("UI "))
        write(DATA / version, answers(base, application, page), printed)
        source = MasterSource(AsyncMasterSource(f"spark://127.0.0.1:{master}", page.removesuffix("/json/")))
        stack.callback(source.close)
        return source.kill(application) and source.gone(application) is True


def start(
    stack: ExitStack, env: dict[str, str], *command: str, stderr: Any = subprocess.DEVNULL
) -> subprocess.Popen[str]:
    """A process that ends with the recording."""
    process = stack.enter_context(
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True)
    )
    stack.callback(process.kill)
    return process


def wait(url: str, enough: Any) -> Any:
    """The JSON of a page, once it says what is waited for."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            found = httpx.get(url, trust_env=False).json()
            if enough(found):
                return found
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise ValueError(f"{url} never said what was waited for")


def answers(base: str, application: str, master_page: str) -> dict[str, Any]:
    """Every answer of interest, while some tasks of a stage are done and one runs."""
    api = f"{base}/api/v1/applications"
    ours = f"{api}/{application}"

    def between(stages: list[dict[str, Any]]) -> bool:
        return any(s["numCompleteTasks"] > 0 and s["shuffleReadRecords"] > 0 for s in stages)

    stages = wait(f"{ours}/stages?status=active", between)
    stage = f"{ours}/stages/{stages[0]['stageId']}/{stages[0]['attemptId']}"
    pages = {
        "applications": api,
        "jobs": f"{ours}/jobs?status=running",
        "allexecutors": f"{ours}/allexecutors",
        "taskSummary": f"{stage}/taskSummary?quantiles=0.5",
        "taskList": f"{stage}/taskList?status=RUNNING&sortBy=ID&length=20",
        "metrics": f"{base}/metrics/json/",
        "master": master_page,
    }
    found = {name: httpx.get(url, trust_env=False).json() for name, url in pages.items()}
    alive = next(row["id"] for row in found["allexecutors"] if row["isActive"] and row["id"] != "driver")
    threads = httpx.get(f"{ours}/executors/{alive}/threads", trust_env=False, timeout=30).json()
    found["threads"] = sorted(threads, key=lambda row: "task launch" not in row["threadName"])[:THREADS]
    return {"stages": stages, **found}


def write(folder: Path, found: dict[str, Any], printed: IO[str]) -> None:
    """One file per answer, and the output."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in found.items():
        (folder / f"{name}.json").write_text(json.dumps(scrubbed(value), indent=1) + "\n")
    printed.seek(0)
    lines = [scrubbed(line) for line in printed if TOLD.search(line) and "Launch command" not in line]
    (folder / "submit.log").write_text("".join(lines))


def scrubbed(value: Any) -> Any:
    """Without what is long, and without the names of this machine and its user."""
    if isinstance(value, dict):
        return {name: scrubbed(item) for name, item in value.items() if name not in LEFT_OUT}
    if isinstance(value, list):
        return [scrubbed(item) for item in value]
    if not isinstance(value, str):
        return value
    text = value.replace(str(JOB.parent), "/jobs").replace(socket.gethostname(), "worker-1")
    text = re.sub(r"(?<![\w/])/(?!jobs)[\w.-]+(?:/[\w.-]+)*/pyspark\b", "/opt/spark", text)
    return "spark" if text == os.environ.get("USER", "root") else text


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
