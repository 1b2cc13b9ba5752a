"""Executors that end, from spark-submit's own lines."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.watch.observation import ExecutorExit
from airflow_spark_guard.core.watch.submit_log import SubmitLog
from tests.support.dialogue import DATA


def parsed_log(*lines):
    """One line a second."""
    log = SubmitLog()
    for at, line in enumerate(lines):
        log.read(line, float(at))
    return log


ADDED = "INFO StandaloneAppClient$ClientEndpoint: Executor added: app-1/{} on worker-20261121-10.0.0.7-39913 (10.0.0.7:39913) with 2 core(s)"
EXITED = "INFO StandaloneAppClient$ClientEndpoint: Executor updated: app-1/{} is now EXITED (Command exited with code {})"


def test_an_executor_that_never_registered_has_its_host_and_its_time():
    """A standalone master's grant names both."""
    log = parsed_log(ADDED.format(3), "INFO x: Executor", EXITED.format(3, 1))
    assert log.exits.take() == (ExecutorExit("3", "10.0.0.7", "Command exited with code 1", 2.0, 0.0),)
    assert log.exits.take() == ()
    assert log.exits.ended == 1


def test_every_spark_names_the_host():
    """Recorded output of 3.5 to 4.3: an executor that was killed."""
    for path in DATA.glob("*/submit.log"):
        (row,) = parsed_log(*path.read_text().splitlines()).exits.take()
        assert (row.id, row.host, row.reason) == ("0", "127.0.0.1", "Command exited with code 137")
        assert row.started < row.at


def test_other_managers_name_the_host_where_the_executor_registers():
    """And again where it is lost."""
    registered = (
        "INFO CoarseGrainedSchedulerBackend$DriverEndpoint: Registered executor "
        "NettyRpcEndpointRef(spark-client://Executor) (10.0.0.9:54321) with ID 4,  ResourceProfileId 0"
    )
    log = parsed_log(
        registered, "ERROR TaskSchedulerImpl: Lost executor 4 on 10.0.0.9: Executor Process Lost"
    )
    assert log.exits.take() == (ExecutorExit("4", "10.0.0.9", "Executor Process Lost", 1.0, 0.0),)


POD = (
    "26/11/20 10:00:00 ERROR TaskSchedulerImpl: Lost executor 5 on 10.0.0.9: ",
    "The executor with id 5 exited with exit code 143(SIGTERM).",
    "The API gave the following brief reason: Terminated",
    "The API gave the following message: {}",
    "",
    "The API gave the following container statuses:",
    "\t container name: spark-kubernetes-executor",
)


def test_a_reason_of_several_lines_is_read_whole():
    """On Kubernetes its first line is empty: a node's shutdown was an unknown reason, and counted."""
    shutdown = "Pod was terminated in response to imminent node shutdown."
    log = parsed_log(*(line.format(shutdown) for line in POD))
    assert (log.executor_exits, log.exits.ended) == (0, 1)
    (row,) = log.exits.take()
    assert (row.id, row.host, row.at) == ("5", "10.0.0.9", 0.0)
    assert row.reason.endswith(f"The API gave the following message: {shutdown}")
    log = parsed_log(*(line.format("N/A") for line in POD))
    assert log.executor_exits == 1


def test_a_reason_ends_with_the_next_line_of_the_log():
    """Or after some lines; the next executor's line is not lost."""
    begin = "26/11/20 10:00:00 ERROR TaskSchedulerImpl: Lost executor {} on h: "
    log = parsed_log(begin.format(1), "why", begin.format(2), "26/11/20 10:00:01 INFO X: y")
    assert [(row.id, row.reason) for row in log.exits.take()] == [("1", "why"), ("2", "")]
    log = parsed_log(begin.format(1), *["more"] * 50)
    assert log.exits.take()[0].reason == " ".join(["more"] * 8)


def test_a_loss_that_is_no_fault_is_told_and_not_counted():
    """The same rules as for the REST API."""
    log = parsed_log("ERROR TaskSchedulerImpl: Lost executor 1 on h: worker lost: h:1 got disassociated")
    assert log.executor_exits == 0
    assert [row.id for row in log.exits.take()] == ["1"]
    assert parsed_log("INFO S: Executor app-1/3 removed: Executor decommission: x").exits.take() == ()


def test_another_context_counts_its_executors_anew():
    """A script may stop its SparkContext and make another one: the ids begin at 0 again."""
    log = parsed_log(
        EXITED.format(0, 1), "INFO SparkContext: Running Spark version 4.2.0", EXITED.format(0, 1)
    )
    assert log.executor_exits == 2


REGISTERED = (
    "INFO CoarseGrainedSchedulerBackend$DriverEndpoint: Registered executor NettyRpcEndpointRef("
    "spark-client://Executor) (10.0.0.9:54321) with ID {},  ResourceProfileId 0"
)


@pytest.mark.parametrize(
    "gone",
    [
        EXITED.format(0, 137),
        "ERROR TaskSchedulerImpl: Lost executor 0 on 10.0.0.9: Executor heartbeat timed out after 1 ms",
        "ERROR TaskSchedulerImpl: Lost executor 0 on 10.0.0.9: Executor decommission: x",
        "INFO TaskSchedulerImpl: Executor 0 on 10.0.0.9 killed by driver.",
        "INFO TaskSchedulerImpl: Executor 0 on 10.0.0.9 is decommissioned after 1.0 seconds.",
        "INFO StandaloneAppClient$ClientEndpoint: Executor updated: app-1/0 is now KILLED",
    ],
)
def test_the_most_executors_at_once_are_counted(gone):
    """Those that have registered, until they go for whatever reason; one that was only granted is none."""
    log = parsed_log(ADDED.format(0), *(REGISTERED.format(number) for number in (0, 1, 1)))
    assert log.executor_peak == 2
    log.read(gone)
    log.read(REGISTERED.format(2))
    assert log.executor_peak == 2
    log.read(REGISTERED.format(3))
    assert log.executor_peak == 3
    log.read("INFO SparkContext: Running Spark version 4.2.0")
    log.read(REGISTERED.format(0))
    assert log.executor_peak == 1


def test_executors_that_come_and_go_for_weeks_are_few_at_once():
    """Dynamic allocation: a budget by all that ever were would hide a loop."""
    log = SubmitLog()
    for number in range(1000):
        log.read(REGISTERED.format(number))
        log.read(f"INFO TaskSchedulerImpl: Executor {number} on 10.0.0.9 killed by driver.")
    assert log.executor_peak == 1


def test_a_loop_of_crashes_is_bounded():
    """The newest 50 by name, all of them by number."""
    log = parsed_log(*(EXITED.format(number, 1) for number in range(1000)))
    assert log.executor_exits == 1000
    assert [row.id for row in log.exits.take()] == [str(number) for number in range(950, 1000)]
