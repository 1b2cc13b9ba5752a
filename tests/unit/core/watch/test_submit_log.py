import re

import pytest

from airflow_spark_guard.core.watch.submit_log import SubmitLog
from tests.support.calls import calls_of
from tests.support.dialogue import DATA, recorded


def parsed_log(*lines):
    log = SubmitLog()
    for line in lines:
        log.read(line)
    return log


@pytest.mark.parametrize("version", sorted(path.parent.name for path in DATA.glob("*/submit.log")))
def test_the_output_of_every_spark_is_understood(version):
    """One executor was killed; three lines say so."""
    log = parsed_log(*(DATA / version / "submit.log").read_text().splitlines())
    assert (log.executor_exits, log.exit_reason) == (1, "Command exited with code 137")
    assert log.application_id == recorded(version, "master")["activeapps"][0]["id"]
    assert re.fullmatch(r"http://[\w.]+:\d+", log.ui_url)


def test_each_executor_is_counted_once():
    """Whatever says so, and however often."""
    log = parsed_log(
        "INFO StandaloneAppClient$ClientEndpoint: Executor updated: app-1/3 is now EXITED (Command exited with code 1)",
        "INFO StandaloneSchedulerBackend: Executor app-1/3 removed: Command exited with code 1",
        "ERROR TaskSchedulerImpl: Lost executor 3 on 10.0.0.1: Command exited with code 1",
        "ERROR TaskSchedulerImpl: Lost executor 4 on 10.0.0.1: Executor heartbeat timed out after 22647 ms",
    )
    assert (log.executor_exits, log.exit_reason) == (2, "Executor heartbeat timed out after 22647 ms")


@pytest.mark.parametrize(
    "line",
    [
        "INFO StandaloneAppClient$ClientEndpoint: Executor updated: app-1/3 is now RUNNING",
        "INFO StandaloneAppClient$ClientEndpoint: Executor updated: app-1/3 is now KILLED",
        "INFO StandaloneSchedulerBackend: Executor app-1/3 removed: Executor decommission: scale in",
        "INFO TaskSchedulerImpl: Executor 3 on 10.0.0.1 killed by driver.",
        "INFO StandaloneSchedulerBackend: Granted executor ID app-1/3 on hostPort 10.0.0.1:1 with 1 core(s)",
        "an Executor of the job's own",
    ],
)
def test_what_is_no_loss_is_not_counted(line):
    """Dynamic allocation, decommission, and the job's own words."""
    assert parsed_log(line) == SubmitLog()


def test_a_job_without_resources_is_counted():
    """Spark says so every 15 s."""
    line = (
        "WARN TaskSchedulerImpl: Initial job has not accepted any resources; check your cluster UI to ensure"
    )
    assert parsed_log(line, line).starved == 2


def test_yarn_names_the_application_in_other_words():
    """The name of an application is not its id."""
    log = parsed_log("INFO YarnClientImpl: Submitted application application_1700000000000_0042")
    assert log.application_id == "application_1700000000000_0042"
    assert parsed_log("INFO SparkContext: Submitted application: my job").application_id == ""


@pytest.mark.parametrize(
    ("lines", "url", "here"),
    [
        (["Start Jetty 0.0.0.0:0 for SparkUI", "Successfully started service 'SparkUI' on port 4041."], "http://127.0.0.1:4041", True),
        (["Start Jetty 10.1.2.3:0 for SparkUI", "Successfully started service 'SparkUI' on port 4041."], "http://10.1.2.3:4041", False),
        (["Successfully started service 'SparkUI' on port 4041."], "http://127.0.0.1:4041", True),
        (["Start Jetty 0.0.0.0:0 for SparkUI"], "", False),
        (["Bound SparkUI to 0.0.0.0, and started at http://host:4040"], "http://host:4040", False),
        (["Service 'SparkUI' could not bind on port 4040. Attempting port 4041."], "", False),
    ],
)  # fmt: skip
def test_the_address_of_the_ui_is_heard(lines, url, here):
    """The port alone is no address, and one of this machine is none for others."""
    log = parsed_log(*lines)
    assert (log.ui_url, log.ui_is_here) == (url, here)


def test_what_it_keeps_is_bounded_and_fit_to_be_shown():
    """Any line may be the job's own."""
    log = parsed_log("Lost executor 1 on h: \x1b[2J password=hunter2 " + "x" * 10_000)
    assert log.exit_reason.startswith("[2J password=****** x")
    assert len(log.exit_reason) == 300


def test_an_ordinary_line_costs_one_look():
    """For plain words; the patterns are left alone."""
    line, log = "2026-11-20 INFO my.job: row 17 of 1000000 done, accuracy 0.93", SubmitLog()
    assert calls_of(lambda: log.read(line)) < 25


LARGE = (
    "26/11/20 10:00:00 WARN TaskSetManager: Stage {} contains a task of very large size ({} KiB). The maximum "
    "recommended task size is 1000 KiB."
)
BINARY = "26/11/20 10:00:00 WARN DAGScheduler: Broadcasting large task binary with size {}"


def test_a_large_task_is_said_once_for_each_stage():
    """With its size, and what to do."""
    log = parsed_log(LARGE.format(3, 20480), LARGE.format(3, 20480), LARGE.format(4, 1001))
    first, second = log.oversized
    assert first == (
        "Each task of stage 3 gets 20.0 MiB from the driver: data created there (parallelize, "
        "createDataFrame). Read the data from storage, or use more partitions."
    )
    assert second.startswith("Each task of stage 4 gets 1.0 MiB")


def test_a_large_closure_is_said_once():
    """Spark says so for every stage that has it."""
    (text,) = parsed_log(BINARY.format("5.2 MiB"), BINARY.format("7.0 MiB")).oversized
    assert text == (
        "Spark sends 5.2 MiB of code with a stage: a function or a plan of the script refers to a large object. "
        "Pass it to SparkContext.broadcast() once, or load it inside the function."
    )


@pytest.mark.parametrize(
    "line",
    [
        "Stage x contains a task of very large size (9 KiB)",
        BINARY.format("password=hunter2"),
        "a large task binary of the job's own",
        LARGE.format(3, "9" * 50),
    ],
)
def test_what_is_no_size_is_not_said(line):
    """Only figures and units are taken from a line."""
    assert parsed_log(line) == SubmitLog()


def test_ten_sizes_are_enough():
    """A job of thousands of stages has a short log."""
    assert len(parsed_log(*(LARGE.format(stage, 5000) for stage in range(99))).oversized) == 10


def test_executors_that_go_with_their_context_do_not_count():
    """They are told to; the next context of the script has its own."""
    exit_line = "INFO StandaloneSchedulerBackend: Executor app-1/{} removed: Command exited with code 143"
    log = parsed_log(
        "INFO SparkContext: Invoking stop() from shutdown hook",
        exit_line.format(1),
        "INFO SparkContext: Running Spark version 4.2.0",
        exit_line.format(2),
        "INFO SparkContext: SparkContext is stopping with exitCode 0 from stop at <unknown>:0.",
        exit_line.format(3),
    )
    assert log.executor_exits == 1


SLOW = (
    "/venv/pyspark/sql/pandas/conversion.py:687: UserWarning: {} attempted Arrow optimization because "
    "'spark.sql.execution.arrow.pyspark.enabled' is set to true{}"
)


def test_the_slow_way_around_arrow_is_said_once_for_each_call():
    """It worked, so it is advice; where Spark does not go on without Arrow, its error says so."""
    on = "; however, failed by the reason below:"
    log = parsed_log(*(SLOW.format(call, on) for call in ("createDataFrame", "toPandas", "createDataFrame")))
    first, second = log.oversized
    assert first == (
        "createDataFrame falls back to the slow way: Arrow cannot convert the values of a column, see Spark's "
        "warning in the output. The job continues. Use one type for each column, and unique names, to make it fast."
    )
    assert second.startswith("toPandas falls back")
    assert (
        parsed_log(SLOW.format("toPandas", ", but has reached the error below and can not continue."))
        == SubmitLog()
    )
