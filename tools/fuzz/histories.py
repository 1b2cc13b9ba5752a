"""Event logs and records, damaged, read and drawn: what ``spark-guard report`` may get."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import IO, Any, Final

from airflow_spark_guard.core.history.replay import LogReplay
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.report.contents import contents_of_history, contents_of_record
from airflow_spark_guard.report.page import page
from airflow_spark_guard.sources.event_log import read_event_log
from tools.fuzz.samples import files

LOG_LINES: Final = [line for log in files("event_logs", length=200_000) for line in log.splitlines() if line]
"""Lines of real event logs."""
SUMMARY: Final[dict[str, Any]] = {
    "v": 1,
    "mode": "client",
    "state": "failed",
    "started_at": 1.8e9,
    "ended_at_s": 90.0,
    "application_id": "app-1",
    "verdict": "STALLED",
    "what": "It stood still.",
    "got": "x",
    "advice": "y",
    "place": "/a/job.py:43, wait",
    "limit_s": 60.0,
    "limit_reached_at_s": 80.0,
    "cause": "z",
    "orphans": ["pid 7"],
    "limits": {"deadline": "1h"},
    "conf": {"spark.app.name": "a  [task]"},
    "observed": [{"verdict": "STALLED", "limit_reached_at_s": 3.0}],
}


class _Log:
    """A file in memory."""

    name = "app-1"

    def __init__(self, data: bytes) -> None:
        self._data = data

    def open(self, _: str = "rb") -> IO[bytes]:
        return io.BytesIO(self._data)

    def is_dir(self) -> bool:
        return False

    def iterdir(self) -> list[Any]:
        return []


def draw_log(data: bytes) -> None:
    """Read an event log, replay the watchdog over it, and draw its page."""
    replay = LogReplay(GuardLimits())
    history = read_event_log(_Log(data), watcher=replay)
    page(contents_of_history(history, "app-1", replayed=replay.replayed()))


def draw_record(value: Any) -> None:
    """Draw a record whose summary, observations and measurements hold anything."""
    summary, observation, measurement = value
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "summary.json").write_text(json.dumps(summary))
        (Path(folder) / "observations.jsonl").write_text(json.dumps(observation) + "\n")
        (Path(folder) / "instruments.jsonl").write_text(json.dumps(measurement) + "\n")
        (Path(folder) / "autopsy.txt").write_text(str(summary)[:5000], errors="replace")
        page(contents_of_record(read_record(Path(folder)), "d / r / t / try-1"))
