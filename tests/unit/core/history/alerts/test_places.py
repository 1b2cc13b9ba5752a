"""Where an alert is, and the line of the user's Python."""

from airflow_spark_guard.core.history.alerts.places import (
    capital,
    execution_place,
    executor_name,
    job_place,
    stage_place,
    text,
)
from airflow_spark_guard.core.history.model import ApplicationHistory
from tests.support.histories import application, execution, executor, job, stage


def line(name="", details="", call="", description=""):
    one = stage(4, 0, 1, name=name, details=details, call=call, execution=7)
    history = application(executions=(execution(7, description=description),))
    return stage_place(history, one).line


def test_the_line_is_the_first_that_names_a_python_file():
    """Spark's call of a stage, its name, its call stack, then the description of its execution."""
    assert line(call="count at /a/my job.py:3") == "count at /a/my job.py:3"
    assert line(name="collect at job.py:12") == "collect at job.py:12"
    assert line(name="parquet at X.java:0", description="toPandas at /a/q.py:60") == "toPandas at /a/q.py:60"
    assert line(details='java.lang.X\n  File "/a/q.py:60"\n') == "/a/q.py:60"


def test_without_python_the_line_is_sparks_own_call():
    assert line(name="count at <unknown>:0") == "count at <unknown>:0"
    assert line() == ""


def test_a_later_attempt_of_a_stage_is_named():
    assert stage_place(ApplicationHistory(), stage(4, 0, 1)).where == "stage 4"
    assert stage_place(ApplicationHistory(), stage(4, 0, 1, attempt=2)).where == "stage 4, attempt 2"


def test_jobs_executions_and_executors_have_names():
    assert execution_place(ApplicationHistory(), execution(3)) == ("execution 3", "count at /jobs/job.py:3")
    assert job_place(ApplicationHistory(), job(5, 0, 1)) == ("job 5", "count at /jobs/job.py:5")
    assert executor_name(executor(2)) == "executor 2 on host2"
    assert executor_name(executor(2, host="")) == "executor 2"
    assert capital("executor 2 on Host.x") == "Executor 2 on Host.x"


def test_a_description_of_the_user_hides_no_line():
    """``setJobDescription`` replaces Spark's own."""
    history = application(stages=(stage(5, 0, 1, execution=3),))
    assert execution_place(history, execution(3, description="nightly")).line == "count at /jobs/job.py:5"
    assert job_place(history, job(5, 0, 1, description="nightly")).line == "count at /jobs/job.py:5"
    assert execution_place(history, execution(4, description="nightly")).line == "nightly"
    assert job_place(history, job(4, 0, 1, description="nightly")).line == "nightly"


def test_text_of_the_job_is_masked_one_line_and_bounded():
    shown = text("password=hunter2hunter2 a\n\x1b[31mb " + "c" * 500)
    assert "hunter2" not in shown
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert len(shown) == 200
