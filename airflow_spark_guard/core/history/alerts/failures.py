"""Work that was done for nothing: tasks that failed, stages that ran again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.failure.failure_text import raised, worker_place
from airflow_spark_guard.core.history.alerts.alert import Limits, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import count, counted, counts, share
from airflow_spark_guard.core.history.alerts.places import stage_place, text
from airflow_spark_guard.core.history.executor_time import cpus_of_a_task, total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.model import ApplicationHistory, StageHistory

_READ: Final = 20_000


class FailedTasks(Rule):
    """Task attempts that failed."""

    name = "failed tasks"
    about = "Task attempts failed; Spark ran them again, or gave up"
    limits = Limits(
        figure="failed task attempts in all that ended",
        shown=share,
        info=0.0,
        warning=0.1,
        critical=0.5,
        source="Dr. Elephant's StagesHeuristic: 10% low, 50% severe; any failure is an info of ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application, at the stage with most of them."""
        failed = sum(stage.failed for stage in history.stages)
        ended = failed + sum(stage.done for stage in history.stages)
        if not failed:
            return
        worst = max(history.stages, key=lambda stage: stage.failed)
        place = stage_place(history, worst)
        lost = total(stage.lost_s for stage in history.stages if stage.failed)
        reason = _reason(worst)
        said = Said(
            f"{counted(failed, 'task attempt')} failed,",
            f" of {count(ended)}; {place.where} had most of them. "
            + (f"One reason: {text(raised(reason))}" if reason else "The reason is not known."),
        )
        cure = (
            "Read the traceback of the first failed task: an error of a row comes again at each of the "
            "spark.task.maxFailures attempts. A loss of executors is an alert of its own."
        )
        wasted = None if lost is None else lost * cpus_of_a_task(history)
        place = place._replace(line=worker_place(reason) or place.line)
        yield from self.raised(failed / ended, place, said, cure, wasted)


def _reason(stage: StageHistory) -> str:
    slowest = next((task.failure for task in stage.slowest if task.failure), "")
    return (stage.task_failure or slowest or stage.failure)[:_READ]


class RepeatedStages(Rule):
    """Attempts of stages after the first."""

    name = "repeated stages"
    about = "Stages ran again, because shuffle data that they had written was lost"
    limits = Limits(
        figure="attempts of stages after the first",
        shown=counts("attempt"),
        info=0,
        warning=1,
        source="ours: Spark ends a job after spark.stage.maxConsecutiveAttempts, 4",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application, at the stage with most attempts."""
        again = [stage for stage in history.stages if stage.attempt > 0]
        if not again:
            return
        worst = max(again, key=lambda stage: stage.attempt)
        place = stage_place(history, worst)
        ran = total(stage.run_s for stage in again)
        said = Said("Spark ran stages again in", f"; {place.where} was the last. {_why(history, worst)}")
        cure = (
            "Look at the executors that were lost: each takes its shuffle data along. "
            "spark.decommission.enabled=true with spark.storage.decommission.shuffleBlocks.enabled=true "
            "moves it "
            "away in time; an external shuffle service (spark.shuffle.service.enabled=true) keeps it."
        )
        wasted = None if ran is None else ran * cpus_of_a_task(history)
        yield from self.raised(len(again), place, said, cure, wasted)


def _why(history: ApplicationHistory, worst: StageHistory) -> str:
    reasons = (one.failure for one in history.stages if one.stage == worst.stage and one.failure)
    reason = next(reasons, "")
    return f"Spark's reason: {text(reason)}" if reason else "Spark gave no reason."
