"""What one attempt is, settled before it starts, and what comes back from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.attempt.kill_switch import KillSwitch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spark_guard.attempt.log import TaskLogger
    from airflow_spark_guard.attempt.observer import Application
    from airflow_spark_guard.attempt.submission import Submission
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.output.spark_log import Level
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.process.spool import Place
    from airflow_spark_guard.process.workspace import Workspace


def ignore(*_: object) -> None:
    """Take a report that the caller does not want."""


@dataclass(frozen=True)
class Program:
    """What spark-submit runs.

    Attributes:
        path: the script, jar or R file.
        arguments: for it, as text.
        java_class: the main class of a jar; None for anything else.
    """

    path: str
    arguments: Sequence[str] = ()
    java_class: str | None = None

    @property
    def is_python(self) -> bool:
        """Whether our launcher can run it."""
        return self.java_class is None and self.path.endswith(".py")

    @property
    def words(self) -> list[str]:
        """The end of spark-submit's command line."""
        return [self.path, *self.arguments]


@dataclass(frozen=True)
class Job:
    """What is submitted.

    Attributes:
        program: what spark-submit runs.
        submission: with which Spark, environment and configuration.
        workspace: the folder for its files; it may go once the job is submitted or over.
    """

    program: Program
    submission: Submission
    workspace: Workspace


@dataclass(frozen=True)
class Reporting:
    """Where an attempt reports to; the callables are called on the thread that runs the attempt.

    Attributes:
        log: the task's logger.
        record: where the attempt's record is written; None for none.
        report: whether the record is drawn as a page at the end.
        spark_log_level: the lowest level of Spark's own lines in the task log.
        on_application: takes the application as soon as it is known, and again when more of it is.
        on_observed: takes what would have ended the attempt in observe mode.
    """

    log: TaskLogger
    record: Place | None = None
    report: bool = False
    spark_log_level: Level = "WARN"
    on_application: Callable[[Application], None] = ignore
    on_observed: Callable[[AttemptError], None] = ignore


@dataclass(frozen=True)
class AttemptSpec:
    """One attempt: who owns it, how long it may take, who ends it, and where it reports to.

    Attributes:
        tag: marks its processes and applications.
        limits: how long and how much it may take.
        execution_timeout: seconds that Airflow gives the task; None if it sets no limit.
        reporting: where it reports to.
        kill_switch: ends it from outside.
        supervisor: pid of the Airflow process above the task, whose death ends it; None without one.
    """

    tag: Tag
    limits: GuardLimits
    reporting: Reporting
    execution_timeout: float | None = None
    kill_switch: KillSwitch = field(default_factory=KillSwitch)
    supervisor: int | None = None

    @property
    def deadline(self) -> float | None:
        """Seconds that the guard itself allows; None if only ``execution_timeout`` holds."""
        return self.limits.deadline_seconds(self.execution_timeout)

    @property
    def backstop(self) -> float:
        """Seconds after which it is ended whatever happens; infinite where nothing ends it."""
        return self.limits.backstop(self.execution_timeout)

    @property
    def budget(self) -> float:
        """Seconds after which it takes too long, by the guard or by Airflow."""
        return self.limits.budget(self.execution_timeout)

    @property
    def guardians(self) -> tuple[int, ...]:
        """Pids whose death ends its processes."""
        return () if self.supervisor is None else (self.supervisor,)


@dataclass(frozen=True)
class Finished:
    """An attempt that is a success.

    Attributes:
        result: what the job reported; None if it reported nothing.
    """

    result: Any = None
