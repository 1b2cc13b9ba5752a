"""What the parsers take: recorded output, messages and records, and what is made here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
from airflow_spark_guard.core.cluster.cluster_watch import ClusterWatch
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus
from airflow_spark_guard.core.cluster.trigger_event import event_of
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.event import event_of as sensor_event_of
from airflow_spark_guard.core.failure.takeover import Takeover
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.watch_limits import WatchLimits
from tools import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = ROOT / "tests" / "data"
NOW = 1.8e9


def files(folder: str, pattern: str = "*", length: int = 6000) -> list[bytes]:
    """The beginning of each file of a folder of the tests' data."""
    found = sorted(path for path in (DATA / folder).rglob(pattern) if path.is_file())
    return [path.read_bytes()[:length] for path in found]


GOLDEN = (DATA / "golden" / "messages.jsonl").read_bytes().splitlines()
MESSAGES = [json.loads(line) for line in GOLDEN]
MEASUREMENTS = [message for message in MESSAGES if message["kind"] == "instrument"]
WORDS = [
    b'{"v":1,"kind":"', b'"heartbeat":{"count":1,"text":"x","done":1,"total":null}', b"ERROR ", b"WARN ",
    b"26/11/29 12:00:00 WARN TaskSetManager: Lost task 1.0 in stage 2.0 (TID 3) (h executor 1): ",
    b"Traceback (most recent call last):\n", b'  File "/a/b.py", line 3, in f\n', b"ValueError: x\n",
    b"Lost executor 3 on h: ", b"SparkUI", b"app ID", b"Executor ", b"Caused by: java.lang.X: y\n",
    b"\tat a.b.C(D.java:1)\n", b"Full thread dump ", b'"main" #1 prio=5 os_prio=0 tid=0x1 nid=0x1 runnable\n',
    b"Current thread 0x00007 (most recent call first):\n", b"Thread 0x0001 (most recent call first):\n",
    b"spark-guard-heartbeat ", b"password=", b"exit code 137",
    b"[Stage 3:=====>    (3 + 4) / 9]\r", b"Py4JJavaError",
]  # fmt: skip
OUTPUT = [
    *files("toolchain"),
    *files("executor-stderr"),
    *files("stacks", "*.txt"),
    b"".join(WORDS),
]


CONFS = [SparkProfile.of(name).to_defaults_conf().encode() for name in ("default", "ml-training", "strict")]
JOB = ClusterJob("application_1_2", "1-a", NOW - 60, NOW + 60, 300.0, 60.0, "file:///a/b/c")
PLACE = Yarn(("http://rm:8088",))
FINDING = Finding(Verdict.DEADLINE, "What.", 60.0, 70.0, got="got", expected="expected", advice="advice")
STATUS = ClusterStatus(ClusterState.FAILED, "application_1_2", "FAILED", "said", 1, submitted_at=NOW)


def _cluster_events() -> Iterator[dict[str, Any]]:
    watch = ClusterWatch(JOB.limits, "YARN")
    final = watch.see(STATUS, NOW)
    yield json.loads(json.dumps(event_of(final, JOB, PLACE)))
    yield {**event_of(final, JOB, PLACE), "final": None, "finding": FINDING.to_json()}


EVENTS = list(_cluster_events())
OUTCOMES = [
    sensor_event_of(Outcome.of(error, Memory())) for error in (None, FINDING, ApplicationError("x", got="y"))
]
PLANS = [
    Plan().to_json(),
    Plan(budget=RestartBudget(), windows=WatchLimits.of(GuardLimits(), deadline=None)).to_json(),
]
TOLD = [
    {"application_id": "app-1", "driver_ui": "http://h:4040", "task": "running", "earlier": ["app-0"]},
    {
        "name": "n",
        "master": "spark://h:7077",
        "master_ui": "http://h:8080",
        "history_server": "http://h:18080",
    },
]
OBSERVATIONS = [
    json.loads(line)
    for path in sorted((DATA / "traces").rglob("*.jsonl"))[:12]
    for line in path.read_text().splitlines()[1:4]
]
NOTES = [Takeover.by("3-" + "a" * 32, NOW).to_json().encode()]
REPORTS = [b'{"reason": "ended", "exit": 0, "found": ["7 sleep"], "left": []}\n']
