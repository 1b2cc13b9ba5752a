"""Rows of the fault matrix that come in pairs: a hung job, and the healthy one that looks much like it.

Most of them run something that hangs beside something that goes on: what moves elsewhere says nothing about the
part that hangs.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tools.faults.case import BUSY, LIMITS, LOCAL, STANDALONE, Case

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.faults.harness import Running

LOCAL_3 = "local[3]"
ONE_OF_3 = "local-cluster[1,3,1024]"  # one executor of three cores: two JVMs where two executors need three
FIVE = "local-cluster[5,1,512]"
FAIR = {"spark.scheduler.mode": "FAIR"}
BATCHES = {**FAIR, "spark.sql.execution.arrow.maxRecordsPerBatch": "500"}
SHUFFLED = {"spark.sql.autoBroadcastJoinThreshold": "-1", "spark.sql.shuffle.partitions": "1"}
# Executors' JVMs that start at the same time, with as few threads as may be.
SMALL = {
    "spark.executor.memory": "512m",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
MOST_LINES = 20_000
STALL = float(LIMITS["stall_timeout"])
BUSY_STALL = 3.0 * BUSY["stall_timeout"]


def bounded_log(running: Running) -> str:
    """The task log has a bounded number of lines."""
    with (running.folder / "task.log").open("rb") as log:
        lines = sum(1 for _ in log)
    return "" if lines <= MOST_LINES else f"{lines} lines in the task log"


def _says(words: str) -> Callable[[Running], str]:
    """The task's exception says so."""

    def check(running: Running) -> str:
        text = running.outcome.get("text", "")
        return "" if re.search(words, text, re.IGNORECASE) else f"does not say {words}"

    return check


def _limit(seconds: float) -> Callable[[Running], str]:
    """The limit that is said to have passed."""

    def check(running: Running) -> str:
        found = running.summary().get("limit_s")
        return "" if found == seconds else f"limit {found} s, not {seconds:g} s"

    return check


def _returns(expected: object) -> Callable[[Running], str]:
    """The result is in XCom, and the task log is bounded."""

    def check(running: Running) -> str:
        found = running.outcome.get("result")
        return bounded_log(running) if found == expected else f"result {str(found)[:80]}"

    return check


def _observed(verdict: str, line: str) -> Callable[[Running], str]:
    """The verdict stands in XCom, in the record and in the log, with the line that hung; nothing was ended."""

    def check(running: Running) -> str:
        told = running.outcome.get("observed") or {}
        rows = running.summary().get("observed") or [{}]
        log = (running.folder / "task.log").read_text(errors="replace")
        found = (told.get("observed"), told.get("verdict"), len(rows), rows[0].get("verdict"))
        if found != (True, verdict, 1, verdict):
            return f"observed {found}"
        if line not in told.get("where", "") or line not in rows[0].get("place", ""):
            return f"names {told.get('where') or 'no line'}, not {line}"
        said = log.count("Observed, not ended")
        return "" if said == 1 else f"said {said} times"

    return check


_HUNG = (
    Case(
        "UDF hangs beside a keep-alive query", ("beside.py", "asks", "query"), "STALLED", where=LOCAL_3,
        conf=FAIR, due=STALL, waits=True, quick=True,
    ),
    Case(
        "UDF hangs beside a thread that counts an RDD", ("beside.py", "asks", "rdd"), "STALLED", where=ONE_OF_3,
        conf=FAIR, due=STALL, waits=True,
    ),
    Case(
        "UDF hangs beside a thread that calls `heartbeat()`", ("beside.py", "asks", "heartbeat"), "STALLED",
        where=LOCAL_3, due=STALL, waits=True, note="its heartbeats say nothing about the stage",
    ),
    Case(
        "one export of a thread pool hangs, the others go on", ("beside.py", "asks", "exports"), "STALLED",
        where="local-cluster[1,4,1024]", conf=BATCHES, due=STALL,
    ),
    Case(
        "one side of a join hangs", ("beside.py", "asks", "join"), "STALLED", where=ONE_OF_3, conf=SHUFFLED,
        due=25.0 + STALL, waits=True, note="due when the other side is done, after 25 s",
    ),
    Case(
        "the UDF of a stream hangs beside another stream", ("streams.py", "asks", "beside"), "STALLED",
        where=LOCAL_3, conf=FAIR, due=STALL, waits=True,
    ),
    Case(
        "`foreachBatch` hangs on the driver", ("streams.py", "batch"), "DRIVER_SILENT", where=LOCAL,
        limits={"driver_silence": 10}, due=10.0, waits=True,
    ),
    Case(
        "`foreachBatch` hangs on the driver beside another stream", ("streams.py", "batch", "beside"), "DEADLINE",
        where=LOCAL_3, limits={"deadline": 60}, waits=True, note="the driver is not silent: only the deadline sees it",
    ),
    Case(
        "UDF that waits in a loop of `sleep`", ("tasks.py", "polls"), "STALLED", where=LOCAL, limits=BUSY,
        due=BUSY_STALL, check=_says("wait"), waits=True, quick=True,
    ),
    Case(
        "UDF hangs beside a library's keep-alive", ("tasks.py", "beside"), "STALLED", where=LOCAL, limits=BUSY,
        due=BUSY_STALL, check=_says("background threads of a library"), waits=True,
        note="a library's thread might work for it: ended at 3 times its limit of 8 s",
    ),
    Case(
        "driver waits for a program that hangs", ("driver.py", "child_stands"), "DRIVER_SILENT", where=LOCAL,
        limits={"driver_silence": 10}, due=10.0, waits=True,
    ),
    Case(
        "UDF that waits half a minute for an answer", ("tasks.py", "late"), "STALLED", where=LOCAL, limits=BUSY,
        due=float(BUSY["stall_timeout"]), waits=True, note="ended at its limit of 8 s",
    ),
    Case(
        "UDF hangs after long tasks: the user's limit holds", ("tasks.py", "after_long"), "STALLED",
        where="local[2]", limits={"stall_timeout": 10, "evidence_window": 5, "deadline": 240}, due=10.0,
        check=_limit(10.0), waits=True,
        note="median task 4 s; 5 times that is 20 s",
    ),
    Case(
        "the deadline passes while a UDF hangs", ("udf.py", "socket"), "DEADLINE", where=LOCAL,
        limits={"deadline": 60, "stall_timeout": 57}, waits=True,
    ),
    Case(
        "the executors' Python never reports its port", ("steady.py", "4"), "STALLED",
        where="local-cluster[1,1,1024]", no_line=True, check=_says(r"spark\.pyspark\.python"),
        conf={
            "spark.pyspark.python": str(Path(__file__).parent / "jobs" / "silent_python.sh"),
            "spark.pyspark.driver.python": sys.executable,
        },
    ),
)  # fmt: skip

# Whatever the load: their own limit has to pass before this one does.
HUNG = tuple(replace(case, limits={"deadline": 150, **case.limits}) for case in _HUNG)

LOSSES = (
    Case(
        "four of five executors SIGKILLed at once", ("steady.py", "24"), "", where=FIVE,
        limits={"deadline": 240, "start_timeout": 60, "stall_timeout": 40, "exit_timeout": 60}, conf=SMALL,
        action=lambda running: running.kill_executors(4), note="one event; the default budget",
    ),
    Case(
        "executors SIGKILLed one after another, budget 2", ("steady.py", "120"), "EXECUTORS_LOST",
        where="local-cluster[3,1,512]", conf=SMALL,
        limits={"executor_losses": 2, "deadline": 240, "start_timeout": 60, "stall_timeout": 40},
        action=lambda running: running.kill_executors(3, apart=11.0),  # within 10 s on one host it is one event
    ),
    Case(
        "executors that cannot reach the driver", ("steady.py", "4"), ("EXECUTORS_LOST", "STARVED"),
        where=STANDALONE, limits={"deadline": 150}, check=_says(r"spark\.driver\.host"),
        conf={"spark.driver.host": "driver.invalid", "spark.driver.bindAddress": "127.0.0.1"},
    ),
)  # fmt: skip

SLOW = (
    Case(
        "healthy: slow UDF beside a keep-alive query", ("beside.py", "works", "query"), where=LOCAL_3, conf=FAIR,
        waits=True, note="30 s",
    ),
    Case(
        "healthy: slow UDF beside a thread that counts an RDD", ("beside.py", "works", "rdd"), where=ONE_OF_3,
        conf=FAIR, waits=True, note="30 s",
    ),
    Case(
        "healthy: numpy tasks beyond the stall limit beside a query", ("beside.py", "svd", "query"),
        where=ONE_OF_3, conf=FAIR, note="20 s",
    ),
    Case(
        "healthy: uneven exports of a thread pool", ("beside.py", "works", "exports"),
        where="local-cluster[1,4,1024]", conf=BATCHES, waits=True, note="1 to 4 s, and one of 24 s",
    ),
    Case(
        "healthy: stream that trickles", ("streams.py", "trickle"), where=LOCAL, limits={"driver_silence": 30},
        waits=True, note="a batch every 15 s",
    ),
    Case(
        "healthy: UDF that polls a service", ("tasks.py", "service"), where=LOCAL, limits=BUSY, waits=True,
        note="32 s: four times the limit of 8 s",
    ),
    Case(
        "healthy: UDF that waits for a library's download", ("tasks.py", "downloads"), where=LOCAL, limits=BUSY,
        waits=True, note="32 s: four times the limit of 8 s; 100 kB a second, beside a keep-alive",
    ),
    Case(
        "healthy: driver waits for a program that works", ("driver.py", "child_works"), where=LOCAL,
        limits={"driver_silence": 8, "evidence_window": 4}, waits=True, note="32 s: four times the limit of 8 s",
    ),
    Case(
        "healthy: UDF that waits and calls `heartbeat()`", ("tasks.py", "beats"), where=LOCAL, limits=BUSY,
        waits=True, note="32 s: four times the limit of 8 s",
    ),
    Case(
        "healthy: the same UDF in observe mode", ("tasks.py", "late"), where=LOCAL,
        limits={**BUSY, "on_finding": "warn"}, check=_observed("STALLED", "tasks.py"), waits=True,
        note="32 s: STALLED is reported at 8 s, and the job continues",
    ),
    Case(
        "healthy: 300,000 reported metrics", ("reports.py", "metrics"), where=LOCAL, check=_returns({"rows": 300_000}),
    ),
    Case(
        "healthy: numpy numbers in `report()`", ("reports.py", "numpy"), where=LOCAL,
        check=_returns({"mae": 1.5, "rows": 3}), quick=True,
    ),
)  # fmt: skip
