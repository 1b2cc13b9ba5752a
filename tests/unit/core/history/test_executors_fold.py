"""The executors of an application."""

from airflow_spark_guard.core.history import executors_fold
from airflow_spark_guard.core.history.event_kinds import ExecutorAdded, ExecutorRemoved, Figures, Peaks
from airflow_spark_guard.core.history.executors_fold import ExecutorsFold
from airflow_spark_guard.core.history.model import ExecutorHistory
from airflow_spark_guard.core.watch.observation import Executor
from tests.support.event_logs import START, task_end

SECONDS = START / 1000
URL = "http://w/stderr"


def added(name="1", cores=4, at=0, url=URL):
    return ExecutorAdded(name, f"host-{name}", cores, START + at, url)


def fold(*names):
    found = ExecutorsFold()
    for name in names or ("1",):
        found.add(added(name))
    return found


def test_an_executor_from_its_registration_to_its_removal():
    found = fold()
    found.start("1")
    figures = Figures(run_ms=900, gc_ms=100)
    found.end(task_end(at=1000, figures=figures, peaks=Peaks("1", 5, 0, 7)), known=True)
    found.end(task_end(at=1000, outcome="failed", figures=figures, peaks=Peaks("1", 3, 0, 9)), known=False)
    found.peak(Peaks("1", 6, 8, 0))
    found.remove(ExecutorRemoved("1", START + 5000, "Command exited with code 137"))
    assert found.history(2) == (
        ExecutorHistory(
            "1", "host-1", 2, SECONDS, SECONDS + 5, "Command exited with code 137", 2, 1, 1.8, 0.2, 6, 8, 9,
            URL,
        ),
    )  # fmt: skip
    assert found.gc_ms == 200


def test_slots_are_those_of_the_living_ones():
    found = fold("1", "2")
    assert (found.cores(1), found.cores(2)) == (8, 4)
    found.add(added("2", cores=6))  # registered twice
    assert found.cores(1) == 10
    found.remove(ExecutorRemoved("1", START))
    found.remove(ExecutorRemoved("1", START))
    assert found.cores(1) == 6


def test_it_is_listed_as_the_driver_lists_it():
    found = fold("1", "2")
    found.start("2")
    found.remove(ExecutorRemoved("1", START + 5000, "gone"))
    assert found.rows(1) == (
        Executor("2", active=True, added=SECONDS, active_tasks=1, cores=4, stderr_url=URL, host="host-2"),
        Executor(
            "1",
            active=False,
            added=SECONDS,
            removed=SECONDS + 5,
            reason="gone",
            cores=4,
            stderr_url=URL,
            host="host-1",
        ),
    )


def test_of_many_dead_ones_the_last_are_listed():
    """As spark.ui.retainedDeadExecutors has it."""
    found = fold(*map(str, range(150)))
    for name in range(150):
        found.remove(ExecutorRemoved(str(name), START + name))
    assert [row.id for row in found.rows(1)] == [str(name) for name in range(50, 150)]
    assert len(found.history(1)) == 150


def test_memory_of_what_is_no_executor_is_not_taken():
    """The driver of a cluster is measured too."""
    found = fold()
    found.peak(Peaks("driver", 5))
    assert [row.id for row in found.history(1)] == ["1"]


def test_an_executor_that_only_its_tasks_name():
    found = ExecutorsFold()
    found.start("9")
    found.end(task_end(executor="9", at=10), known=True)
    (row,) = found.history(1)
    assert (row.id, row.tasks, row.added) == ("9", 1, None)


def test_too_many_are_counted(monkeypatch):
    monkeypatch.setattr(executors_fold, "MOST_EXECUTORS", 2)
    found = fold("1", "2", "3")
    assert ([row.id for row in found.history(1)], found.left_out) == (["1", "2"], 1)
