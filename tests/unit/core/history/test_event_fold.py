"""A history from events, one by one."""

from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.history import event_kinds as kinds
from airflow_spark_guard.core.history.event_fold import EventFold
from airflow_spark_guard.core.history.model import ApplicationHistory
from tests.support.event_logs import (
    START,
    application,
    completed,
    folded,
    job,
    nothing,
    submitted,
    task_end,
    task_start,
)

SECONDS = START / 1000


def test_the_application_itself():
    history = folded(
        kinds.LogStarted("4.2.0"),
        kinds.Environment({"spark.master": "yarn", "spark.app.password": "hunter2", "spark.b": "a\x1b[0mb"}),
        application(),
        kinds.SqlStarted(0, START + 10, "q", (), {"spark.sql.shuffle.partitions": "8"}),
        kinds.ApplicationEnded(START + 5000),
    ).history()
    assert (history.id, history.name, history.user, history.spark_version) == (
        "app-1",
        "report",
        "ann",
        "4.2.0",
    )
    assert (history.started, history.ended, history.last_seen) == (SECONDS, SECONDS + 5, SECONDS + 5)
    assert history.conf == {
        "spark.app.password": "******",
        "spark.b": "a[0mb",
        "spark.master": "yarn",
        "spark.sql.shuffle.partitions": "8",
    }


def test_a_job_with_its_stage_and_tasks():
    history = folded(
        application(),
        job(0, 3, call="count at /srv/job.py:3", execution=6),
        submitted(3, 2),
        task_start(0, 3),
        task_start(1, 3),
        task_end(0, 3, at=1000),
        task_end(1, 3, at=2000),
        completed(3, 2, at=2100),
        kinds.JobEnded(0, START + 2200),
    ).history()
    (stage,) = history.stages
    assert (stage.done, stage.jobs, stage.execution, stage.call) == (2, (0,), 6, "count at job.py:3")
    assert history.jobs[0].completed == SECONDS + 2.2
    assert [executor.tasks for executor in history.executors] == [2]


def test_metrics_of_a_plan_come_from_stages_and_from_the_driver():
    """And from the tasks of a stage that never completed."""
    metrics = tuple(kinds.PlanMetric(f"m{number}", number) for number in (1, 2, 3))
    history = folded(
        application(),
        kinds.SqlStarted(0, START, "q", (kinds.PlanNode("Scan", "Scan x", metrics),), {}),
        kinds.DriverValues({1: 5}),
        submitted(0),
        completed(0, values=lambda: {2: 6}),
        submitted(1),
        task_end(0, 1, values=lambda: {3: 7}),
    ).history()
    assert history.executions[0].nodes[0].metrics == {"m1": 5, "m2": 6, "m3": 7}


def test_samples_show_what_ran():
    history = folded(
        kinds.ExecutorAdded("1", "h", 4, START - 100),
        kinds.Environment({"spark.task.cpus": "2"}),
        application(),
        submitted(0),
        task_start(0, at=1000),
        kinds.Peaks("driver", 1, 50, 60),
        task_start(1, at=2000),
        task_end(0, at=3000, figures=kinds.Figures(gc_ms=500)),
        kinds.ApplicationEnded(START + 9000),
    ).history()
    found = [
        (round(row.at - SECONDS, 1), row.running, row.cores, row.done, row.gc_s) for row in history.samples
    ]
    assert found[:2] == [(-0.1, 0, 2, 0, 0), (0, 0, 2, 0, 0)]
    assert found[2:] == [(1, 1, 2, 0, 0), (2, 2, 2, 0, 0), (3, 1, 2, 1, 0.5), (9, 1, 2, 1, 0.5)]
    assert (history.samples[-1].driver_jvm, history.samples[-1].driver_python) == (50, 60)


def test_no_more_tasks_run_than_there_are_slots():
    """The start of a slot's next task may come before the end of its last one."""
    starts = [task_start(task, at=1000) for task in range(3)]
    assert folded(application(), *starts).history().samples[-1].running == 3
    slots = kinds.ExecutorAdded("1", "h", 2, START)
    assert folded(application(), slots, *starts).history().samples[-1].running == 2


def test_a_time_before_the_application_that_makes_no_sense_is_corrected():
    history = folded(
        kinds.ExecutorAdded("1", "h", 4, START + 10**12),
        application(),
        task_start(0, at=1000),
        task_end(0, at=2000),
    ).history()
    assert history.last_seen == SECONDS + 2
    assert len(history.samples) > 1


def test_a_conf_that_is_no_number_is_one_core_for_a_task():
    for value in ("x", "", "0", "-1", "²", "9" * 5000):
        fold = folded(kinds.Environment({"spark.task.cpus": value}))
        assert fold.cpus == 1


def test_a_watcher_looks_before_the_event_that_passes_its_moment():
    class Watcher:
        due = START + 1500

        def __init__(self):
            self.seen = []

        def look(self, fold, until):
            self.seen.append((fold.stages.running, until - START))
            self.due = until

    watcher = Watcher()
    events = (application(), task_start(0, at=1000), task_start(1, at=2000), task_start(2, at=2000))
    folded(*events, watcher=watcher)
    assert watcher.seen == [(1, 2000)]


WHOLE = st.integers(-(2**53), 2**53)
TEXT = st.text(max_size=20)
STAGE = st.integers(0, 3)
SUBMITTED = st.builds(
    kinds.StageSubmitted, STAGE, STAGE, TEXT, TEXT, WHOLE, st.none() | WHOLE, st.none() | STAGE
)
FIGURES = st.builds(kinds.Figures, *[WHOLE] * len(kinds.Figures._fields))
PEAKS = st.builds(kinds.Peaks, TEXT, WHOLE, WHOLE, WHOLE)
PLAN = st.lists(st.builds(kinds.PlanNode, TEXT, TEXT), max_size=3).map(tuple)
CONF = st.dictionaries(TEXT, TEXT, max_size=3)
EVENTS = st.one_of(
    st.builds(kinds.LogStarted, TEXT),
    st.builds(kinds.ApplicationStarted, TEXT, TEXT, TEXT, WHOLE),
    st.builds(kinds.ApplicationEnded, WHOLE),
    st.builds(kinds.Environment, CONF),
    st.builds(kinds.ExecutorAdded, TEXT, TEXT, WHOLE, WHOLE, TEXT),
    st.builds(kinds.ExecutorRemoved, TEXT, WHOLE, TEXT),
    PEAKS,
    st.builds(kinds.JobStarted, STAGE, WHOLE, st.tuples(STAGE, STAGE), st.none() | STAGE, TEXT, TEXT),
    st.builds(kinds.JobEnded, STAGE, WHOLE, TEXT),
    SUBMITTED,
    st.builds(kinds.StageCompleted, SUBMITTED, st.none() | WHOLE, TEXT, st.just(nothing)),
    st.builds(kinds.TaskStarted, STAGE, STAGE, STAGE, TEXT, WHOLE),
    st.builds(
        kinds.TaskEnded, STAGE, STAGE, STAGE, WHOLE, WHOLE, TEXT, TEXT, WHOLE, WHOLE, WHOLE, st.booleans(),
        st.sampled_from(["done", "failed", "killed"]), TEXT, st.none() | FIGURES, WHOLE, st.none() | PEAKS,
        st.just(nothing),
    ),
    st.builds(kinds.SqlStarted, STAGE, WHOLE, TEXT, PLAN, CONF),
    st.builds(kinds.SqlPlanned, STAGE, PLAN),
    st.builds(kinds.SqlEnded, STAGE, WHOLE, TEXT),
    st.builds(kinds.DriverValues, st.dictionaries(STAGE, WHOLE, max_size=2)),
)  # fmt: skip


@given(st.lists(EVENTS, max_size=30))
def test_no_events_make_it_raise(events):
    """In whatever order, with whatever values a line can have."""
    fold = EventFold()
    for event in events:
        fold.take(event)
    history = fold.history()
    assert isinstance(history, ApplicationHistory)
    assert history == fold.history()
    assert [sample.at for sample in history.samples] == sorted({sample.at for sample in history.samples})


def test_databricks_names_sparks_version_at_the_start_of_each_file():
    """No other log begins there."""
    found = folded(kinds.FileStarted("3.3.0"), application(), kinds.FileStarted("3.3.0"), submitted())
    history = found.history()
    assert (history.spark_version, len(history.stages), history.missing[0][:17]) == (
        "3.3.0",
        1,
        "The log lacks Spa",
    )


def test_a_log_without_its_beginning_has_a_first_time():
    history = folded(submitted(at=500), task_end(begin=500, at=2000)).history()
    assert (history.started, history.first_seen, history.last_seen) == (
        None,
        START / 1000 + 0.5,
        START / 1000 + 2,
    )


def test_the_attempt_of_yarn_and_the_exit_code_of_the_driver():
    start = kinds.ApplicationStarted("app-1", "report", "ann", START, "2")
    history = folded(start, kinds.ApplicationEnded(START + 9, 1)).history()
    assert (history.attempt, history.exit_code) == ("2", 1)
