"""What is measured of a function is what a real Spark sends: on two executors, over RDDs and UDFs of each kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.spark

JOB = Path(__file__).parent / "jobs" / "send_closures.py"
TOTAL = sum(range(100))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the job prints. A ``local-cluster`` works in its home's ``work``: the home is one of links."""
    home = tmp_path_factory.mktemp("spark")
    for entry in Path(pyspark.__file__).parent.iterdir():
        if entry.name != "work":
            (home / entry.name).symlink_to(entry)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, str(JOB)], env=environ, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def row(found, name):
    (one,) = (one for one in found["rows"] if one["name"] == name)
    return one


@pytest.mark.parametrize(
    ("name", "path", "broadcast"),
    [
        ("global", "TABLE", True),
        ("global below 1 MiB", "SMALL", False),
        ("before", "self.model.weights", True),
        ("udf", "TABLE", True),
        ("udf below 1 MiB", "SMALL", False),
        ("Arrow udf", "TABLE", True),
        ("pandas udf", "TABLE", True),
    ],
)
def test_the_size_is_within_one_percent_of_what_spark_sends(found, name, path, broadcast):
    """Above 1 MiB Spark broadcasts it without a line in its log."""
    one = row(found, name)
    assert one["measured"] / one["sent"] == pytest.approx(1, abs=0.01)
    assert (one["path"], one["broadcast"]) == (path, broadcast)


def test_a_udf_below_the_limit_is_measured_to_the_byte(found):
    """Nothing is wrapped around it."""
    one = row(found, "udf below 1 MiB")
    assert one["measured"] == one["sent"]


def test_what_pyspark_wraps_around_a_function_is_about_two_kibibytes(found):
    """The difference for a function that captures nothing."""
    one = row(found, "tiny")
    assert 0 <= one["sent"] - one["measured"] < 4096
    assert one["result"] == TOTAL


def test_the_fix_of_the_advice_makes_the_function_small(found):
    """The function of mapPartitions that captured ``self`` with a model: the same result, a thousandth of it."""
    before, after = row(found, "before"), row(found, "after")
    assert "(`scale = self.scale`) before the function" in before["advice"]
    assert after["sent"] < before["sent"] / 1000
    assert before["result"] == after["result"] == 2 * TOTAL


def test_a_broadcast_is_not_counted_and_still_arrives(found):
    """Measuring leaves no trace of it for the function that is sent next."""
    one = row(found, "broadcast")
    assert one["sent"] < 5000
    assert one["result"] == TOTAL


def test_a_session_in_self_is_found_before_spark_fails(found):
    """With its path."""
    assert found["refused"] == "self.session"


def test_a_broadcast_value_is_measured_to_the_byte(found):
    """As ``Broadcast.dump`` writes it."""
    measured, sent = found["value"]
    assert measured == sent
