"""Tasks that wait for data of a shuffle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.history.alerts.alert import Limits, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import share, size
from airflow_spark_guard.core.history.alerts.places import stage_place
from airflow_spark_guard.core.history.alerts.weight import LARGE, is_large
from airflow_spark_guard.core.history.executor_time import cpus_of_a_task, held_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.model import ApplicationHistory


class FetchWait(Rule):
    """A stage whose tasks wait for shuffle data."""

    name = "shuffle fetch wait"
    about = "Tasks wait for shuffle data of other executors"
    limits = Limits(
        figure="time of waiting in the run time of a stage's tasks",
        shown=share,
        only_if=f"it is at least {LARGE}",
        info=0.1,
        warning=0.25,
        critical=0.5,
        source="Sparklens reports it as ReadFetch%; the limits are ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for each stage."""
        held = held_by(history)
        for stage in history.stages:
            if stage.fetch_wait_s is None or not stage.run_s:
                continue
            wasted = stage.fetch_wait_s * cpus_of_a_task(history)
            part = stage.fetch_wait_s / stage.run_s
            if not self.limits.passed(part) or not is_large(held, wasted):
                continue
            place = stage_place(history, stage)
            moved = (
                "" if stage.shuffle_read_bytes is None else f", which read {size(stage.shuffle_read_bytes)}"
            )
            said = Said(
                f"The tasks of {place.where}{moved}, waited for shuffle data"
                if moved
                else f"The tasks of {place.where} waited for shuffle data",
                " of their run time.",
            )
            cure = (
                "Shuffle less: filter and select before the join or groupBy. Look at the disk and the load "
                "of the "
                "executors that serve it. Set spark.reducer.maxSizeInFlight=96m and "
                "spark.shuffle.io.numConnectionsPerPeer=2 if the network is not full."
            )
            yield from self.raised(part, place, said, cure, wasted)
