"""A snapshot of an application that another system runs: the information of each witness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from airflow_spark_guard.core.clock import EpochTime

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import DriverView, Executor, Master

TaskState: TypeAlias = Literal["running", "success", "failed", ""]
"""What the Airflow task that runs an application publishes of itself; empty if no such task is known."""
TASK_STATES: Final[tuple[TaskState, ...]] = get_args(TaskState)


@dataclass(frozen=True)
class Manager:
    """A standalone master's information about the application.

    Attributes:
        state: ``WAITING``, ``RUNNING``, ``FINISHED``, ``FAILED``, ``KILLED``; empty if the master does not
            know the application. FINISHED is also its state after its driver was killed.
        started: None if unknown.
        master: its workers, and whether the application waits for its first executor.
    """

    state: str = ""
    started: EpochTime | None = None
    master: Master | None = None

    @property
    def alive(self) -> bool:
        """Whether the application is waiting or running."""
        return self.state in {"WAITING", "RUNNING"}


@dataclass(frozen=True)
class History:
    """A history server's information about the application's newest attempt.

    Attributes:
        known: whether it has an event log of it.
        completed: whether that log was closed, which only a driver does that ends by itself.
        started: None if unknown.
        ended: None while the log is open.
        last_job_failed: whether the newest Spark job in it failed.
        executors: living and lost executors, from the log.
    """

    known: bool = False
    completed: bool = False
    started: EpochTime | None = None
    ended: EpochTime | None = None
    last_job_failed: bool = False
    executors: tuple[Executor, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """One snapshot. Information that was not requested or not usable is None; ``silent`` has the reasons.

    Attributes:
        at: time, by the clock of the server that answered, else by ours.
        application_id: empty until an application with the wanted name is known.
        driver: the driver's own information.
        driver_ui: URL of the driver's UI; empty if unknown.
        started: when the application started; None if unknown.
        manager: the standalone master's information.
        history: the history server's information.
        task: state of the Airflow task that runs it.
        silent: (witness, reason) for each one without a usable answer; the reason is one sentence.
    """

    at: EpochTime
    application_id: str = ""
    driver: DriverView | None = None
    driver_ui: str = ""
    started: EpochTime | None = None
    manager: Manager | None = None
    history: History | None = None
    task: TaskState = ""
    silent: tuple[tuple[str, str], ...] = ()

    @property
    def executors(self) -> tuple[Executor, ...]:
        """The executors known to the driver, else those in its event log."""
        if self.driver is not None:
            return self.driver.executors
        return self.history.executors if self.history is not None else ()

    @property
    def why_silent(self) -> str:
        """The reasons of all witnesses without a usable answer."""
        return "; ".join(f"{witness}: {why}" for witness, why in self.silent)
