"""Our rules for masters against Spark's own parsers, asked through one JVM."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from airflow_spark_guard.core.master import master_problem
from tests.unit.core.test_master import ACCEPTED, REFUSED

pytestmark = pytest.mark.spark

ALPHABET = ["h", "a1", "1", "-", "_", ".", ":", "7077", ",", "/", "[::1]", "10.0.0.1", "%", "\u00e9", "x-y.z"]
# What Spark's parser lets pass and what no socket takes.
STRICTER = ("has a port that is not valid", "has a number that is not valid")
PROBE = """
import json, sys
from pyspark.java_gateway import launch_gateway
jvm = launch_gateway().jvm
utils, regex = jvm.org.apache.spark.util.Utils, jvm.org.apache.spark.SparkMasterRegex
local = [regex.LOCAL_N_REGEX(), regex.LOCAL_N_FAILURES_REGEX(), regex.LOCAL_CLUSTER_REGEX()]

def parsed(master):
    if master in ("local", "yarn"):
        return True
    try:
        if master.startswith("spark://"):
            hosts = java_split(master[8:])
            for host in hosts:
                utils.extractHostPortFromSparkUrl("spark://" + host)
            return bool(hosts)
        if master.startswith("k8s"):
            utils.checkAndGetK8sMasterUrl(master)
            return True
        return any(one.pattern().matcher(master).matches() for one in local)
    except Exception:
        return False

def java_split(text):
    parts = text.split(",")
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts

print("ANSWER" + json.dumps([parsed(master) for master in json.load(sys.stdin)]))
"""


def asked(masters):
    done = subprocess.run(
        [sys.executable, "-c", PROBE], input=json.dumps(masters), capture_output=True, text=True, timeout=300
    )
    answer = next(line for line in done.stdout.splitlines() if line.startswith("ANSWER"))
    return dict(zip(masters, json.loads(answer.removeprefix("ANSWER")), strict=True))


def test_our_rules_are_sparks():
    """The listed masters, and three thousand of random parts."""
    pick = random.Random(11)  # noqa: S311 - test data
    random_ones = ["spark://" + "".join(pick.choices(ALPHABET, k=pick.randint(0, 6))) for _ in range(3000)]
    listed = [master for master in ACCEPTED if "-mine://" not in master]
    answers = asked([*listed, *(master for master, *_ in REFUSED if "\0" not in master), *random_ones])
    wrong = []
    for master, accepted in answers.items():
        problem = master_problem(master, (4, 2))
        if (problem is None) == accepted:
            continue
        if problem is not None and (problem.why in STRICTER or master.startswith("k8s://")):
            continue  # where Spark would fail later
        wrong.append((master, accepted, problem))
    assert wrong == []
