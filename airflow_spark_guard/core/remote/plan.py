"""What a sensor watches, and by which limits: plain values that a trigger can be given."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.codec import LATER, Stored
from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.remote.course import CourseRule, Patience
from airflow_spark_guard.core.remote.remote_watch import RemoteWatch
from airflow_spark_guard.core.remote.restarts import RestartBudget, RestartRule
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.watch.watchdog import Watchdog
from airflow_spark_guard.core.watch.windows import Windows


@dataclass(frozen=True)
class Plan(Stored):
    """One sensor's task.

    Attributes:
        target: the application; what is empty in it the XCom of ``task_id`` tells.
        task_id: the task of the same DAG run that submits it; empty where the target tells all.
        map_index: of that task; -1 where it is not mapped. A mapped sensor asks for its own index first.
        conn_id: the Airflow connection that says who can be asked, and lets us in; empty for none.
        budget: what the application may lose; None where restarts are not counted.
        windows: the guard's limits; None where only restarts are counted.
        patience: how long nothing may be known.
        observe: whether limits that have passed are only said.
    """

    target: Target = field(default_factory=Target)
    task_id: str = ""
    map_index: int = -1
    conn_id: str = ""
    budget: RestartBudget | None = None
    windows: Windows | None = None
    patience: Patience = field(default_factory=Patience)
    observe: bool = field(default=False, metadata=LATER)

    def watch(self, began: EpochTime, *, history_server: bool, alone: bool = False) -> RemoteWatch:
        """A watch by these limits.

        Args:
            began: when it began.
            history_server: whether one can be asked, which then has to confirm a good end.
            alone: whether nobody else can be asked.
        """
        patience = Patience(self.patience.start, self.patience.end, history_server, alone)
        return RemoteWatch(
            CourseRule(patience, began),
            None if self.budget is None else RestartRule(self.budget),
            None if self.windows is None else Watchdog(self.windows),
            self.observe,
        )

    def map_indexes(self, own: int) -> tuple[int, ...]:
        """Where to look for what the submitting task has told; ``own`` is the sensor's map index.

        In a mapped task group the two have the same index.
        """
        return tuple(dict.fromkeys((own, self.map_index) if own >= 0 else (self.map_index,)))


def _of_another_version(problem: str) -> ApplicationError:
    return ApplicationError(
        "What the trigger is to watch cannot be understood.",
        got=problem,
        expected=f"a plan with {', '.join(part.name for part in fields(Plan))}",
        advice="Triggerer and workers run different versions of this package: restart them with one, "
        "then clear the task.",
    )


Plan.unreadable = _of_another_version
