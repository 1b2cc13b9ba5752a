"""The fault matrix as a table: what is done to a job, and the verdict that it must get.

Limits are scaled down so that the whole matrix takes half an hour; what a case does not name is as in LIMITS.
A blocked hang is due at its limit, a busy one at three times its limit, so that those have smaller limits.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.faults.cluster import DRIVER_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.harness import Running

LOCAL = "local[1]"  # for what happens in the driver's Python alone
LOCAL_CLUSTER = "local-cluster[2,1,1024]"
STANDALONE = "standalone"  # a master and two workers of a core and 1 GiB each
NAMESPACE = "standalone, one worker in a network namespace"
SERVER = "local-cluster, real scheduler"

LIMITS: dict[str, Any] = {
    "deadline": 90,
    "start_timeout": 15,
    "stall_timeout": 12,
    "evidence_window": 6,
    "poll_interval": 2,
    "executors_gone": 10,
    "exit_timeout": 8,
}
BUSY = {"stall_timeout": 8, "evidence_window": 4}
# Scaled like the limits: Spark's own figures decide when counters move and when an executor counts as gone.
HEALTHY_LIMITS = {"deadline": 240}  # nothing but a verdict may end a healthy job
CONF: dict[str, str] = {
    "spark.executor.heartbeatInterval": "2s",
    "spark.network.timeout": "20s",
    "spark.network.timeoutInterval": "5s",
    "spark.executor.memory": "640m",
    "spark.driver.memory": "1g",
    # A JVM that starts with half the work: most of the matrix is the start of JVMs.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
}
NOTICE = 25.0  # seconds within which Spark itself can know that an executor is silent: time-out and interval


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        name: what is wrong, in the issue's words.
        job: script, what it does, and further arguments; the harness adds the file for the fault's time.
        expected: the verdict, "" for success, a tuple where two are honest.
        where: the cluster.
        limits: what differs from LIMITS.
        conf: what differs from CONF; the same for both operators.
        action: done from outside once the job has said that it is at the point.
        before: done before the job starts, on the cluster.
        notice: seconds that Spark itself may take to see the fault.
        check: looks at the case's folder; what is wrong there, or "".
        quick: part of ``make faults-quick``.
        note: how it is scaled, or what is special.
    """

    name: str
    job: tuple[str, ...]
    expected: str | tuple[str, ...] = ""
    where: str = LOCAL_CLUSTER
    limits: dict[str, Any] = field(default_factory=dict)
    conf: dict[str, str] = field(default_factory=dict)
    action: Callable[[Running], None] | None = None
    before: Callable[[Running], None] | None = None
    notice: float = 0.0
    check: Callable[[Running], str] | None = None
    quick: bool = False
    note: str = ""

    @property
    def expectations(self) -> tuple[str, ...]:
        return (self.expected,) if isinstance(self.expected, str) else self.expected

    @property
    def reaches_its_fault(self) -> bool:
        """Whether the script says so when it gets there."""
        return self.job[0] in ("driver.py", "udf.py") or self.action is not None

    @property
    def stuck(self) -> str:
        """The name in the STUCK HERE comments of its script, "" where it does not hang in Python."""
        return self.job[1] if self.expected and self.job[1] in _HANGS else ""


_HANGS = ("while_true", "lock", "planning", "thread", "at_exit", "pandas_sleep", "socket")


def _bounded_log(running: Running) -> str:
    with (running.folder / "task.log").open("rb") as log:
        lines = sum(1 for _ in log)
    return "" if lines <= 20_000 else f"{lines} lines in the task log"


def _says(text: str) -> Callable[[Running], str]:
    """Whether the task log has a text: advice that follows from what was seen."""

    def check(running: Running) -> str:
        found = text in (running.folder / "task.log").read_text(errors="replace")
        return "" if found else f"the task log does not say {text!r}"

    return check


FAULTS = (
    Case(
        "driver `while True`", ("driver.py", "while_true"), "DRIVER_SILENT", where=LOCAL,
        limits={"driver_silence": 8, "evidence_window": 4}, quick=True,
    ),
    Case(
        "driver deadlock on a lock", ("driver.py", "lock"), "DRIVER_SILENT",
        limits={"driver_silence": 10},
    ),
    Case("UDF `while True`", ("udf.py", "while_true"), "STALLED", limits=BUSY),
    Case(
        "pandas UDF sleeping for ever in the second stage", ("udf.py", "pandas_sleep"), "STALLED",
        quick=True,
    ),
    Case("UDF blocked on a socket that never answers", ("udf.py", "socket"), "STALLED"),
    Case(
        "starved: executor larger than any worker", ("steady.py", "4"), "IMPOSSIBLE", where=STANDALONE,
        conf={"spark.executor.memory": "8g"},
    ),
    Case(
        "starved: all cores taken by another application", ("steady.py", "4"), "STARVED",
        where=STANDALONE, before=lambda running: running.occupy(), quick=True,
    ),
    Case(
        "executor SIGKILLed once, budget 2", ("steady.py", "24"), "",
        limits={"executor_losses": 2}, action=lambda running: running.signal_executor(signal.SIGKILL),
    ),
    Case(
        "executor SIGKILLed once, budget 0", ("steady.py", "60"), "EXECUTORS_LOST",
        limits={"executor_losses": 0}, action=lambda running: running.signal_executor(signal.SIGKILL),
        quick=True,
    ),
    Case(
        "4 of 6 executors SIGKILLed at once, default budget", ("steady.py", "60"), "",
        where="local-cluster[6,1,512]", limits={"deadline": 240}, conf={"spark.executor.memory": "512m"},
        action=lambda running: running.signal_executors(signal.SIGKILL, 4), note="as one node dies",
    ),
    Case(
        "executors cannot reach the driver", ("steady.py", "4"), "EXECUTORS_LOST", where=STANDALONE,
        conf={"spark.driver.host": "driver.invalid", "spark.driver.bindAddress": "127.0.0.1"},
        limits={"start_timeout": 80, "deadline": 150}, check=_says("Executors cannot reach the driver at driver.invalid"),
    ),
    Case(
        "executor crash loop", ("steady.py", "4"), "EXECUTORS_LOST",
        conf={"spark.executor.extraJavaOptions": "-javaagent:/nonexistent.jar"},
        limits={"start_timeout": 60},
    ),
    Case(
        "executor SIGSTOPped", ("steady.py", "40"), "EXECUTORS_LOST", notice=NOTICE,
        limits={"executor_losses": 0, "stall_timeout": 40}, note="budget 0: no loss is allowed",
        action=lambda running: running.signal_executor(signal.SIGSTOP),
    ),
    Case("Python worker os._exit(1) in a loop", ("udf.py", "os_exit"), "WORKER_CRASHED", quick=True),
    Case("Python worker SIGSEGV in a loop", ("udf.py", "segv"), "WORKER_CRASHED"),
    Case("Python worker SIGKILLed in a loop", ("udf.py", "sigkill"), "WORKER_CRASHED"),
    Case(
        "Python worker beyond its memory limit", ("udf.py", "memory"), ("WORKER_CRASHED", "USER_CODE"),
        conf={"spark.executor.pyspark.memory": "384m", "spark.executor.memory": "600m"},
    ),
    Case(
        "driver JVM SIGKILLed", ("driver.py", "sleep"), "JVM_GONE",
        action=lambda running: running.kill_driver_jvm(), quick=True,
    ),
    Case(
        "driver Python SIGKILLed", ("driver.py", "sleep"), "DRIVER_GONE",
        action=lambda running: running.kill_driver_python(),
    ),
    Case(
        "master killed", ("steady.py", "30"), "", where=STANDALONE,
        action=lambda running: running.cluster.kill("master"),
        note="Spark keeps a running application whose executors live",
    ),
    Case(
        "worker killed, budget 2", ("steady.py", "24"), "", where=STANDALONE,
        limits={"executor_losses": 2}, action=lambda running: running.cluster.kill("worker-2"),
    ),
    Case(
        "network between driver and one executor dropped", ("steady.py", "40"), "EXECUTORS_LOST",
        where=NAMESPACE, notice=NOTICE, limits={"executor_losses": 0, "stall_timeout": 40},
        note="budget 0: no loss is allowed",
        conf={"spark.driver.host": DRIVER_ADDRESS, "spark.driver.bindAddress": DRIVER_ADDRESS},
        action=lambda running: running.cluster.cut(),
    ),
    Case("non-daemon thread after the end", ("driver.py", "thread"), "NOT_EXITING", where=LOCAL, quick=True),
    Case("atexit handler that hangs", ("driver.py", "at_exit"), "NOT_EXITING", where=LOCAL),
    Case("`os._exit(0)` in the middle of a job", ("driver.py", "os_exit"), "DRIVER_GONE", quick=True),
    Case(
        "collect beyond maxResultSize", ("driver.py", "result_size"), "TOOLCHAIN",
        conf={"spark.driver.maxResultSize": "1m"}, quick=True,
    ),
    Case("driver Python out of memory", ("driver.py", "memory"), ("USER_CODE", "DRIVER_GONE"), where=LOCAL, quick=True),
    Case("1,000,000 lines of output per second", ("driver.py", "output"), "", where=LOCAL, check=_bounded_log),
    Case("a job that just goes on", ("driver.py", "sleep"), "DEADLINE", where=LOCAL, limits={"deadline": 45}, quick=True),
    Case(
        "planning stall of the driver (huge `isin`)", ("driver.py", "planning", "400000"), "DRIVER_SILENT",
        limits={"driver_silence": 8, "evidence_window": 4},
    ),
    Case("task process SIGKILLed", ("hang.py", "task process SIGKILL"), "GONE", where=SERVER),
    Case("supervisor SIGKILLed", ("hang.py", "supervisor SIGKILL"), "GONE", where=SERVER),
)  # fmt: skip

_HEALTHY = (
    Case("healthy: pickled UDF at 2 ms a row", ("healthy.py", "pickled_udf", "40"), note="40 s for minutes", quick=True),
    Case("healthy: one task of 10 min without shuffle", ("healthy.py", "one_task", "40"), note="40 s; 1:15"),
    Case("healthy: GC-heavy", ("healthy.py", "garbage", "40"), note="40 s", conf={"spark.executor.memory": "512m"}),
    Case("healthy: large shuffle on one core", ("healthy.py", "shuffle", "60"), where="local-cluster[1,1,1024]", note="60 s"),
    Case("healthy: 5 min of scikit-learn between two Spark jobs", ("healthy.py", "sklearn", "40"), note="40 s; 1:7.5", quick=True),
    Case("healthy: long applyInPandas of one group", ("healthy.py", "one_group", "40"), note="40 s", quick=True),
    Case("healthy: plain @udf (Arrow) at 2 ms a row", ("healthy.py", "arrow_udf", "45"), note="batches of 20 s against a limit of 12 s"),
    Case("healthy: one native call of minutes (svd)", ("healthy.py", "svd", "24"), note="24 s: twice the limit; from three times on it counts as hung"),
    Case("healthy: skewed stage, last task 20 times the median", ("healthy.py", "skewed", "40"), note="2 s and 40 s"),
    Case(
        "healthy: dynamic allocation removing idle executors", ("healthy.py", "idle_executors", "40"), note="40 s",
        limits={"executor_losses": 0},
        conf={
            "spark.dynamicAllocation.enabled": "true",
            "spark.dynamicAllocation.shuffleTracking.enabled": "true",
            "spark.dynamicAllocation.executorIdleTimeout": "3s",
            "spark.dynamicAllocation.minExecutors": "0",
        },
    ),
    Case(
        "healthy: long planning below its limit", ("healthy.py", "planning", "30000"),
        limits={"driver_silence": 30}, note="well below its limit of 30 s",
    ),
)  # fmt: skip

HEALTHY = tuple(replace(case, limits={**HEALTHY_LIMITS, **case.limits}) for case in _HEALTHY)

CASES = (*FAULTS, *HEALTHY)
