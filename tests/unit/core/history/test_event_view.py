"""The state of a fold as the driver's REST API would have shown it."""

from airflow_spark_guard.core.history.event_kinds import ExecutorAdded, Figures
from airflow_spark_guard.core.history.event_view import driver_view
from airflow_spark_guard.core.watch.observation import DriverView, Executor, Stage
from airflow_spark_guard.core.web.spark_rest import COUNTERS
from tests.support.event_logs import (
    START,
    application,
    completed,
    folded,
    job,
    submitted,
    task_end,
    task_start,
)

SECONDS = START / 1000


def test_active_stages_jobs_and_executors():
    figures = Figures(input_bytes=5, memory_spilled=2, disk_spilled=3)
    fold = folded(
        application(),
        ExecutorAdded("1", "h", 4, START),
        job(0, 0, 1),
        submitted(0, 3),
        submitted(1),
        completed(1),
        task_start(0),
        task_start(1, at=500),
        task_end(0, at=1000, figures=figures),
        task_end(9, at=1000, figures=figures, outcome="killed"),
    )
    stage = Stage(
        0,
        0,
        3,
        1,
        1,
        1,
        launched=True,
        counters=(10, 0, 0, 0, 0, 0, 0, 0, 4, 6),
        name="count at job.py:3",
        spilled=10,
        submitted=SECONDS,
    )
    executor = Executor("1", active=True, added=SECONDS, active_tasks=1, cores=4, host="h")
    assert len(stage.counters) == len(COUNTERS)
    assert driver_view(fold, START + 2000, details=False) == DriverView(
        1, (stage,), (executor,), clock=SECONDS + 2
    )


def test_details_are_the_times_of_tasks():
    fold = folded(application(), submitted(0, 3), task_start(1, at=500), task_end(0, at=1000))
    (stage,) = driver_view(fold, START + 2000, details=True).stages
    assert (stage.median_seconds, stage.longest_seconds) == (1.0, 1.5)
    (stage,) = driver_view(folded(submitted(0)), START, details=True).stages
    assert (stage.median_seconds, stage.longest_seconds, stage.launched) == (None, None, False)


def test_a_receiver_lasts_by_design():
    fold = folded(job(0, 0, description="Streaming job running receiver 0"), submitted(0))
    assert driver_view(fold, START, details=False).stages[0].unbounded
