"""The history of an attempt from its record."""

import pytest

from airflow_spark_guard.core.history.of_record import NO_OBSERVATIONS, NO_TASKS, UNSEEN, history_of_record
from airflow_spark_guard.core.watch.observation import (
    DriverView,
    Executor,
    ExecutorExit,
    HostMemory,
    Inside,
    Observation,
    Stage,
)

START = 1_000_000.0
SUMMARY = {
    "started_at": START,
    "ended_at_s": 60.0,
    "application_id": "app-1",
    "conf": {"spark.app.name": "flights  [task]", "spark.a": "1"},
}


def seen(at, *stages, executors=(), **fields):
    return Observation(at, driver=DriverView(1, stages, executors), **fields)


def stage(number, done, **fields):
    return Stage(number, 0, tasks=4, active=2, done=done, failed=0, launched=True, **fields)


def test_a_stage_lasts_from_its_submission_until_it_is_no_longer_seen():
    history = history_of_record(
        SUMMARY,
        [
            seen(10, stage(0, 1, submitted=START + 8, name="count at job.py:3")),
            seen(20, stage(0, 3, submitted=START + 8, name="count at job.py:3")),
            seen(30, stage(1, 0)),
        ],
    )
    first, second = history.stages
    assert (first.stage, first.done, first.tasks, first.name) == (0, 3, 4, "count at job.py:3")
    assert (first.submitted, first.completed) == (START + 8, START + 30)
    assert (second.submitted, second.completed) == (START + 30, None), "active to the end"


def test_counters_have_the_names_of_the_model():
    counters = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    (only,) = history_of_record(SUMMARY, [seen(1, stage(0, 1, counters=counters))]).stages
    assert (only.input_bytes, only.output_bytes, only.shuffle_read_bytes) == (1, 3, 5)
    assert (only.shuffle_write_bytes, only.memory_spilled_bytes, only.disk_spilled_bytes) == (7, 9, 10)


def test_what_a_record_does_not_have_is_none_and_named():
    history = history_of_record(SUMMARY, [seen(1, stage(0, 1))])
    (only,) = history.stages
    assert only.duration is only.input_bytes is only.run_s is None
    assert NO_TASKS in history.missing


def test_executors_come_from_both_the_driver_and_spark_submits_output():
    lost = Executor(
        "1", active=False, added=START + 1, removed=START + 9, reason="killed", host="h", gc_ms=1500
    )
    history = history_of_record(
        SUMMARY,
        [
            seen(10, executors=(lost, Executor("2", active=True, cores=4, added=START + 2))),
            Observation(20.0, exits=(ExecutorExit("3", "k", "Command exited with code 137", 19.0),)),
        ],
    )
    one, two, three = history.executors
    assert (one.removed, one.reason, one.gc_s) == (START + 9, "killed", 1.5)
    assert (two.removed, two.cores) == (None, 4)
    assert (three.host, three.removed, three.reason) == ("k", START + 19, "Command exited with code 137")


def test_an_executor_that_the_driver_has_removed_keeps_its_reason():
    gone = Executor("1", active=False, removed=START + 9, reason="lost")
    late = Observation(12.0, exits=(ExecutorExit("1", "h", "another text", 11.0),))
    (only,) = history_of_record(SUMMARY, [seen(10, executors=(gone,)), late]).executors
    assert (only.removed, only.reason) == (START + 9, "lost")


def test_executors_that_end_with_the_script_are_not_lost():
    """A standalone master even starts new ones, in vain, while the driver shuts down."""
    over = Inside(ended=True)
    running = (Executor("0", active=True), Executor("1", active=True))
    gone = (
        Executor("0", active=False, removed=START + 58, reason="Command exited with code 143"),
        running[1],
    )
    exits = (
        ExecutorExit("1", "h", "Command exited with code 143", 59.0),
        ExecutorExit("2", "h", "Shutdown", 59.0),
    )
    history = history_of_record(
        SUMMARY,
        [
            seen(50, executors=running),
            seen(58, executors=gone, inside=over),
            Observation(60.0, inside=over, exits=exits),
        ],
    )
    assert [(one.id, one.removed, one.reason) for one in history.executors] == [
        ("0", None, ""),
        ("1", None, ""),
    ]


def test_nor_are_those_that_end_because_the_driver_is_gone():
    exits = (ExecutorExit("1", "h", "Command exited with code 143", 59.0),)
    running = (Executor("1", active=True),)
    history = history_of_record(
        SUMMARY, [seen(50, executors=running), Observation(60.0, exits=exits, driver_gone_at=58.0)]
    )
    assert [(one.id, one.removed) for one in history.executors] == [("1", None)]


def test_one_that_was_lost_before_keeps_its_reason():
    lost = Executor("0", active=False, removed=START + 9, reason="killed")
    history = history_of_record(
        SUMMARY, [seen(10, executors=(lost,)), seen(58, executors=(lost,), inside=Inside(ended=True))]
    )
    assert history.executors[0].reason == "killed"


def test_samples_have_the_figures_of_their_moment():
    executors = (Executor("1", active=True, cores=4, gc_ms=2000), Executor("0", active=False, cores=4))
    (only,) = history_of_record(
        SUMMARY, [seen(5, stage(0, 3), executors=executors, inside=Inside(rss=1 << 20, heartbeats=7))]
    ).samples
    assert (only.at, only.running, only.cores, only.done) == (START + 5, 2, 4, 3)
    assert (only.driver_python, only.gc_s, only.heartbeats) == (1 << 20, 2.0, 7)


def test_memory_is_that_of_the_processes_on_this_host_else_what_the_job_reports():
    measured = HostMemory(driver_jvm=1, driver_python=2, executor_jvms=3, workers=4)
    (only,) = history_of_record(SUMMARY, [seen(5, memory=measured, inside=Inside(rss=9))]).samples
    assert (only.driver_jvm, only.driver_python, only.executor_jvms, only.workers) == (1, 2, 3, 4)
    (elsewhere,) = history_of_record(SUMMARY, [seen(5, inside=Inside(rss=9))]).samples
    assert (elsewhere.driver_jvm, elsewhere.driver_python, elsewhere.workers) == (None, 9, None)


def test_the_clock_of_the_observation_is_used_where_it_is_known():
    (only,) = history_of_record(SUMMARY, [seen(5, wall=START + 7)]).samples
    assert only.at == START + 7


def test_the_conf_has_values_without_their_origins():
    history = history_of_record(SUMMARY, [])
    assert history.conf == {"spark.app.name": "flights", "spark.a": "1"}
    assert history.name == "flights"


def test_an_attempt_that_ended_too_soon_says_so():
    history = history_of_record(SUMMARY, [])
    assert (history.started, history.ended, history.missing) == (START, START + 60, (NO_OBSERVATIONS,))


def test_a_running_attempt_has_no_end():
    history = history_of_record({"started_at": START}, [seen(5)])
    assert (history.ended, history.last_seen) == (None, START + 5)


def test_a_silent_rest_api_is_named():
    history = history_of_record(SUMMARY, [Observation(1.0, blind="It refuses connections.")])
    assert history.missing == (UNSEEN + "It refuses connections.", NO_TASKS)


@pytest.mark.parametrize("summary", [{}, {"started_at": None, "conf": None}, {"ended_at_s": 3}])
def test_a_summary_without_fields_has_a_history(summary):
    assert history_of_record(summary, []).stages == ()


def test_no_more_tasks_run_than_there_are_slots():
    """Spark lists the next task of a slot before its last one has ended."""
    stage = Stage(0, 0, tasks=9, active=3, done=0, failed=0, launched=True)
    view = DriverView(1, (stage,), (Executor("1", active=True, active_tasks=3, cores=2),))
    (sample,) = history_of_record({"started_at": 1.0}, [Observation(5.0, driver=view)]).samples
    assert (sample.running, sample.cores) == (2, 2)


def test_a_task_that_hangs_is_no_idle_time():
    """Spark counts the time of a task once it has ended; of a driver it gives how long it has been up."""

    def rows(active, ended_ms):
        return (
            Executor("driver", active=True, cores=1, run_ms=65_000),
            Executor("1", active=True, cores=2, active_tasks=active, run_ms=ended_ms),
        )

    observations = [seen(float(second), executors=rows(2, 1_000)) for second in (10, 20, 40)]
    found = history_of_record(SUMMARY, observations).executors
    assert [one.run_s for one in found] == [0.0, 60.0]
    ended = history_of_record(SUMMARY, [*observations, seen(50.0, executors=rows(0, 75_000))])
    assert [one.run_s for one in ended.executors] == [0.0, 75.0]
