"""Live SQL metrics by stage, against as much of Spark's store as is asked for."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.sql_metrics import SqlMetrics
from airflow_spark_guard.job.stage_metrics import StageMetrics
from tests.support.scala import Collection, Execution, Java, Store


class Pair(tuple):
    """A Scala pair."""

    __slots__ = ()

    def _1(self):
        return self[0]

    def _2(self):
        return self[1]


class Live:
    """``LiveStageMetrics``."""

    def __init__(self, **arrays):
        self.arrays = {int(key[1:]): value for key, value in arrays.items()}

    def accumIdsToMetricType(self):  # noqa: N802
        return Collection(["1 -> sum", "2 -> timing", "3 -> size", "4 -> timing"])

    def metricValues(self):  # noqa: N802
        return Collection(Pair(item) for item in self.arrays.items())


class Listening(Store):
    """A store whose listener has the private map."""

    def __init__(self, stages):
        super().__init__()
        self.stages = stages

    def listener(self):
        return Collection([self])

    def getClass(self):  # noqa: N802
        return self

    def getDeclaredField(self, name):  # noqa: N802
        assert name == "stageMetrics"
        return self

    def setAccessible(self, value):  # noqa: N802
        assert value is True

    def get(self, key):
        return self.stages if key is self else self.stages.get(key)


@pytest.fixture
def execution():
    found = Execution(0)
    found.names[4] = ("time to start Python workers", "timing")
    found.stage_ids = [3, 4]
    return found


def rows(store, *stages):
    executions = SqlMetrics(store)
    executions.digest()
    return StageMetrics(store, Java(), executions).rows(stages)


def listening(execution, **stages):
    store = Listening({int(key[1:]): live for key, live in stages.items()})
    store.executions.append(execution)
    return store


def test_a_stage_moves_by_its_own_metrics_alone(execution):
    """Two stages of one execution: what one does says nothing of the other."""
    before = rows(listening(execution, s3=Live(a1=[5, 6]), s4=Live(a1=[7])), 3, 4)
    after = rows(listening(execution, s3=Live(a1=[5, 6]), s4=Live(a1=[8])), 3, 4)
    assert before[3] == after[3]
    assert before[4] != after[4]


def test_times_move_nothing(execution):
    """They run on while nothing is done; the start of a Python worker is a figure of its own."""
    before = rows(listening(execution, s3=Live(a1=[5], a2=[100], a4=[1500, 250])), 3)
    after = rows(listening(execution, s3=Live(a1=[5], a2=[900], a4=[1500, 250])), 3)
    assert before == after
    assert before[3]["python_start"] == 1.5


def test_a_stage_without_sql_is_left_out(execution):
    """An RDD job has no such metrics."""
    assert rows(listening(execution, s3=Live(a1=[5])), 3, 7).keys() == {3}


def test_a_spark_without_the_field_gives_every_stage_its_executions_digest(execution):
    """Coarser, and still not that of the whole job."""
    other = Execution(1)
    other.stage_ids = [9]
    store = Store()
    store.executions += [execution, other]
    before = rows(store, 3, 4, 9, 11)
    assert before.keys() == {3, 4, 9}
    other.values = {**other.values, 1: "11"}
    after = rows(store, 3, 4, 9, 11)
    assert (after[3], after[4]) == (before[3], before[4])
    assert after[9] != before[9]


def test_a_stage_of_two_executions_moves_with_either():
    """A cached plan or a shuffle that is used again."""
    first, second = Execution(0), Execution(1)
    first.stage_ids = second.stage_ids = [3]
    store = Store()
    store.executions += [first, second]
    seen = [rows(store, 3)[3]["sql"]]
    second.values = {**second.values, 1: "11"}
    seen.append(rows(store, 3)[3]["sql"])
    first.values = {**first.values, 1: "12"}
    seen.append(rows(store, 3)[3]["sql"])
    assert len(set(seen)) == 3
