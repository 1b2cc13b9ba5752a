"""Which applications spark-submit can run."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.application import check_application
from airflow_spark_guard.core.errors import ApplicationError


@pytest.mark.parametrize(
    ("application", "java_class"),
    [
        ("/x/job.py", None),
        ("file:///x/job.py", None),
        ("/x/job.jar", None),
        ("/x/app", "org.x.Main"),
        ("/x/j.R", None),
        ("spark-internal", "org.x.Main"),
    ],
)
def test_what_spark_runs_is_accepted(application, java_class):
    """Python, jars, R; whatever it is called when a class is named."""
    check_application(application, java_class, lambda _: True)


def test_a_remote_application_is_not_looked_for():
    """Spark fetches it itself."""
    check_application("s3a://bucket/job.py", None, lambda _: False)


@pytest.mark.parametrize(
    ("application", "what"),
    [
        ("", "No application to submit."),
        ("/x/job.py", "The application was not found."),
        ("hdfs://host/x/job.txt", "The application is not a Python file."),
    ],
)
def test_anything_else_is_named(application, what):
    """What is wrong, what was got, what to do."""
    with pytest.raises(
        ApplicationError, match=f"^{what}\n  got: .+\n  expected: a .py file .*\n  do: "
    ) as caught:
        check_application(application, None, lambda _: False)
    assert (application or "an empty text") == caught.value.got
