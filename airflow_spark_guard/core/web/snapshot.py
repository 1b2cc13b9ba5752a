"""One look at an application that somebody else runs: what its witnesses said, each for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import DriverView, Executor, Master


@dataclass(frozen=True)
class Manager:
    """What a standalone master says of the application.

    Attributes:
        state: ``WAITING``, ``RUNNING``, ``FINISHED``, ``FAILED``, ``KILLED``; empty when it knows no such
            application. FINISHED is also what it says of a driver that was killed.
        started: None when unknown.
        master: of its workers, and whether the application waits for its first executor.
    """

    state: str = ""
    started: EpochTime | None = None
    master: Master | None = None

    @property
    def alive(self) -> bool:
        """Whether the application waits or runs."""
        return self.state in {"WAITING", "RUNNING"}


@dataclass(frozen=True)
class History:
    """What a history server says of the application's newest attempt.

    Attributes:
        known: whether it has an event log of it.
        completed: whether that log was closed, as only a driver does that ends by itself.
        started: None when unknown.
        ended: None while the log is open.
        last_job_failed: whether the newest Spark job in it failed.
        executors: living and lost ones, as the log tells.
    """

    known: bool = False
    completed: bool = False
    started: EpochTime | None = None
    ended: EpochTime | None = None
    last_job_failed: bool = False
    executors: tuple[Executor, ...] = ()


@dataclass(frozen=True)
class Sight:
    """One look. What was not asked, or gave no usable answer, is None, and ``silent`` says why.

    Attributes:
        at: when, by the clock of the server that answered, else by ours.
        application_id: empty while no application of the wanted name is known.
        driver: what the driver itself says.
        driver_ui: where it was asked; empty where nobody knows.
        started: when the application started; None when unknown.
        manager: what the standalone master says.
        history: what the history server says.
        task: how the Airflow task that runs it stands: ``running``, ``success``, ``failed``; empty where no
            such task is known.
        silent: (witness, why) of everyone who gave no usable answer: one sentence each.
    """

    at: EpochTime
    application_id: str = ""
    driver: DriverView | None = None
    driver_ui: str = ""
    started: EpochTime | None = None
    manager: Manager | None = None
    history: History | None = None
    task: str = ""
    silent: tuple[tuple[str, str], ...] = ()

    @property
    def executors(self) -> tuple[Executor, ...]:
        """As the driver tells it, else as its event log does."""
        if self.driver is not None:
            return self.driver.executors
        return self.history.executors if self.history is not None else ()

    @property
    def why_silent(self) -> str:
        """Why those who said nothing said nothing."""
        return "; ".join(f"{witness}: {why}" for witness, why in self.silent)
