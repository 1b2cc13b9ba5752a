"""Stages are read once each, in order, within bounds, and whatever happens to the application."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.stages import reader as stages
from airflow_spark_guard.job.instruments.stages.log_sizes import LoggedSize
from airflow_spark_guard.job.instruments.stages.reader import MOST_LOOKS, MOST_STAGES, StageReader
from tests.support.stage_rows import BEGIN, stage_row, task_row


class Store:
    """Rows in memory."""

    def __init__(self, *rows):
        self.rows, self.tasks, self.looks, self.is_broken = list(rows), {}, 0, False

    def ended_stages(self, since, most):
        if self.is_broken:
            message = "the context was stopped"
            raise OSError(message)
        ended = [row for row in self.rows if row["completionTime"] >= since]
        return sorted(ended, key=lambda row: row["completionTime"])[:most]

    def task_from_top(self, stage, index, place):
        self.looks += 1
        figure = "executorRunTime" if index == "ert" else "shuffleRemoteBytesRead"
        tasks = sorted(self.tasks.get(stage, []), key=lambda task: -task[figure])
        return tasks[place] if place < len(tasks) else None

    def settle(self, seconds):
        if self.is_broken:
            message = f"not within {seconds} s"
            raise TimeoutError(message)


class Log:
    """Sizes in memory."""

    def __init__(self, *sizes):
        self.sizes, self.is_closed, self.is_broken = list(sizes), False, False

    def read_new(self):
        found, self.sizes = self.sizes, []
        return found

    def close(self):
        if self.is_broken:
            raise OSError
        self.is_closed = True


def ended(stage, at, **fields):
    return stage_row(stage, completionTime=BEGIN + at, firstTaskLaunchedTime=BEGIN + at - 10, **fields)


def numbers(figures):
    return [one.stage for one in figures]


def test_each_stage_is_read_once_in_the_order_of_its_end():
    """Also those that end in the same millisecond as the last one that was read."""
    store = Store(ended(2, 100), ended(1, 200))
    reader = StageReader(store, None, since=0)
    assert numbers(reader.read_new()) == [2, 1]
    assert reader.read_new() == ()
    store.rows += [ended(3, 200), ended(1, 200, attemptId=1), ended(4, 300)]
    assert [(one.stage, one.attempt) for one in reader.read_new()] == [(3, 0), (1, 1), (4, 0)]
    assert reader.read_new() == ()
    store.rows += [ended(5, 300)]
    assert numbers(reader.read_new()) == [5]
    assert reader.read_rest() == ()


def test_what_ended_before_the_reader_was_made_is_left_out():
    """Its start is now, if it is not given."""
    store = Store(ended(1, 0))
    assert numbers(StageReader(store, None, since=BEGIN + 1).read_new()) == []
    assert StageReader(Store(stage_row(completionTime=1000)), None).read_new() == ()


def test_one_call_reads_some_stages_and_the_next_the_rest():
    """Even if all of them ended at once."""
    store = Store(*(ended(number, 5) for number in range(MOST_STAGES * 2 + 3)))
    reader = StageReader(store, None, since=0)
    assert len(reader.read_new()) == MOST_STAGES
    assert numbers(reader.read_rest()) == list(range(MOST_STAGES, MOST_STAGES * 2 + 3))


def test_the_spread_of_time_and_of_shuffle_reads():
    """With the task that has most of each."""
    store = Store(stage_row())
    store.tasks[7, 0] = [task_row(0, 1000, 5), task_row(1, 2000, 70), task_row(2, 3000), task_row(3, 9000, 4)]
    (figures,) = StageReader(store, None, since=0).read_new()
    run = figures.run_time
    assert (run.median, run.upper, run.largest, run.task, run.host) == (2.0, 3.0, 9.0, 3, "node1")
    assert (figures.shuffle.median, figures.shuffle.largest, figures.shuffle.task) == (4.0, 70.0, 1)
    assert figures.to_dict()["run_time"]["tasks"] == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"numCompleteTasks": 2},
        {"numCompleteTasks": stages.MOST_TASKS + 1},
        {"firstTaskLaunchedTime": BEGIN + 2000},
    ],
    ids=["two tasks", "too many", "short"],
)
def test_tasks_are_not_compared_where_it_would_not_pay(fields):
    """No look is taken."""
    store = Store(stage_row(**fields))
    (figures,) = StageReader(store, None, since=0).read_new()
    assert (figures.run_time, figures.shuffle, store.looks) == (None, None, 0)


def test_tasks_that_the_store_has_dropped_give_no_spread():
    """Nor do some that failed (``spark.ui.retainedTasks``)."""
    store = Store(stage_row())
    store.tasks[7, 0] = [task_row(0, 1000), {**task_row(1, 1), "status": "FAILED"}, task_row(2, 9)]
    assert StageReader(store, None, since=0).read_new()[0].run_time is None
    store.tasks[7, 0] = []
    assert StageReader(store, None, since=0).read_new()[0].run_time is None


def test_looks_at_tasks_are_bounded_for_each_call():
    """Stages beyond have no spread."""
    store = Store(*(stage_row(number) for number in range(12)))
    store.tasks = {(number, 0): [task_row(at, 100, 9) for at in range(4)] for number in range(12)}
    found = StageReader(store, None, since=0).read_new()
    assert store.looks == MOST_LOOKS
    assert [one.run_time is not None for one in found] == [True] * 5 + [False] * 7


def test_a_size_waits_for_its_stage():
    """The warning comes before the stage ends."""
    store, log = Store(ended(1, 100)), Log(LoggedSize(BEGIN + 150, 99, 2))
    reader = StageReader(store, log, since=0)
    assert reader.has_sizes
    assert reader.has_figures
    (first,) = reader.read_new()
    store.rows.append(ended(2, 900))
    (second,) = reader.read_new()
    assert (first.task_bytes, second.task_bytes) == (None, 99)


def test_what_cannot_be_read_is_counted_and_raises_nothing():
    """The context may stop at any time."""
    store, log = Store(stage_row()), Log()
    reader = StageReader(store, log, since=0)
    store.is_broken = log.is_broken = True
    assert reader.read_new() == reader.read_rest() == ()
    reader.close()
    reader.close()
    assert reader.missed == 4
    store.is_broken = False
    assert numbers(reader.read_new()) == [7]


def test_a_session_without_these_figures_reads_nothing():
    """As with Spark Connect; the job goes on."""
    reader = StageReader.of(object())
    assert (reader.read_new(), reader.read_rest(), reader.has_figures, reader.has_sizes) == (
        (),
        (),
        False,
        False,
    )
    reader.close()
    assert reader.missed == 1


def test_closing_takes_the_writer_out_of_the_log_once():
    """A second call does nothing."""
    log = Log()
    reader = StageReader(Store(), log)
    reader.close()
    assert log.is_closed
    assert not reader.has_sizes
