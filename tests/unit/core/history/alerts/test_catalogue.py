"""All kinds of alerts together: what they have in common, their order, and that a healthy application has none."""

import re
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_spark_guard.core.conf.known_confs import known_confs
from airflow_spark_guard.core.history.alerts.alert import SEVERITIES
from airflow_spark_guard.core.history.alerts.catalogue import ALERTS, alerts_of
from airflow_spark_guard.core.history.model import ApplicationHistory, Sample
from tests.support.histories import (
    CONF,
    GIB,
    application,
    at,
    execution,
    executor,
    healthy,
    job,
    node,
    scaled,
    spread,
    stage,
    task,
)
from tests.support.source import PACKAGE
from tools.generate import alerts as page


def wasteful():
    """An application with each kind of alert."""
    slow = (10.0,) * 15 + (600.0,)
    lost = {"reason": "Command exited with code 137", "end": 500, "run_s": 100.0, "heap_peak": GIB}
    scan = "FileScan csv [id#1] PushedFilters: [], ReadSchema: x"
    nodes = (
        node("BroadcastNestedLoopJoin", 0),
        node("Filter", 1, "Filter (cast(id#1 as int) = 5)", rows=10**5),
        node("Scan csv", 2, scan, rows=10**8, number_of_files_read=10**4, size_of_files_read=10**6),
        node("BroadcastExchange", 1, rows=10**6, data_size=2 * GIB),
        node(
            "Execute InsertIntoHadoopFsRelationCommand", 0, number_of_written_files=500, written_output=10**6
        ),
    )
    longer, even = spread(*[1] * 15, 100), spread(*[1] * 16)
    stages = (
        stage(1, 920, 1540, *slow, read=longer, slowest=(task(1, 600.0, read_bytes=100),)),
        stage(2, 1540, 2160, *slow, read=even, slowest=(task(1, 600.0, read_bytes=1),)),
        stage(3, 2200, 2350, 150.0, disk_spilled_bytes=2 * GIB, failed=3, lost_s=60.0),
        stage(4, 2400, 2500, *[0.01] * 6000, run_s=2000.0, fetch_wait_s=1500.0, attempt=1),
        stage(5, 4200, 8900, *[4800.0] * 4, gc_s=4000.0),
    )
    workers = (
        executor(1, run_s=5000.0),
        executor(2, run_s=400.0),
        executor(3, run_s=400.0),
        executor(4, **lost),
    )
    return application(
        9000,
        stages=stages,
        jobs=(job(1, 920, 2160, stages=(1, 2)), job(3, 2200, 2350), job(4, 2400, 2500), job(5, 4200, 8900)),
        executors=workers,
        executions=(execution(0, *nodes),),
        samples=(Sample(at(1), driver_jvm=GIB),),
        conf={**CONF, "spark.driver.memory": "16g"},
    )


# Cannot be in an application with spill: it is not advised to save memory then.
APART = {"oversized executor memory"}


def oversized():
    return application(executors=(executor(1, heap_peak=GIB),), conf={**CONF, "spark.executor.memory": "16g"})


EVERY = (*alerts_of(wasteful()), *alerts_of(oversized()))


def test_each_kind_has_an_example_here():
    assert {alert.kind for alert in alerts_of(wasteful())} == {rule.name for rule in ALERTS} - APART
    assert {alert.kind for alert in EVERY} == {rule.name for rule in ALERTS}


@pytest.mark.parametrize("alert", EVERY, ids=lambda alert: alert.kind)
def test_each_alert_has_its_figure_and_its_limit_side_by_side(alert):
    assert f"{alert.figure} (limit: {alert.limit})" in alert.what
    assert re.search(r"\d", alert.figure)
    assert alert.what[0].isupper() or alert.what[0].isdigit()
    assert alert.cure.endswith(".")
    assert alert.where
    assert alert.severity in SEVERITIES
    assert "None" not in alert.what


def test_alerts_are_sorted_by_waste_and_the_unknown_come_last():
    wastes = [alert.wasted_core_seconds for alert in alerts_of(wasteful())]
    known = [waste for waste in wastes if waste is not None]
    assert known == sorted(known, reverse=True)
    assert wastes[len(known) :] == [None] * (len(wastes) - len(known))
    assert 3 < len(known) < len(wastes)


def test_kinds_have_names_of_their_own():
    assert len({rule.name for rule in ALERTS}) == len(ALERTS) == len({type(rule) for rule in ALERTS})


def test_limits_rise_with_severity_and_have_a_source():
    for rule in ALERTS:
        limits = [rule.limits.info, rule.limits.warning, rule.limits.critical]
        known = [limit for limit in limits if limit is not None]
        assert known, rule.name
        assert all(low < high for low, high in pairwise(known)), rule.name
        assert rule.limits.source, rule.name


def test_each_key_that_a_cure_names_is_sparks():
    """Those of the modules' texts; Spark knows them by its own registry or, for ``spark.shuffle.io``, by family."""
    known = known_confs()
    named = set()
    for path in (PACKAGE / "core" / "history" / "alerts").glob("*.py"):
        named |= set(re.findall(r"spark\.[a-zA-Z]+(?:\.[a-zA-Z]+)+", path.read_text()))
    assert len(named) > 20
    assert {key for key in named if not known.is_known(key)} == set()


def test_little_waste_lowers_the_severity():
    """Below 1% of what was held it is an info, below 10% at most a warning."""
    slow = stage(
        1, 0, 700, *[10.0] * 15, 600.0, read=spread(*[1] * 15, 100), slowest=(task(1, 600.0, read_bytes=100),)
    )
    found = {}
    for seconds, count in ((1000, 2), (11_000, 2), (11_000, 40)):
        workers = tuple(executor(n, end=700 if n < 2 else None) for n in range(count))
        history = application(seconds, stages=(slow,), executors=workers)
        found[seconds, count] = [one.severity for one in alerts_of(history) if one.kind == "skew"]
    assert found[1000, 2] == ["critical"]
    history = application(1000, stages=(slow,), executors=tuple(executor(n) for n in range(200)))
    wasted = [one for one in alerts_of(history) if one.kind == "skew"]
    assert [one.severity for one in wasted] == ["critical"]
    far = replace(
        history, executors=(executor(1), executor(2), *(executor(n, begin=700) for n in range(3, 400)))
    )
    assert [one.severity for one in alerts_of(far) if one.kind == "skew"] == ["info"]
    near = replace(
        history, executors=(executor(1), executor(2), *(executor(n, begin=700) for n in range(3, 60)))
    )
    assert [one.severity for one in alerts_of(near) if one.kind == "skew"] == ["warning"]


def test_alerts_of_one_line_are_one_alert():
    spilling = [
        stage(n, 0, 9, 1.0, disk_spilled_bytes=(n + 1) * GIB, call="count at /jobs/job.py:7")
        for n in range(1, 4)
    ]
    (alert,) = (one for one in alerts_of(application(stages=tuple(spilling))) if one.kind == "spill")
    assert alert.where == "stage 1"
    assert alert.what.endswith("This line has 2 more such alerts.")


def test_alerts_of_one_line_waste_together():
    waiting = [
        stage(n, 0, 9, run_s=100.0 * n, fetch_wait_s=60.0 * n, call="count at /jobs/job.py:7") for n in (2, 3)
    ]
    (alert,) = (
        one for one in alerts_of(application(stages=tuple(waiting))) if one.kind == "shuffle fetch wait"
    )
    assert (alert.where, alert.wasted_core_seconds) == ("stage 3", 300)


def test_a_healthy_application_has_no_alert():
    assert alerts_of(healthy()) == ()


def test_a_small_healthy_application_has_no_alert():
    """Twenty seconds in local[2] with the defaults of Spark, most of them a start."""
    stages = tuple(stage(n, 6 + n, 7 + n, *[0.4] * 4, deserialize_s=0.1, scheduler_s=0.1) for n in range(5))
    history = application(
        20,
        stages=stages,
        jobs=tuple(job(n, 6 + n, 7 + n) for n in range(5)),
        executors=(executor("driver", begin=4, cores=2, run_s=8.0, heap_peak=2**28),),
        executions=(execution(0, node("BroadcastNestedLoopJoin", 0, rows=9), node("Range", 1, rows=9)),),
        samples=(Sample(at(1), driver_jvm=2**29),),
        conf={"spark.master": "local[2]", "spark.driver.memory": "1g"},
    )
    assert alerts_of(history) == ()


def test_of_an_application_of_which_nothing_is_known_there_is_no_alert():
    assert alerts_of(ApplicationHistory()) == ()
    bare = stage(1, 0, 9, duration=None, run_s=None, lost_s=None, gc_s=None, fetch_wait_s=None, call="")
    bare = replace(bare, deserialize_s=None, scheduler_s=None, disk_spilled_bytes=None, first_task=None)
    assert alerts_of(application(stages=(bare,), executors=(), conf={})) == ()


@settings(max_examples=60, deadline=None)
@given(
    factor=st.floats(0.001, 10_000),
    busy=st.floats(0.75, 1.0),
    longest=st.floats(1.0, 1.4),
)
def test_scaling_all_times_of_a_healthy_application_raises_no_critical_alert(factor, busy, longest):
    """Nor a warning: shares stay, whatever the length. What a moment is for, tiny tasks and a slow start, is not large."""
    history = healthy(busy=busy, longest=longest)
    assert alerts_of(history) == ()
    assert [one for one in alerts_of(scaled(history, factor)) if one.severity != "info"] == []


@settings(max_examples=60, deadline=None)
@given(factor=st.floats(0.01, 100))
def test_scaling_all_times_scales_the_waste(factor):
    """An alert that is there before and after wastes as much more."""
    before = {(one.kind, one.where): one.wasted_core_seconds for one in alerts_of(wasteful())}
    for alert in alerts_of(scaled(wasteful(), factor)):
        waste = before.get((alert.kind, alert.where))
        if waste is not None:
            assert alert.wasted_core_seconds == pytest.approx(waste * factor, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    "piece", ["x at ", "a.", "cast(", "(((", "f(#1 ", "IsNotNull(", " ", "aError", ".py:", "\n at "]
)
def test_hostile_texts_take_no_time(piece):
    """Of any length: a pattern that backtracks would take minutes."""
    hostile = piece * (20_000 // len(piece))
    history = wasteful()
    stages = tuple(
        replace(one, call=hostile, name=hostile, details=hostile, failure=hostile, slowest=())
        for one in history.stages
    )
    nodes = tuple(
        replace(one, text=f"{hostile} PushedFilters: [{hostile}") for one in history.executions[0].nodes
    )
    executions = (replace(history.executions[0], nodes=nodes, description=hostile),)
    workers = tuple(replace(one, id=hostile, host=hostile, reason=hostile) for one in history.executors)
    begin = time.perf_counter()
    found = alerts_of(replace(history, stages=stages, executions=executions, executors=workers))
    assert time.perf_counter() - begin < 5
    assert found
    assert all(len(one.what) < 2000 and len(one.line) <= 200 for one in found)


def test_the_page_lists_every_kind():
    assert page.PAGE.read_text() == page.text()
