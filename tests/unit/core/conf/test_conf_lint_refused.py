import pytest

from airflow_spark_guard.core.conf.conf_lint_refused import REFUSED
from airflow_spark_guard.core.conf.conf_view import ConfView
from airflow_spark_guard.core.conf.effective_conf import ConfValue
from airflow_spark_guard.core.conf.known_confs import known_confs

KRYO = {"spark.serializer": "org.apache.spark.serializer.KryoSerializer"}
DYNAMIC = {
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.minExecutors": "5",
    "spark.dynamicAllocation.maxExecutors": "2",
}
PLUGIN = {"spark.plugins": "org.apache.spark.deploy.DriverTimeoutPlugin"}


def keys(conf, master="spark://worker-1:7077", version=(4, 2), origin="conf"):
    values = {key: ConfValue(value, origin) for key, value in conf.items()}
    view = ConfView(values, known_confs(), master, version)
    found = [problem for rule in REFUSED for problem in rule(view)]
    for problem in found:
        assert problem.severity == "error"
        assert problem.expected
        assert problem.advice
    return [problem.key for problem in found]


@pytest.mark.parametrize(
    ("conf", "key"),
    [
        ({"spark.executor.heartbeatInterval": "120s"}, "spark.executor.heartbeatInterval"),
        ({"spark.network.timeout": "30s"}, "spark.network.timeout"),
        (
            {"spark.storage.blockManagerHeartbeatTimeoutMs": "50s"},
            "spark.storage.blockManagerHeartbeatTimeoutMs",
        ),
        ({"spark.rpc.message.maxSize": "2048"}, "spark.rpc.message.maxSize"),
        ({"spark.memory.fraction": "1.1"}, "spark.memory.fraction"),
        ({"spark.memory.fraction": "0"}, "spark.memory.fraction"),
        ({"spark.memory.storageFraction": "-0.1"}, "spark.memory.storageFraction"),
        (
            {"spark.scheduler.listenerbus.eventqueue.capacity": "0"},
            "spark.scheduler.listenerbus.eventqueue.capacity",
        ),
        ({"spark.broadcast.blockSize": "3g"}, "spark.broadcast.blockSize"),
        ({"spark.broadcast.blockSize": "0"}, "spark.broadcast.blockSize"),
        ({"spark.scheduler.mode": "FAIRR"}, "spark.scheduler.mode"),
        ({"spark.submit.deployMode": "cleint"}, "spark.submit.deployMode"),
        ({"spark.executor.memory": "449m"}, "spark.executor.memory"),
        ({"spark.driver.memory": "256m"}, "spark.driver.memory"),
        ({"spark.io.compression.codec": "gzip"}, "spark.io.compression.codec"),
        ({"spark.serializer": "kryo"}, "spark.serializer"),
        ({"spark.serializer": "org.apache.spark.serializer.Kryo"}, "spark.serializer"),
        ({"spark.kryoserializer.buffer.max": "2g"}, "spark.kryoserializer.buffer.max"),
        ({"spark.kryoserializer.buffer": "2048m", **KRYO}, "spark.kryoserializer.buffer"),
        (
            {"spark.excludeOnFailure.enabled": "true", "spark.task.maxFailures": "2"},
            "spark.excludeOnFailure.task.maxTaskAttemptsPerNode",
        ),
        ({"spark.task.cpus": "2", "spark.executor.cores": "1"}, "spark.task.cpus"),
        ({"spark.executor.cores": "4", "spark.cores.max": "2"}, "spark.executor.cores"),
        ({"spark.executor.extraJavaOptions": "-XX:+UseG1GC -Xmx4g"}, "spark.executor.extraJavaOptions"),
        ({"spark.executor.defaultJavaOptions": "-Dspark.x=1"}, "spark.executor.defaultJavaOptions"),
        ({"spark.driver.extraJavaOptions": "-Xmx4g"}, "spark.driver.extraJavaOptions"),
        ({"spark.network.crypto.enabled": "true"}, "spark.network.crypto.enabled"),
        ({"spark.authenticate.enableSaslEncryption": "true"}, "spark.authenticate.enableSaslEncryption"),
        ({"spark.memory.offHeap.enabled": "true"}, "spark.memory.offHeap.size"),
        ({"spark.driver.timeout": "-1min", **PLUGIN}, "spark.driver.timeout"),
        (DYNAMIC, "spark.dynamicAllocation.minExecutors"),
    ],
)
def test_what_spark_refuses_is_an_error_of_its_key(conf, key):
    assert keys(conf) == [key]


@pytest.mark.parametrize(
    "conf",
    [
        {},
        {"spark.executor.heartbeatInterval": "119s"},
        {"spark.network.timeout": "60s"},
        {"spark.network.timeout": "30s", "spark.network.timeoutInterval": "30s"},
        {"spark.network.timeout": "${spark.mine}"},
        {"spark.memory.fraction": "1.0"},
        {"spark.scheduler.mode": "fair", "spark.submit.deployMode": "cluster"},
        {"spark.excludeOnFailure.taskAndStage.enabled": "true", "spark.task.maxFailures": "2"},
        {"spark.executor.memory": "450m"},
        {"spark.executor.memory": "64m", "spark.testing.reservedMemory": "1"},
        {"spark.io.compression.codec": "LZ4"},
        {"spark.io.compression.codec": "com.example.Codec"},
        {"spark.serializer": "com.example.Serializer"},
        {"spark.excludeOnFailure.enabled": "true"},
        {"spark.executor.extraJavaOptions": "-XX:+UseG1GC"},
        {"spark.network.crypto.enabled": "true", "spark.authenticate": "true"},
        {"spark.memory.offHeap.enabled": "true", "spark.memory.offHeap.size": "1g"},
        {"spark.driver.timeout": "-1min"},
        {**DYNAMIC, "spark.dynamicAllocation.enabled": "false"},
        {"spark.task.cpus": "2"},
        {"spark.executor.cores": "2", "spark.cores.max": "5"},
    ],
)
def test_what_spark_takes_is_no_error(conf):
    assert keys(conf) == []


def test_cores_are_judged_by_the_master():
    assert keys({"spark.task.cpus": "2"}, "local") == ["spark.task.cpus"]
    assert keys({"spark.task.cpus": "2"}, "local[1,3]") == ["spark.task.cpus"]
    assert keys({"spark.task.cpus": "2"}, "local[2]") == []
    assert keys({"spark.task.cpus": "2"}, "local[*]") == []
    assert keys({"spark.task.cpus": "2"}, "yarn") == ["spark.task.cpus"]
    assert keys({"spark.executor.cores": "4", "spark.cores.max": "2"}, "yarn") == []
    assert keys(DYNAMIC, "local[2]") == []


def test_exclusion_from_the_application_is_known_from_spark_4_on():
    conf = {"spark.excludeOnFailure.application.enabled": "true", "spark.task.maxFailures": "2"}
    assert keys(conf) == ["spark.excludeOnFailure.task.maxTaskAttemptsPerNode"]
    assert keys(conf, version=(3, 5)) == []
    assert keys(conf, version=None) == []
