"""What reports are made of, for tests: a history with something of everything, a record in a folder."""

import json

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.model import ApplicationHistory, ExecutorHistory, Sample, StageHistory

START = EpochTime(1_800_000_000.0)
SUMMARY = {
    "v": 1,
    "mode": "client",
    "state": "failed",
    "started_at": START,
    "ended_at_s": 90.0,
    "application_id": "app-1",
    "verdict": "STALLED",
    "what": "Stage 3 stood still for 1m.",
    "got": "0 of 4 tasks done",
    "advice": "Give it a time-out.",
    "place": "/a/job.py:43, wait",
    "limit_s": 60.0,
    "limit_reached_at_s": 80.0,
    "cause": "the watchdog ended it",
    "orphans": [],
    "limits": {"stall_timeout": "1m"},
    "conf": {"spark.app.name": "flights  [task]", "spark.master": "local[2]  [conf]"},
    "observed": [],
}


def at(seconds):
    return EpochTime(START + seconds)


def history(**fields):
    known = {
        "id": "app-1",
        "name": "flights",
        "started": START,
        "ended": at(90),
        "stages": (
            StageHistory(0, 0, name="load at job.py:3", tasks=4, done=4, submitted=at(5), completed=at(15)),
            StageHistory(3, 1, name="count at job.py:9", tasks=4, submitted=at(20), failure="fetch failed"),
        ),
        "executors": (
            ExecutorHistory("1", "h", 2, added=at(2)),
            ExecutorHistory("2", "h", 2, added=at(2), removed=at(30), reason="exited with 137"),
        ),
        "samples": (
            Sample(at(5), running=2, cores=4, driver_python=5 << 20, heartbeats=1),
            Sample(at(20), running=4, cores=2, driver_python=9 << 20, heartbeats=1),
            Sample(at(30), running=0, cores=2, driver_python=7 << 20, heartbeats=2),
        ),
    }
    return ApplicationHistory(**known | fields)


def write_record(folder, summary=SUMMARY, observations=(), instruments=(), **files):
    """A record in a folder; ``instruments`` are lines, ``files`` by name without their ending: ``autopsy``, ``traceback``, ``output``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(summary))
    lines = [json.dumps(one.to_json()) + "\n" for one in observations]
    (folder / "observations.jsonl").write_text("".join(lines))
    if instruments:
        (folder / "instruments.jsonl").write_text("".join(json.dumps(one) + "\n" for one in instruments))
    names = {"autopsy": "autopsy.txt", "traceback": "traceback.txt", "output": "output.log"}
    for name, text in files.items():
        (folder / names[name]).write_text(text)
    return folder
