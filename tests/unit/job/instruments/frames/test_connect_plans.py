"""The plan of a Connect client, from relations as the client builds them; no server."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from airflow_spark_guard.job.instruments.frames.connect_plans import connect_depth
from airflow_spark_guard.job.instruments.frames.paths import Depth

plan = pytest.importorskip("pyspark.sql.connect.plan")


def depth(of):
    return connect_depth(SimpleNamespace(_plan=of))


def source():
    return plan.Range(0, 9, 1, None)


def limits(of, count):
    for _ in range(count):
        of = plan.Limit(of, 5)
    return of


def test_a_chain_has_an_operator_for_each_step():
    assert depth(source()) == (Depth(1), 1)
    assert depth(limits(source(), 40)) == (Depth(41), 41)


def test_both_sides_of_a_union_and_of_a_join_are_read():
    """Each kind of relation has its own name for what is below."""
    union = plan.SetOperation(source(), limits(source(), 3), "union")
    assert depth(union) == (Depth(5), 6)
    join = plan.Join(limits(source(), 2), source(), on="id", how="inner")
    assert depth(join) == (Depth(4), 5)


def test_a_plan_doubled_sixty_times_is_read_once():
    """2**60 paths; such a plan is never sent."""
    of = source()
    for _ in range(60):
        of = plan.SetOperation(of, of, "union")
    assert depth(of) == (Depth(61), 61)


def test_a_very_deep_plan_needs_no_recursion():
    assert depth(limits(source(), 5000))[0] == Depth(5001)


def test_a_checkpoint_on_the_server_is_a_source():
    cached = plan.CachedRemoteRelation(
        "id", spark_session=SimpleNamespace(client=SimpleNamespace(is_closed=True))
    )
    assert depth(limits(cached, 1))[0] == Depth(2)
