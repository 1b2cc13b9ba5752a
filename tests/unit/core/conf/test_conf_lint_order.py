import pytest

from airflow_spark_guard.core.conf.conf_lint_order import SENSELESS
from airflow_spark_guard.core.conf.conf_view import ConfView
from airflow_spark_guard.core.conf.effective_conf import ConfValue
from airflow_spark_guard.core.conf.known_confs import known_confs


def texts(conf, stall=600.0, origin="conf"):
    values = {key: ConfValue(value, origin) for key, value in conf.items()}
    found = [problem for rule in SENSELESS for problem in rule(ConfView(values, known_confs(), stall=stall))]
    assert {problem.severity for problem in found} <= {"warning"}
    return [problem.text for problem in found]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("spark.speculation.quantile", "2.0"), ("spark.speculation.multiplier", "0.1"), ("spark.task.maxFailures", "0"),
        ("spark.stage.maxAttempts", "0"), ("spark.stage.maxConsecutiveAttempts", "0"),
        ("spark.barrier.sync.timeout", "0"), ("spark.python.worker.idleTimeoutSeconds", "-5"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_meant_are_told(key, value):
    assert texts({key: value}) == [
        f"{key} = {value} (conf) is probably a mistake, although Spark accepts it."
    ]
    assert texts({key: value}, origin="profile") == []


def test_a_buffer_above_its_own_limit_is_told():
    (text,) = texts({"spark.kryoserializer.buffer": "128m"})
    assert text == (
        "spark.kryoserializer.buffer = 128m (conf) is above spark.kryoserializer.buffer.max = 64m (Spark's default)."
    )


def test_dead_executors_are_found_in_time():
    (text,) = texts({"spark.network.timeout": "61s", "spark.executor.heartbeatInterval": "20s"})
    assert "counts as lost after 3 lost heartbeats" in text
    (text,) = texts({"spark.network.timeoutInterval": "60s"})
    assert "may be detected only after 3m" in text
    (text,) = texts({"spark.network.timeout": "800s"})
    assert "detected only after 13m 20s" in text
    (text,) = texts({"spark.network.timeout": "120s", "spark.storage.blockManagerHeartbeatTimeoutMs": "600s"})
    assert "overrides it for executors" in text
    assert texts({"spark.network.timeout": "180s", "spark.network.timeoutInterval": "30s"}) == []
    assert texts({"spark.network.timeout": "${x}"}) == []


def test_what_must_end_before_the_guard_is_told_when_it_does_not():
    (text,) = texts({"spark.shuffle.io.maxRetries": "60"})
    assert "a failing fetch is silent for 2h 7m" in text
    (text,) = texts({"spark.task.reaper.enabled": "true", "spark.task.reaper.killTimeout": "1h"})
    assert "is not below the stall limit of 10m" in text
    (text,) = texts({"spark.sql.execution.pyspark.udf.idleTimeoutSeconds": "900"})
    assert "is not below the stall limit of 10m" in text
    assert texts({"spark.task.reaper.killTimeout": "1h", "spark.task.reaper.enabled": "false"}) == []
    assert texts({"spark.shuffle.io.maxRetries": "60"}, stall=None) == []
    assert texts({"spark.shuffle.io.maxRetries": "${x}"}) == []
    assert (
        texts({"spark.shuffle.io.maxRetries": "4", "spark.shuffle.io.connectionCreationTimeout": "10s"}) == []
    )
    assert texts({"spark.shuffle.io.maxRetries": "4", "spark.network.timeout": "${x}"}) == []


def test_halves_of_one_thing_are_told():
    (text,) = texts({"spark.driver.timeout": "5min"})
    assert text == "spark.driver.timeout = 5min (conf) has no effect by itself."
    plugin = {"spark.plugins": "org.apache.spark.deploy.DriverTimeoutPlugin"}
    assert texts({"spark.driver.timeout": "5min", **plugin}) == []
    (text,) = texts({"spark.driver.maxResultSize": "0"})
    assert "a large result can exhaust the driver's memory" in text
