"""What a sensor watches, as a trigger is given it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.remote.lifecycle import Patience
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.core.remote.target import Target
from tests.support.limits import watch_limits
from tests.unit.core.remote.seen import START, TEXT, running
from tests.unit.core.remote.test_target import TARGETS
from tests.unit.core.web.test_spark_rest import JSON

SECONDS = st.floats(0, 1e6)
PLANS = st.builds(
    Plan,
    TARGETS,
    TEXT,
    st.integers(-1, 99),
    TEXT,
    st.none()
    | st.builds(RestartBudget, st.integers(0, 9), st.none() | SECONDS, st.integers(0, 9), SECONDS, SECONDS),
    st.none()
    | st.builds(watch_limits, deadline=st.none() | SECONDS, start=SECONDS, silence=st.none() | SECONDS),
    st.builds(Patience, SECONDS, SECONDS),
)


@given(plan=PLANS)
def test_a_plan_survives_json(plan):
    """As Airflow keeps a trigger's arguments, for as long as it waits."""
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@given(value=JSON, name=st.sampled_from(sorted(Plan().to_json())))
def test_a_plan_of_another_version_is_one_error(value, name):
    """Triggerer and workers are restarted one after the other."""
    for garbage in (value, {**Plan().to_json(), "new": 1}, {**Plan().to_json(), name: {"new": value}}):
        if name in {"task_id", "map_index", "conn_id"} and garbage is not value and "new" not in garbage:
            continue
        with pytest.raises(ApplicationError) as caught:
            Plan.from_json(garbage)
        assert caught.value.advice


def test_a_plan_makes_the_rules_that_it_has_limits_for():
    """And the patience that the witnesses allow."""
    plan = Plan(budget=RestartBudget(restarts=2), patience=Patience(10.0, 20.0))
    watch = plan.watch(START, history_server=True)
    assert watch.course.patience == Patience(10.0, 20.0, history_server=True)
    assert watch.course.began == START
    assert plan.watch(START, history_server=True, alone=True).course.patience.alone
    assert watch.restarts.budget == plan.budget
    assert watch.watchdog is None
    whole = Plan(windows=watch_limits()).watch(START, history_server=False)
    assert whole.restarts is None
    assert whole.watchdog.watch_limits == watch_limits()
    assert whole.observe(running(START), START) is None


@pytest.mark.parametrize(("own", "indexes"), [(-1, (-1,)), (0, (0, -1)), (7, (7, -1))])
def test_a_mapped_sensor_asks_for_its_own_index_first(own, indexes):
    """In a mapped task group the submitting task has the same one; outside it may not be mapped at all."""
    assert Plan(Target("app-1"), "submit").map_indexes(own) == indexes
