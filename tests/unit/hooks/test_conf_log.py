"""What the task log shows of a configuration."""

from types import SimpleNamespace

import pytest

from airflow_spark_guard.core.conf.effective_conf import Layer, effective_conf
from airflow_spark_guard.core.errors import ConfError
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.hooks.conf_log import log_conf
from airflow_spark_guard.process.toolchain import SparkSubmit


class Log:
    def __init__(self):
        self.infos, self.warnings = [], []

    def info(self, text, *words):
        self.infos.append(text % words)

    def warning(self, text, *words):
        self.warnings.append(text % words)


def logged(conf, **options):
    log = Log()
    submission = SimpleNamespace(
        conf=effective_conf({}, Layer("conf", conf)),
        request=SimpleNamespace(master="local[1]"),
        spark=SparkSubmit("/opt/spark/bin/spark-submit", None, (4, 2), bundled=False),
        env={},
    )
    log_conf(submission, log, "default", GuardLimits(), **{"in_full": False, **options})
    return log


def test_values_stand_in_a_group_with_secrets_masked():
    """Folded by Airflow's page."""
    log = logged({"spark.executor.memory": "1g", "spark.my.password": "geheim"})
    assert log.infos[0].startswith("::group::Spark configuration: 2 values set by you")
    assert log.infos[-1] == "::endgroup::"
    assert any("spark.executor.memory" in line and "1g" in line for line in log.infos)
    assert "geheim" not in str(log.infos)


def test_what_looks_wrong_is_a_warning_and_what_is_wrong_an_error():
    """Before anything is started."""
    assert any("spark.executor.memroy" in text for text in logged({"spark.executor.memroy": "1g"}).warnings)
    with pytest.raises(ConfError):
        logged({"spark.executor.memory": "lots"})
