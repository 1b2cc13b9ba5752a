"""Executors against the driver, as rows and as text."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.job.instruments.executors.environment_report import (
    EnvironmentReport,
    report_of,
    report_of_failure,
    table,
)

DRIVER = {
    "host": "driver",
    "executor": "",
    "python": "3.11.7",
    "distributions": {"numpy": "2.4.6", "pandas": "2.3.3", "pyarrow": ""},
    "modules": {"my_utils": "aaaa", "my_package.part": "bbbb"},
}


def answer(host, executor="e1", **changes):
    return {**DRIVER, "host": host, "executor": executor, **changes}


def test_equal_executors():
    """Tasks of one executor count once."""
    report = report_of(DRIVER, [answer("n1"), answer("n1"), answer("n1", "e2"), answer("n2")], 4)
    assert report.is_equal
    assert report.hosts == ("n1", "n1", "n2")
    assert (
        str(report)
        == """\
Executors that answered: 3 of 4 (n1 x2, n2)
They have what the driver has:
  what                    driver
  python                  3.11.7
  numpy                   2.4.6
  pandas                  2.3.3
  module my_utils         aaaa
  module my_package.part  bbbb"""
    )


def test_differences_with_their_cure():
    """What the driver lacks itself is not compared."""
    theirs = {"numpy": "1.26.4", "pandas": "", "pyarrow": "26.0.1"}
    modules = {"my_utils": "", "my_package.part": "cccc"}
    report = report_of(DRIVER, [answer("n1", distributions=theirs, modules=modules), answer("n2")], None)
    assert not report.is_equal
    assert (
        str(report)
        == """\
Executors that answered: 2 (n1, n2)
  what                    driver  executor  host  do
  numpy                   2.4.6   1.26.4    n1    install the driver's version on executors
  pandas                  2.3.3   missing   n1    install it on executors
  module my_utils         aaaa    missing   n1    send it with ship_modules(spark, 'my_utils')
  module my_package.part  bbbb    cccc      n1    send the driver's with ship_modules(spark, 'my_package')"""
    )
    row = report.differences[1]
    assert (row.what, row.driver, row.executor, row.host) == ("pandas", "2.3.3", "missing", "n1")


def test_another_python_is_a_difference():
    """Of the last digit; Spark refuses the others itself."""
    (row,) = report_of(DRIVER, [answer("n1", python="3.11.9")], 1).differences
    assert (row.what, row.cure) == ("python", "set PYSPARK_PYTHON to the driver's version on executors")


def test_the_report_is_plain_json():
    """With what a reader asks first."""
    report = report_of(DRIVER, [answer("n1", python="3.11.9")], 1)
    found = json.loads(json.dumps(report.to_dict()))
    assert found["is_equal"] is False
    assert found["differences"][0]["executor"] == "3.11.9"


@pytest.mark.parametrize(
    "error",
    [
        (
            "Job aborted.\n[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.10 than that in "
            "driver: 3.11, PySpark cannot run with different minor versions."
        ),
        "Python in worker has different version (3, 10) than that in driver 3.11, PySpark cannot run with",
    ],
)
def test_spark_refuses_another_minor_version(error):
    """Of its error, in both forms, follows a row."""
    report = report_of_failure(DRIVER, error, 2)
    (row,) = report.differences
    assert (row.driver, row.executor) == ("3.11", "3.10")
    assert not report.is_equal
    assert str(report).startswith("Executors that answered: 0 of 2 (-)\nFailure: ")


@pytest.mark.parametrize(("error", "failure"), [("\n \x1b[2JLost\nmore", "\ufffd[2JLost"), ("", "unknown")])
def test_any_other_failure_is_shown(error, failure):
    """Its first line, without control characters."""
    report = report_of_failure(DRIVER, error, None)
    assert (report.failure, report.differences) == (failure, ())


def test_rows_are_bounded_and_printable():
    """Whatever executors answer."""
    answers = [answer(f"n\x1b{at}", str(at), python=f"9.{at}") for at in range(200)]
    report = report_of(DRIVER, answers, 200)
    assert len(report.differences) == 100
    assert "\x1b" not in str(report)


def test_a_report_without_answers_is_not_equal():
    """Nor does it claim differences."""
    report = EnvironmentReport(hosts=(), executors=1, driver={}, differences=())
    assert not report.is_equal
    assert str(report) == "Executors that answered: 0 of 1 (-)"


def test_columns_are_aligned():
    """Without blanks at the end."""
    assert table([("a", "bb"), ("ccc", "d")]) == ["  a    bb", "  ccc  d"]
