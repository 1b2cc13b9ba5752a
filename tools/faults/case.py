"""What a row of the fault matrix says, and the limits and the configuration that the rows share.

Limits are scaled down so that the whole matrix takes half an hour; what a case does not name is as in LIMITS.
A blocked hang is due at its limit, a busy one at three times its limit, so that those have smaller limits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.faults.harness import Running

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
# The machine's matter is how long a healthy job takes; nothing but a false verdict of the watch is to end it.
HEALTHY_LIMITS = {"deadline": 600}
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
        name: what is wrong, in a user's words.
        job: script, what it does, and further arguments; the harness adds the file for the fault's time.
        expected: the verdict, "" for success, a tuple where two are honest.
        where: the cluster.
        limits: what differs from LIMITS.
        conf: what differs from CONF; the same for both operators.
        action: done from outside once the job has said that it is at the point.
        before: done before the job starts, on the cluster.
        notice: seconds that Spark itself may take to see the fault.
        check: looks at the case's folder; what is wrong there, or "".
        due: seconds from the fault at which the verdict is due, for a hang that other work could hide; 0
            where only the verdict's own limit is timed.
        no_line: whether it hangs outside of any line of the job's Python.
        waits: whether it needs hardly any CPU once its fault is there, so that another case may start
            beside it.
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
    due: float = 0.0
    no_line: bool = False
    waits: bool = False
    quick: bool = False
    note: str = ""

    @property
    def expectations(self) -> tuple[str, ...]:
        """Each verdict that the row may end with."""
        return (self.expected,) if isinstance(self.expected, str) else self.expected

    @property
    def reaches_its_fault(self) -> bool:
        """Whether the script writes the time of its fault when it gets there."""
        return self.job[0] in WRITE_THEIR_MOMENT or self.action is not None

    @property
    def stuck(self) -> str:
        """The name in its script's STUCK HERE comments, "" where it does not hang in a line of Python."""
        return self.job[1] if HANGS & set(self.expectations) and not self.no_line else ""


HANGS = {"DEADLINE", "DRIVER_SILENT", "NOT_EXITING", "STALLED"}
WRITE_THEIR_MOMENT = {"beside.py", "driver.py", "streams.py", "tasks.py", "udf.py"}
