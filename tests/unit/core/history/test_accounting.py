"""The account of an attempt while it runs."""

import time

from airflow_spark_guard.core.history.accounting import Accounting
from airflow_spark_guard.core.history.cost import receipt_of
from airflow_spark_guard.core.history.of_record import history_of_record
from airflow_spark_guard.core.watch.observation import (
    DriverView,
    Executor,
    ExecutorExit,
    Inside,
    Observation,
)

START = 1_800_000_000.0
CONF = {"spark.task.cpus": "2", "spark.master": "spark://h:7077"}
OBSERVATIONS = (
    Observation(5.0, driver=DriverView(1, executors=(Executor("1", active=True, added=START + 1, cores=4),))),
    Observation(
        15.0,
        driver=DriverView(
            1,
            executors=(
                Executor("1", active=True, added=START + 1, cores=4, run_ms=9000),
                Executor(
                    "2",
                    active=False,
                    added=START + 2,
                    removed=START + 9,
                    reason="exit code 137",
                    cores=4,
                    run_ms=2000,
                ),
                Executor(
                    "3", active=False, added=START + 2, removed=START + 4, reason="killed by driver", cores=4
                ),
            ),
        ),
    ),
)


def test_the_account_is_the_receipt_that_the_report_makes_of_the_record():
    """One place decides; nothing is parsed for it."""
    account = Accounting(START)
    for one in OBSERVATIONS:
        account.observe(one)
    cost = account.cost(CONF, 21.0, succeeded=True)
    summary = {"started_at": START, "ended_at_s": 21.0, "conf": CONF}
    receipt = receipt_of(history_of_record(summary, OBSERVATIONS))
    assert (cost["held_core_s"], cost["used_core_s"], cost["idle_core_s"]) == (
        receipt.held,
        receipt.used,
        receipt.idle,
    )
    assert (cost["held_core_s"], cost["used_core_s"]) == (20 * 4 + 7 * 4 + 2 * 4, 22.0)
    assert cost["executor_losses"] == 1, "one was removed on purpose"


def test_without_an_observation_there_is_none():
    """One that saw nothing of Spark is none either."""
    account = Accounting(START)
    assert account.cost(CONF, 1.0, succeeded=True) is None
    account.observe(Observation(1.0, blind="refused"))
    assert account.cost(CONF, 1.0, succeeded=True) is None


def test_an_executor_that_the_driver_never_showed_leaves_the_losses_alone():
    """Its cores are not known."""
    account = Accounting(START)
    account.observe(Observation(6.0, exits=(ExecutorExit("1", "h", "exit code 137", 5.0),)))
    cost = account.cost(CONF, 9.0, succeeded=False)
    assert cost["held_core_s"] is cost["wasted_core_s"] is None
    assert cost["executor_losses"] == 1


def test_the_losses_of_a_crash_loop_are_those_that_spark_submit_has_printed():
    """An observation names the newest 50 only. Those after the end of the script do not count."""
    account = Accounting(START)
    for look in (1, 2):
        newest = range(200 * look - 50, 200 * look)
        exits = tuple(ExecutorExit(str(number), "h", "exit code 1", 6.0 * look) for number in newest)
        account.observe(Observation(6.0 * look, exits=exits, executor_exits=200 * look))
    for end in ({"inside": Inside(ended=True)}, {"driver_gone_at": 15.0}):
        account.observe(Observation(15.0, executor_exits=450, **end))
    assert account.cost(CONF, 20.0, succeeded=False)["executor_losses"] == 400


def test_more_losses_than_were_printed_are_those_of_the_driver():
    """The two sources report one set of losses."""
    account = Accounting(START)
    gone = [
        Executor(str(number), active=False, added=START, removed=START + 4, reason="exit code 1", cores=1)
        for number in range(3)
    ]
    account.observe(Observation(6.0, driver=DriverView(1, executors=tuple(gone)), executor_exits=2))
    assert account.cost(CONF, 9.0, succeeded=False)["executor_losses"] == 3


def test_a_thousand_executors_cost_little():
    """Each observation, of which there is one every few seconds."""
    rows = tuple(Executor(str(number), active=True, added=START, cores=4) for number in range(1000))
    account = Accounting(START)
    begin = time.process_time()
    for at in range(10):
        account.observe(Observation(float(at), driver=DriverView(1, executors=rows)))
    assert time.process_time() - begin < 1.0
