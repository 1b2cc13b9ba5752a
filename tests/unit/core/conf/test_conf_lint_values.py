import pytest

from airflow_spark_guard.core.conf.conf_lint_values import lint_values
from airflow_spark_guard.core.conf.conf_view import ConfView
from airflow_spark_guard.core.conf.effective_conf import ConfValue
from airflow_spark_guard.core.conf.known_confs import known_confs


def found(key, value, origin="conf"):
    return [
        (problem.severity, problem.text)
        for problem in lint_values(ConfView({key: ConfValue(value, origin)}, known_confs()))
    ]


@pytest.mark.parametrize(
    ("key", "value", "severity"),
    [
        ("spark.network.timeout", "2 minutes", "error"),
        ("spark.executor.memory", "1.5g", "error"),
        ("spark.sql.shuffle.partitions", "many", "error"),
        ("spark.speculation", "yes", "error"),
        ("spark.memory.fraction", "half", "error"),
        ("spark.locality.wait", "10x", "warning"),
        ("spark.shuffle.io.maxRetries", "foo", "warning"),
    ],
)
def test_a_value_that_spark_cannot_read_is_an_error_where_spark_reads_it_at_once(key, value, severity):
    ((how, text),) = found(key, value)
    assert how == severity
    assert text.startswith(f"{key} = {value} (conf) cannot be read; Spark ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("spark.network.timeout", "120s"), ("spark.network.timeout", "${spark.x}"), ("spark.executor.memory", "2g"),
        ("spark.executor.memory", "2048"), ("spark.sql.autoBroadcastJoinThreshold", "-1"),
        ("spark.sql.autoBroadcastJoinThreshold", "104857600"), ("spark.driver.timeout", "0"),
        ("spark.kryoserializer.buffer.mb", "0.064"), ("spark.app.name", "10x"), ("spark.my.key", "10x"),
        ("spark.network.timeout", "300"), ("spark.memory.fraction", "0.8"),
        ("spark.storage.blockManagerHeartbeatTimeoutMs", "5"),
    ],
)  # fmt: skip
def test_what_spark_reads_as_it_was_meant_is_fine(key, value):
    assert found(key, value) == []


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "spark.executor.heartbeatInterval",
            "10",
            "is read as 10ms, which is 0.01s; Spark's default is 10s.",
        ),
        (
            "spark.network.timeout",
            "120000",
            "is read as 120000s, which is 1d 9h 20m; Spark's default is 120s.",
        ),
        ("spark.driver.maxResultSize", "2", "is read as 2b; Spark's default is 1g."),
        ("spark.executor.memory", "2147483648", "is read as 2147483648m; Spark's default is 1g."),
    ],
)
def test_a_bare_number_of_another_unit_is_told(key, value, words):
    ((how, text),) = found(key, value)
    assert how == "warning"
    assert words in text


def test_a_value_finer_than_sparks_unit_is_told_with_what_is_left():
    assert found("spark.driver.timeout", "90s") == [
        ("warning", "spark.driver.timeout = 90s (conf) is truncated to whole min: 1min.")
    ]


def test_values_of_the_profile_are_not_looked_at():
    assert found("spark.network.timeout", "banana", "profile") == []


@pytest.mark.parametrize("seconds", range(1, 60))
def test_whole_seconds_are_whole_milliseconds(seconds):
    """Whatever floats say."""
    assert found("spark.executor.heartbeatInterval", f"{seconds}s") == []
