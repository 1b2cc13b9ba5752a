"""The receipt: what was held, what became of it, and its price."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_spark_guard.core.errors import ArgumentError
from airflow_spark_guard.core.history.cost import Rates, Receipt, receipt_of
from airflow_spark_guard.core.history.model import ApplicationHistory
from tests.support.histories import CONF, application, executor, stage

GIB_OF_ONE = (4096 + 409) / 1024
LOST = {"end": 50, "reason": "Command exited with code 137", "run_s": 100.0}

HISTORY = application(
    100,
    stages=(
        stage(1, 0, 50, run_s=200.0, lost_s=50.0, speculative_s=20.0, failed=3, killed=2),
        stage(1, 50, 70, attempt=1, run_s=100.0, lost_s=10.0),
        stage(2, 70, 100, run_s=100.0),
    ),
    executors=(executor(1, run_s=200.0), executor(2, run_s=100.0), executor(3, **LOST)),
)


def test_a_receipt_says_what_became_of_the_core_seconds():
    receipt = receipt_of(HISTORY)
    assert (receipt.held, receipt.used, receipt.idle) == (1000, 400, 600)
    assert (receipt.useful, receipt.repeated, receipt.lost) == (250, 90, 60)
    assert (receipt.failed, receipt.speculative) == (40, 20)
    assert receipt.idle_of_lost == 100
    assert receipt.wasted == 750
    assert receipt.share(receipt.idle) == 0.6
    assert receipt.unknown == ()


def test_memory_is_the_container_times_its_time():
    receipt = receipt_of(HISTORY)
    assert receipt.held_gib == pytest.approx(250 * GIB_OF_ONE)
    assert receipt.driver_gib == pytest.approx(100 * 2)
    assert receipt.driver == 100


def test_the_driver_is_apart():
    cluster = {**CONF, "spark.submit.deployMode": "cluster", "spark.driver.cores": "2"}
    assert receipt_of(replace(HISTORY, conf=cluster)).driver == 200
    assert receipt_of(replace(HISTORY, conf={**CONF, "spark.driver.cores": "x"})).driver is None
    local = receipt_of(
        application(100, executors=(executor("driver", cores=2),), conf={"spark.master": "local[2]"})
    )
    assert (local.held, local.driver, local.driver_gib) == (200, 0, 0)
    assert local.held_gib == 100


def test_without_speculation_the_split_is_known():
    """Where no attempt was killed, none was a copy."""
    stages = tuple(replace(one, speculative_s=None, killed=0) for one in HISTORY.stages)
    receipt = receipt_of(replace(HISTORY, stages=stages))
    assert (receipt.lost, receipt.failed, receipt.speculative) == (60, 60, 0)
    unknown = receipt_of(replace(HISTORY, stages=(*stages[1:], replace(stages[0], killed=2))))
    assert (unknown.lost, unknown.failed, unknown.speculative) == (60, None, None)
    assert unknown.unknown == ("Which task attempts were killed by speculation is not known.",)


def test_money_needs_rates():
    receipt = receipt_of(HISTORY)
    assert (receipt.price, receipt.driver_price, receipt.wasted_price, receipt.currency) == (
        None,
        None,
        None,
        "",
    )
    priced = receipt_of(HISTORY, Rates(core_hour=3.6, gib_hour=7.2, currency="EUR"))
    assert priced.price == pytest.approx(1000 * 0.001 + 250 * GIB_OF_ONE * 0.002)
    assert priced.driver_price == pytest.approx(100 * 0.001 + 200 * 0.002)
    assert priced.wasted_price == pytest.approx(priced.price * 0.75)
    assert priced.currency == "EUR"


def test_one_rate_prices_its_part_alone():
    assert receipt_of(HISTORY, Rates(core_hour=3.6)).price == pytest.approx(1.0)
    assert receipt_of(HISTORY, Rates(gib_hour=3.6)).price == pytest.approx(0.25 * GIB_OF_ONE)
    assert receipt_of(HISTORY, Rates()).price is None


def test_a_price_is_unknown_if_what_it_is_for_is_unknown():
    """A part is not shown as the whole."""
    receipt = receipt_of(replace(HISTORY, conf={}), Rates(core_hour=3.6, gib_hour=3.6))
    assert (receipt.held, receipt.held_gib, receipt.price) == (1000, None, None)
    assert receipt_of(replace(HISTORY, conf={}), Rates(core_hour=3.6)).price == pytest.approx(1.0)


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf")])
def test_a_rate_that_is_not_a_price_is_refused(rate):
    with pytest.raises(ArgumentError, match=re.escape("The rate core_hour is not a price.")) as error:
        Rates(core_hour=rate)
    assert f"got: {rate}" in str(error.value)
    with pytest.raises(ArgumentError, match="gib_hour"):
        Rates(gib_hour=rate)


def test_of_an_application_of_which_nothing_is_known_the_receipt_is_empty():
    receipt = receipt_of(ApplicationHistory(), Rates(1, 1))
    assert receipt == Receipt(unknown=receipt.unknown)
    assert len(receipt.unknown) == 6
    assert receipt.share(1.0) is None
    assert receipt.wasted is None


def test_one_unknown_stage_makes_its_figures_unknown():
    receipt = receipt_of(replace(HISTORY, stages=(*HISTORY.stages, stage(3, 0, 9, 1.0, lost_s=None))))
    assert (receipt.used, receipt.lost, receipt.useful) == (401, None, None)
    assert receipt.idle == 599
    lost = replace(executor(3, **LOST), run_s=None)
    assert receipt_of(replace(HISTORY, executors=(*HISTORY.executors[:2], lost))).idle_of_lost is None


times = st.floats(0, 1e5)


@st.composite
def histories(draw):
    """Any, also those whose parts contradict each other."""
    stages = tuple(
        stage(
            number,
            draw(times),
            draw(times),
            attempt=draw(st.integers(0, 2)),
            run_s=draw(times),
            lost_s=draw(times),
            speculative_s=draw(st.none() | times),
            killed=draw(st.integers(0, 2)),
        )
        for number in range(draw(st.integers(1, 4)))
    )
    workers = tuple(
        executor(
            number,
            begin=draw(times),
            end=draw(st.none() | times),
            cores=draw(st.integers(1, 64)),
            reason=draw(st.sampled_from(("", "Executor killed by driver."))),
            run_s=draw(times),
        )
        for number in range(draw(st.integers(1, 4)))
    )
    return application(draw(times), stages=stages, executors=workers)


@settings(max_examples=200, deadline=None)
@given(history=histories(), rate=st.floats(0, 100))
def test_the_sums_agree(history, rate):
    """Whatever the sources say."""
    receipt = receipt_of(history, Rates(core_hour=rate))
    assert receipt.used + receipt.idle == pytest.approx(receipt.held)
    assert receipt.useful + receipt.repeated + receipt.lost == pytest.approx(receipt.used, abs=1e-6)
    if receipt.speculative is not None:
        assert receipt.failed + receipt.speculative == pytest.approx(receipt.lost, abs=1e-6)
    assert receipt.idle_of_lost <= receipt.idle
    parts = (receipt.used, receipt.idle, receipt.useful, receipt.repeated, receipt.lost, receipt.idle_of_lost)
    assert min(parts) >= 0
    assert receipt.wasted == pytest.approx(receipt.held - receipt.useful)
    if receipt.held:
        assert receipt.wasted_price == pytest.approx(receipt.price * receipt.share(receipt.wasted), abs=1e-6)


def test_an_application_without_a_task_has_lost_none():
    receipt = receipt_of(replace(HISTORY, stages=(), executors=(replace(HISTORY.executors[0], run_s=0.0),)))
    assert (receipt.used, receipt.lost, receipt.speculative, receipt.useful) == (0, 0, 0, 0)
    assert receipt.unknown == ()
