"""A page from an event log, beside Spark's history server replaying the same file: ``python -m`` runs it.

    python -m tools.bench.report.history_server [--tasks 100000] [--rounds 3]

Ours is the whole command (a new process, the page written). The history server's time is from the first
request for the application, which makes it replay the log, to the answer: its JVM has started before, and has
listed the log. Both alternate. The log is the one of ``python -m tools.bench.report --keep``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyspark

from tools import BUILD, ROOT
from tools.bench.report.__main__ import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FILE: Final = BUILD / "bench-report-history-server.json"
BAR: Final = 3.0
"""At least so many times faster than the history server."""
_START: Final = 180.0
_REPLAY: Final = 900.0


def ours(log: Path) -> float:
    """Seconds of the whole command."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        begin = time.monotonic()
        command = [sys.executable, "-m", "airflow_spark_guard.cli", "report", str(log), "-o", str(page)]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - begin
        if not page.stat().st_size:
            raise SystemExit("the page is empty")
    return seconds


def theirs(log: Path) -> float:
    """Seconds of the history server's answer to the first request for the application."""
    with tempfile.TemporaryDirectory() as folder:
        application = _application(log)
        os.link(log, Path(folder) / application)
        with _server(Path(folder)) as url:
            _await(lambda: application in _get(f"{url}/api/v1/applications", 10), _START)
            begin = time.monotonic()
            stages = json.loads(_get(f"{url}/api/v1/applications/{application}/stages", _REPLAY))
            seconds = time.monotonic() - begin
    if not stages:
        raise SystemExit("the history server knows no stage")
    return seconds


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = Path(pyspark.__file__).parent
    options = f"-Dspark.history.fs.logDirectory={folder.as_uri()} -Dspark.history.ui.port={port}"
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_HISTORY_OPTS": options,
        "SPARK_DAEMON_MEMORY": "4g",
    }
    command = [home / "bin" / "spark-class", "org.apache.spark.deploy.history.HistoryServer"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _application(log: Path) -> str:
    with log.open() as file:
        for line in file:
            event = json.loads(line)
            if event["Event"] == "SparkListenerApplicationStart":
                return str(event["App ID"])
    raise SystemExit(f"{log} has no application")


def _get(url: str, seconds: float) -> str:
    with urllib.request.urlopen(url, timeout=seconds) as answer:  # noqa: S310 - loopback
        return str(answer.read().decode())


def _await(condition: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if condition():
                return
        time.sleep(0.2)
    raise SystemExit("the history server did not list the application")


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(words)
    log = prepare(asked.tasks) / "log"
    pairs = [(ours(log), theirs(log)) for _ in range(asked.rounds)]
    ratio = statistics.median(their / our for our, their in pairs)
    found = {"tasks": asked.tasks, "pairs": pairs, "ratio": ratio, "bar": BAR}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(found, indent=2))
    for our, their in pairs:
        print(f"ours {our:6.2f} s   history server {their:6.2f} s")
    print(f"{ratio:.1f} times faster (bar: {BAR:g})")


if __name__ == "__main__":
    main()
