"""Tasks that failed, stages that ran again."""

from airflow_spark_guard.core.history.alerts.failures import FailedTasks, RepeatedStages
from tests.support.histories import application, stage, task


def test_failed_tasks_are_a_share_of_all_that_ended():
    bad = stage(
        2, 0, 9, *[1.0] * 6, failed=4, lost_s=40.0, slowest=(task(1, 9, failure="ValueError: x\nat y"),)
    )
    (alert,) = FailedTasks().alerts(application(stages=(stage(1, 0, 9, *[1.0] * 10), bad)))
    assert (alert.severity, alert.figure, alert.limit, alert.where) == ("warning", "20%", "10%", "stage 2")
    assert alert.what == (
        "4 task attempts failed, 20% (limit: 10%) of 20; stage 2 had most of them. One reason: ValueError: x at y"
    )
    assert alert.wasted_core_seconds == 40


def test_one_failure_is_an_info_and_half_is_critical():
    for failed, done, severity in ((1, 99, "info"), (6, 4, "critical")):
        one = stage(2, 0, 9, *[1.0] * done, failed=failed, failure="Job aborted")
        (alert,) = FailedTasks().alerts(application(stages=(one,)))
        assert alert.severity == severity
        assert alert.what.endswith("One reason: Job aborted")


def test_without_a_failure_there_is_no_alert():
    assert list(FailedTasks().alerts(application(stages=(stage(1, 0, 9, 1.0, killed=5),)))) == []


def test_a_python_workers_traceback_gives_the_exception_and_the_users_line():
    """As Spark 4.2 writes it."""
    reason = (
        "org.apache.spark.api.python.PythonException: [PYTHON_EXCEPTION] An exception was thrown from the Python "
        "worker: Traceback (most recent call last):\n"
        '  File "/venv/site-packages/pyspark/core/rdd.py", line 703, in func\n    return f(iterator)\n'
        '  File "/jobs/waste.py", line 16, in fails\n    raise ValueError("row 5 is bad")\n'
        "ValueError: row 5 is bad\n SQLSTATE: 38000\n\tat org.apache.spark.Error: x"
    )
    one = stage(2, 0, 9, 1.0, failed=1, slowest=(task(1, 9, failure=reason),))
    (alert,) = FailedTasks().alerts(application(stages=(one,)))
    assert alert.what.endswith("One reason: ValueError: row 5 is bad")
    assert alert.line == "/jobs/waste.py:16, fails"


def test_an_unknown_reason_and_an_unknown_loss_are_left_open():
    (alert,) = FailedTasks().alerts(application(stages=(stage(2, 0, 9, 1.0, failed=1, lost_s=None),)))
    assert alert.what.endswith("The reason is not known.")
    assert alert.wasted_core_seconds is None


def test_attempts_after_the_first_are_counted_with_sparks_reason():
    stages = (
        stage(1, 0, 9, 1.0, failure="FetchFailed from executor 3"),
        stage(1, 9, 12, 5.0, attempt=1),
        stage(1, 12, 15, 7.0, attempt=2),
    )
    (alert,) = RepeatedStages().alerts(application(stages=stages))
    assert (alert.severity, alert.figure, alert.where) == ("warning", "2 attempts", "stage 1, attempt 2")
    assert alert.what == (
        "Spark ran stages again in 2 attempts (limit: 1 attempt); stage 1, attempt 2 was the last. Spark's reason: FetchFailed "
        "from executor 3"
    )
    assert alert.wasted_core_seconds == 12
    assert list(RepeatedStages().alerts(application(stages=stages[:1]))) == []
    (alert,) = RepeatedStages().alerts(application(stages=(stage(1, 9, 12, 5.0, attempt=1, run_s=None),)))
    assert alert.what.endswith("Spark gave no reason.")
    assert (alert.severity, alert.wasted_core_seconds) == ("info", None)


def test_the_reason_is_known_if_no_task_that_failed_is_among_the_longest():
    one = stage(2, 0, 9, 1.0, failed=1, slowest=(task(1, 9),), task_failure="a.OutOfMemory: x\n\tat b.C")
    (alert,) = FailedTasks().alerts(application(stages=(one,)))
    assert alert.what.endswith("One reason: a.OutOfMemory: x")
