"""One stage attempt, from its submission to its last task."""

from airflow_spark_guard.core.history.event_kinds import Figures
from airflow_spark_guard.core.history.model import Spread
from airflow_spark_guard.core.history.stage_fold import SLOWEST, StageFold
from tests.support.event_logs import START, completed, submitted, task_end, task_start

SECONDS = START / 1000


def stage(*ends):
    fold = StageFold(0, 0)
    fold.submit(submitted(tasks=len(ends)))
    for end in ends:
        fold.end(end)
    return fold


def history(fold):
    return fold.history((4,), "count at job.py:3")


def test_figures_are_summed_over_all_attempts_of_its_tasks():
    figures = Figures(
        run_ms=800, cpu_ns=5 * 10**8, deserialize_ms=30, gc_ms=40, result_ms=20, memory_spilled=1,
        disk_spilled=2, input_bytes=3, input_records=4, output_bytes=5, output_records=6, shuffle_read_bytes=7,
        shuffle_read_records=8, fetch_wait_ms=9, shuffle_write_bytes=10, shuffle_write_records=11,
    )  # fmt: skip
    done = task_end(0, at=1000, figures=figures, peak_memory=50)
    found = history(stage(done, task_end(1, begin=500, at=1500, figures=figures, peak_memory=70)))
    assert (found.done, found.tasks, found.jobs, found.call) == (2, 2, (4,), "count at job.py:3")
    assert (found.run_s, found.cpu_s, found.gc_s, found.deserialize_s) == (1.6, 1.0, 0.08, 0.06)
    assert (found.scheduler_s, found.fetch_wait_s, found.lost_s) == (0.3, 0.018, 0)
    assert (found.input_bytes, found.input_records, found.output_bytes, found.output_records) == (
        6,
        8,
        10,
        12,
    )
    assert (found.shuffle_read_bytes, found.shuffle_write_bytes) == (14, 20)
    assert (found.memory_spilled_bytes, found.disk_spilled_bytes, found.peak_memory_bytes) == (2, 4, 70)
    assert found.duration == Spread(2, 1, 1, 1, 1, 1, 2)
    assert found.read == Spread(2, 10, 10, 10, 10, 10, 20)
    assert found.by_executor == {"1": 1.6}
    assert found.first_task == SECONDS


def test_time_of_attempts_that_did_not_succeed_is_lost():
    """Spark does not know the run time of a task whose executor is gone: then it is the time until that."""
    found = history(
        stage(
            task_end(0, at=3000, outcome="failed", failure="x", figures=Figures()),
            task_end(1, at=2000, outcome="killed", failure="TaskKilled: another attempt succeeded"),
            task_end(2, at=500),
        )
    )
    assert (found.done, found.failed, found.killed) == (1, 1, 1)
    assert (found.lost_s, found.speculative_s) == (5.0, 2.0)
    assert found.duration.count == 1


def test_without_figures_there_are_none():
    found = history(StageFold(0, 0))
    assert found.run_s is found.input_bytes is found.duration is found.first_task is None
    assert found.lost_s == found.speculative_s == 0


def test_the_reason_of_a_short_task_that_failed_is_kept():
    """Ten longer ones succeed; a loss of what a task had written is no failure of its own."""
    again = task_end(0, at=10, outcome="failed", failure="Resubmitted")
    failed = [task_end(1, at=5, outcome="failed", failure=text) for text in ("OutOfMemory: x", "later")]
    longer = [task_end(number, at=1000 + number) for number in range(2, 20)]
    found = history(stage(again, *failed, *longer))
    assert found.task_failure == "OutOfMemory: x"
    assert not any(task.failure for task in found.slowest)
    assert history(stage(again)).task_failure == "Resubmitted"


def test_time_to_fetch_a_result_is_no_delay_of_the_scheduler():
    end = task_end(0, at=1000, figures=Figures(run_ms=400), fetched=START + 700)
    assert history(stage(end)).scheduler_s == 0.3


def test_the_longest_tasks_are_kept():
    found = history(stage(*(task_end(task, at=100 * task) for task in range(50)))).slowest
    assert [task.task for task in found] == list(range(49, 49 - SLOWEST, -1))
    assert (found[0].seconds, found[0].host, found[0].started) == (4.9, "host", SECONDS)


def test_the_same_end_twice_is_no_reason_to_stop():
    """A damaged log may repeat a line."""
    end = task_end(0, at=100)
    assert len(history(stage(*[end] * 30)).slowest) == SLOWEST


def test_a_task_that_ends_after_its_stage_still_counts():
    fold = StageFold(0, 0)
    fold.submit(submitted(tasks=2))
    fold.start(task_start(0))
    fold.start(task_start(1, at=50))
    fold.end(task_end(0, at=100))
    fold.complete(completed(tasks=2, at=200))
    assert list(fold.running) == [1]
    fold.close()
    fold.end(task_end(1, begin=50, at=900, outcome="killed", failure="TaskKilled: stage cancelled"))
    found = history(fold)
    assert (found.done, found.killed, found.completed, found.lost_s) == (1, 1, SECONDS + 0.2, 0.85)


def test_what_accumulators_hold_is_of_use_only_before_its_end():
    fold = stage(task_end(0, values=lambda: {1: 2}))
    assert fold.values() == {1: 2}
    fold.complete(completed())
    assert fold.values is None
    fold.end(task_end(1, values=lambda: {1: 3}))
    assert fold.values is None


def test_it_can_forget_its_details():
    fold = stage(task_end(0, at=100))
    fold.strip()
    found = history(fold)
    assert (found.details, dict(found.by_executor), found.slowest, found.done) == ("", {}, (), 1)


def test_a_gap_is_a_success_with_too_few_tasks():
    fold = stage(task_end(0), task_end(1))
    fold.complete(completed(tasks=2))
    assert not fold.has_gap
    fold.complete(completed(tasks=3))
    assert fold.has_gap
    fold.complete(completed(tasks=3, failure="cancelled"))
    assert not fold.has_gap
