import json
import os
import subprocess
import sys

import pytest

from airflow_spark_guard.core.conf.conf_lint import lint
from airflow_spark_guard.core.conf.effective_conf import ConfValue

pytestmark = pytest.mark.spark

PLUGIN = {"spark.plugins": "org.apache.spark.deploy.DriverTimeoutPlugin"}
REFUSED = [
    {"spark.executor.heartbeatInterval": "120s"},
    {"spark.network.timeout": "30s"},
    {"spark.network.timeout": "2 minutes"},
    {"spark.rpc.message.maxSize": "2048"},
    {"spark.kryoserializer.buffer.max": "2g"},
    {"spark.task.cpus": "2"},
    {"spark.driver.timeout": "-1min", **PLUGIN},
    {"spark.executor.extraJavaOptions": "-Xmx2g"},
    {"spark.memory.fraction": "0"},
    {"spark.memory.offHeap.enabled": "true"},
    {"spark.network.crypto.enabled": "true"},
    {"spark.scheduler.listenerbus.eventqueue.capacity": "0"},
    {"spark.serializer": "org.apache.spark.serializer.Kryo"},
    {"spark.executor.memory": "449m"},
    {"spark.scheduler.mode": "FAIRR"},
    {"spark.submit.deployMode": "cleint"},
    {"spark.sql.shuffle.partitions": "many"},
    {"spark.io.compression.codec": "gzip"},
    {"spark.broadcast.blockSize": "3g"},
    {"spark.excludeOnFailure.enabled": "true", "spark.task.maxFailures": "2"},
]
ACCEPTED = [
    {},
    {"spark.speculation": "true", "spark.speculation.quantile": "2.0"},
    {"spark.task.maxFailures": "0"},
    {"spark.executor.heartbeatInterval": "119s"},
    {"spark.netwrok.timeout": "banana"},
]
# One JVM for all: a context for each conf, a job, and what came of it.
PROBE = """
import json, sys, time
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

def outcome(conf):
    settings = SparkConf().setMaster("local[1]").setAppName("probe").set("spark.ui.enabled", "false")
    for key, value in conf.items():
        settings.set(key, value)
    context = None
    try:
        context = SparkContext(conf=settings)
        session = SparkSession(context)
        session.range(10).repartition(2).count()
        session.stop()
        return "accepted"
    except Exception as error:
        if context is not None:
            try:
                SparkSession.builder.getOrCreate().stop()
            except Exception:
                pass
            context.stop()
        return str(error)[:300]

print(json.dumps([outcome(conf) for conf in json.loads(sys.argv[1])]))
"""


def test_spark_refuses_what_we_call_an_error_and_takes_the_rest():
    """An error is nothing that could have worked."""
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, "-c", PROBE, json.dumps([*ACCEPTED, *REFUSED])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    for conf, outcome in zip([*ACCEPTED, *REFUSED], said, strict=True):
        values = {key: ConfValue(value, "conf") for key, value in conf.items()}
        errors = [p for p in lint(values, spark_version=(4, 2), master="local[1]") if p.severity == "error"]
        assert (outcome == "accepted") == (not errors) == (conf in ACCEPTED), (conf, outcome, errors)
        assert "Only one SparkContext" not in outcome, conf
