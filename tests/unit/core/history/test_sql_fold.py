"""The SQL executions of an application."""

from airflow_spark_guard.core.history import sql_fold
from airflow_spark_guard.core.history.event_kinds import (
    PlanMetric,
    PlanNode,
    SqlEnded,
    SqlPlanned,
    SqlStarted,
)
from airflow_spark_guard.core.history.model import SqlHistory, SqlNode
from airflow_spark_guard.core.history.sql_fold import SqlFold
from tests.support.event_logs import START

SECONDS = START / 1000


def plan(*accumulators, name="Scan"):
    return tuple(PlanNode(name, "", (PlanMetric("rows", number),)) for number in accumulators)


def started(execution=0, *accumulators, at=0):
    return SqlStarted(execution, START + at, "count at /srv/job.py:3", plan(*accumulators), {})


def nodes(fold, **given):
    return [[dict(node.metrics) for node in row.nodes] for row in fold.history(given.get("values", {}))]


def test_the_last_plan_has_what_its_metrics_hold():
    fold = SqlFold()
    fold.start(started(3, 1))
    fold.plan(SqlPlanned(3, plan(2, name="Project")))
    fold.plan(SqlPlanned(3, ()))
    fold.hold({1: 5, 2: 7})
    fold.end(SqlEnded(3, START + 4000, "boom"))
    assert fold.history({}) == (
        SqlHistory(
            3, "count at /srv/job.py:3", SECONDS, SECONDS + 4, "boom", (SqlNode("Project", "", {"rows": 7}),)
        ),
    )


def test_what_unfinished_stages_hold_counts_unless_more_is_known():
    fold = SqlFold()
    fold.start(started(0, 1, 2))
    fold.hold({1: 5})
    assert nodes(fold, values={1: 3, 2: 4}) == [[{"rows": 5}, {"rows": 4}]]


def test_what_is_held_shortly_after_the_end_still_counts():
    fold = SqlFold()
    fold.start(started(0, 1))
    fold.end(SqlEnded(0, START + 10))
    fold.hold({1: 5})
    for execution in range(1, 60):
        fold.start(started(execution, 100 + execution))
        fold.end(SqlEnded(execution, START + 20))
    fold.hold({1: 99})
    assert nodes(fold)[0] == [{"rows": 5}]


def test_a_description_can_be_asked_for():
    fold = SqlFold()
    fold.start(started(0))
    assert (fold.description(0), fold.description(7), fold.description(None)) == (
        "count at /srv/job.py:3",
        "",
        "",
    )


def test_the_longest_executions_keep_their_plans(monkeypatch):
    monkeypatch.setattr(sql_fold, "MOST_NODES", 4)
    fold = SqlFold()
    for execution, took in enumerate((900, 100, 800, 50, 10)):
        fold.start(started(execution, execution))
        fold.end(SqlEnded(execution, START + took))
    assert [len(row.nodes) for row in fold.history({})] == [1, 0, 0, 0, 1]
    assert fold.stripped == 3


def test_of_very_many_executions_the_first_are_left_out(monkeypatch):
    monkeypatch.setattr(sql_fold, "MOST_EXECUTIONS", 10)
    fold = SqlFold()
    for execution in range(11):
        fold.start(started(execution, execution))
        fold.end(SqlEnded(execution, START + 1))
    assert [row.execution for row in fold.history({})] == list(range(1, 11))
    assert fold.left_out == 1


def test_what_accumulators_hold_is_bounded(monkeypatch):
    monkeypatch.setattr(sql_fold, "_MOST_VALUES", 10)
    fold = SqlFold()
    fold.start(started(0, 1, 50))
    for number in range(60):
        fold.hold({number: number})
    assert nodes(fold) == [[{}, {"rows": 50}]]
