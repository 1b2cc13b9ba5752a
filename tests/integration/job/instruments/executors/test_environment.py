"""Executors whose Python differs from the driver's, found by one job."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

import pytest

from airflow_spark_guard.job.instruments.executors.environment import check_environment
from tests.support.local_cluster import local_cluster

pytestmark = pytest.mark.spark
# Executor 0 finds no installed package; a worker runs in a folder of its executor's number.
PYTHON = """\
#!/bin/sh
case "$PWD" in
  */0) exec '{python}' -S "$@" ;;
  *) exec '{python}' "$@" ;;
esac
"""


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    python = tmp_path_factory.mktemp("python") / "python"
    python.write_text(PYTHON.format(python=sys.executable))
    python.chmod(0o755)
    with local_cluster(str(python)) as session:
        yield session


@pytest.fixture
def only_here(tmp_path, monkeypatch):
    """A module on the driver's path alone."""
    (tmp_path / "checked_utils.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)


def test_what_one_executor_lacks_and_what_both_lack(spark, only_here):
    """Nothing is imported; modules of the standard library are equal."""
    report = check_environment(spark, ["checked_utils", "json", "no_such_module"])
    assert (len(report.hosts), report.executors, report.failure) == (2, 2, "")
    rows = {(row.what, row.driver, row.executor) for row in report.differences}
    # Of one executor: the other has them.
    lacking = {(name, version(name), "missing") for name in ("numpy", "pandas", "pyarrow")}
    missing = [row for row in report.differences if row.what == "module checked_utils"]
    assert rows == lacking | {("module checked_utils", missing[0].driver, "missing")}
    text = str(report)
    assert text.startswith("Executors that answered: 2 of 2 (")
    assert "send it with ship_modules(spark, 'checked_utils')" in text
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_stopped_session_is_a_failure_in_the_report(spark):
    """Last in this file: nothing is raised."""
    spark.stop()
    report = check_environment(spark, ["json"])
    assert (report.hosts, report.is_equal) == ((), False)
    assert report.failure
