"""What a sensor watches, and by which limits: plain values that can be passed to a trigger."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.codec import LATER, Stored
from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.remote.lifecycle import LifecycleRule, Patience
from airflow_spark_guard.core.remote.remote_watch import RemoteWatch
from airflow_spark_guard.core.remote.restarts import RestartBudget, RestartRule
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.watch.watch_limits import WatchLimits
from airflow_spark_guard.core.watch.watchdog import Watchdog


@dataclass(frozen=True)
class Plan(Stored):
    """The task of one sensor.

    Attributes:
        target: the application; the XCom of ``task_id`` completes its empty fields.
        task_id: the task of the same DAG run that submits it; empty if the target is complete.
        map_index: of that task; -1 if it is not mapped. A mapped sensor reads its own index first.
        conn_id: the Airflow connection with the servers to ask and their credentials; empty for none.
        budget: what the application may lose; None if restarts are not counted.
        windows: the guard's limits; None if only restarts are counted.
        patience: how long to wait for information.
        observe: whether a passed limit is only reported.
    """

    target: Target = field(default_factory=Target)
    task_id: str = ""
    map_index: int = -1
    conn_id: str = ""
    budget: RestartBudget | None = None
    windows: WatchLimits | None = None
    patience: Patience = field(default_factory=lambda: Patience.of(GuardLimits()))
    observe: bool = field(default=False, metadata=LATER)

    @classmethod
    def unreadable(cls, problem: str) -> ApplicationError:
        """The error for a plan of another version."""
        return ApplicationError(
            "The trigger's plan cannot be read.",
            got=problem,
            expected=f"a plan with {', '.join(part.name for part in fields(cls))}",
            advice="Triggerer and workers run different versions of this package: restart them with one, "
            "then clear the task.",
        )

    def watch(self, began: EpochTime, *, history_server: bool, alone: bool = False) -> RemoteWatch:
        """A watch by these limits.

        Args:
            began: when it began.
            history_server: whether one can be asked; it then has to confirm success.
            alone: whether only the history server can be asked.
        """
        patience = replace(self.patience, history_server=history_server, alone=alone)
        return RemoteWatch(
            LifecycleRule(patience, began),
            None if self.budget is None else RestartRule(self.budget),
            None if self.windows is None else Watchdog(self.windows),
            self.observe,
        )

    def map_indexes(self, own: int) -> tuple[int, ...]:
        """The map indexes under which to read the submitting task's XCom; ``own`` is the sensor's.

        In a mapped task group the two have the same index.
        """
        return tuple(dict.fromkeys((own, self.map_index) if own >= 0 else (self.map_index,)))
