"""The charts of a report."""

from airflow_spark_guard.core.history.model import ApplicationHistory, Sample
from airflow_spark_guard.report.figures import figures, memory, usage
from tests.support.reports import START, at, history


def trace(figure, name):
    (found,) = [one for one in figure.data if one["name"] == name]
    return found


def test_usage_and_memory_are_lines_over_time():
    assert trace(usage(history()), "slots")["y"] == [4, 2, 2]
    assert trace(usage(history()), "running tasks")["y"] == [2, 4, 0]
    assert usage(history()).alternative == "At most 4 tasks ran at once, in at most 4 slots."
    assert trace(memory(history()), "driver Python")["y"] == [5, 9, 7]
    assert memory(history()).alternative == "Peaks: driver Python 9 MiB."


def test_each_kind_of_memory_keeps_its_own_values():
    samples = (Sample(at(1), driver_jvm=3 << 20, workers=4 << 20), Sample(at(2), driver_jvm=6 << 20))
    figure = memory(history(samples=samples))
    assert trace(figure, "driver JVM")["y"] == [3, 6]
    assert trace(figure, "Python workers")["y"] == [4]


def test_what_is_not_known_is_not_drawn():
    assert figures(ApplicationHistory(), ()) == ()
    assert figures(ApplicationHistory(started=START, ended=at(1)), ()) == ()
    assert usage(history(samples=(Sample(at(1), running=1),))) is None


def test_slots_that_are_not_known_are_not_drawn():
    samples = [Sample(at(second), running=1, cores=0) for second in (1, 2)]
    figure = usage(history(samples=samples))
    assert [one["name"] for one in figure.data] == ["running tasks"]
    assert figure.alternative == "At most 1 task ran at once, and the number of slots is not known."
    idle = [Sample(at(second), running=0, cores=3) for second in (1, 2)]
    assert usage(history(samples=idle)).alternative == "No task ran, in at most 3 slots."
