"""All stages of an application."""

from airflow_spark_guard.core.history import stages_fold
from airflow_spark_guard.core.history.stages_fold import StagesFold
from tests.support.event_logs import completed, submitted, task_end, task_start


def keys(fold):
    return [(found.stage, found.attempt) for found in fold.history(lambda stage: stage.history((), ""))]


def test_it_counts_the_tasks_that_run():
    fold = StagesFold()
    fold.submit(submitted(0, 2))
    fold.start(task_start(0))
    fold.start(task_start(1))
    fold.start(task_start(1))
    assert fold.running == 2
    assert fold.end(task_end(0))
    assert not fold.end(task_end(7))
    assert (fold.running, fold.done) == (1, 2)


def test_attempts_are_stages_of_their_own_in_order():
    fold = StagesFold()
    for stage, attempt in ((2, 0), (0, 1), (0, 0)):
        fold.submit(submitted(stage, attempt=attempt))
    assert keys(fold) == [(0, 0), (0, 1), (2, 0)]
    fold.complete(completed(0, attempt=1))
    assert set(fold.active) == {(0, 0), (2, 0)}


def test_a_stage_whose_submission_is_missing_is_counted():
    fold = StagesFold()
    fold.end(task_end(0, 5))
    fold.start(task_start(1, 5))
    fold.complete(completed(6, 2))
    assert fold.unsubmitted == 2
    assert keys(fold) == [(5, 0), (6, 0)]
    assert fold.lacking() == (2, 2)


def test_a_stage_is_folded_when_its_last_task_has_ended():
    fold = StagesFold()
    fold.submit(submitted(0, 2))
    fold.start(task_start(0))
    fold.complete(completed(0))
    (stage,) = (fold._all[key] for key in fold._all)
    assert not stage.is_closed
    fold.end(task_end(0))
    assert stage.is_closed


def test_details_are_kept_for_the_stages_with_the_most_run_time(monkeypatch):
    monkeypatch.setattr(stages_fold, "DETAILED", 2)
    fold = StagesFold()
    for stage, took in enumerate((500, 100, 900, 300)):
        fold.submit(submitted(stage, 1))
        fold.end(task_end(stage, stage, at=took))
        fold.complete(completed(stage, 1))
    fold.end(task_end(99, 0, at=1))  # late, so that the stage is folded once more
    found = fold.history(lambda stage: stage.history((), ""))
    assert [bool(stage.slowest) for stage in found] == [True, False, True, False]
    assert fold.stripped == 2


def test_of_very_many_stages_the_smallest_are_left_out(monkeypatch):
    monkeypatch.setattr(stages_fold, "MOST_STAGES", 10)
    monkeypatch.setattr(stages_fold, "_LEFT_AT_ONCE", 3)
    fold = StagesFold()
    for stage in range(12):
        fold.submit(submitted(stage, 1))
        fold.end(task_end(stage, stage, at=1000 - stage))
        fold.complete(completed(stage, 1))
    assert fold.left_out == 3
    assert (7, 0) not in keys(fold)
    assert (0, 0) in keys(fold)


def test_stages_that_never_complete_are_kept(monkeypatch):
    monkeypatch.setattr(stages_fold, "MOST_STAGES", 5)
    fold = StagesFold()
    for stage in range(50):
        fold.submit(submitted(stage, 1))
    assert (len(keys(fold)), fold.left_out) == (50, 0)
