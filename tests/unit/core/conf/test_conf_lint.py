import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.conf.conf_lint import check_conf, conf_error, lint
from airflow_spark_guard.core.conf.conf_table import PROFILES, SPARK_VERSIONS, profile_settings
from airflow_spark_guard.core.conf.effective_conf import ConfValue, Layer, effective_conf
from airflow_spark_guard.core.conf.known_confs import parse
from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.errors import ConfError

MASTERS = (
    "",
    "local[2]",
    "local-cluster[2,1,1024]",
    "spark://worker-1:7077",
    "yarn",
    "k8s://https://worker-1",
)


def values(conf, profile="none", version=(4, 2)):
    return SparkProfile(profile, overrides=conf).effective(spark_version=version, deadline=3600).values


@pytest.mark.parametrize("version", [*SPARK_VERSIONS, None])
@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_alone_has_a_problem(profile, version):
    """Whatever Spark, whatever master: the profile never is at fault."""
    conf = SparkProfile(profile).effective(spark_version=version, deadline=3600).values
    for master in MASTERS:
        assert lint(conf, spark_version=version, master=master, stall=600.0) == ()


USERS = st.fixed_dictionaries(
    {},
    optional={
        "spark.network.timeout": st.sampled_from(["30s", "60s", "100s", "180s", "800s", "banana", "120000"]),
        "spark.network.timeoutInterval": st.sampled_from(["10s", "60s", "200s"]),
        "spark.executor.heartbeatInterval": st.sampled_from(["10", "20s", "119s", "150s"]),
        "spark.storage.blockManagerHeartbeatTimeoutMs": st.sampled_from(["20s", "60s", "600000"]),
        "spark.serializer": st.sampled_from(["kryo", "org.apache.spark.serializer.JavaSerializer"]),
        "spark.kryoserializer.buffer.max": st.sampled_from(["1g", "2g"]),
        "spark.kryoserializer.buffer": st.sampled_from(["64k", "512m"]),
        "spark.driver.memory": st.sampled_from(["256m", "1g"]),
        "spark.driver.timeout": st.sampled_from(["-1min", "5min"]),
        "spark.plugins": st.sampled_from(
            ["", "com.example.Plugin", "org.apache.spark.deploy.DriverTimeoutPlugin"]
        ),
        "spark.buffer.size": st.sampled_from(["4096", "64k"]),
        "spark.task.maxFailures": st.sampled_from(["0", "2"]),
        "spark.excludeOnFailure.enabled": st.sampled_from(["true"]),
        "spark.task.cpus": st.sampled_from(["1", "2"]),
    },
)


@given(user=USERS, profile=st.sampled_from(PROFILES), version=st.sampled_from(SPARK_VERSIONS))
def test_a_profile_adds_no_error_to_what_the_user_sets(user, profile, version):
    """What is refused with a profile is refused without one."""

    def errors(name):
        conf = effective_conf(profile_settings(name, version, 3600), Layer("conf", user))
        found = lint(conf.values, spark_version=version, master="local[1]", stall=600.0)
        return {problem.key for problem in found if problem.severity == "error"}

    assert errors(profile) <= errors("none")


def test_warnings_come_back_as_texts():
    said = check_conf(
        values({"spark.netwrok.timeout": "1s"}),
        spark_version=(4, 2),
        environment=["SPARK_NETWORK_TIMEOUT", "PATH"],
    )
    assert said == (
        (
            "spark.netwrok.timeout = 1s (SparkProfile.overrides): Spark does not know this key. "
            "Did you mean spark.network.timeout?"
        ),
        "The environment sets SPARK_NETWORK_TIMEOUT, which is not read. Set spark.network.timeout in conf=.",
    )


def test_one_error_is_told_as_such():
    with pytest.raises(ConfError) as caught:
        check_conf(values({"spark.rpc.message.maxSize": "4096"}))
    assert str(caught.value) == (
        "spark.rpc.message.maxSize = 4096 (SparkProfile.overrides): Spark refuses to start.\n"
        "  expected: at most 2047, in MiB without a unit\n"
        "  do: Write at most 2047, in MiB without a unit."
    )


def test_all_errors_are_told_at_once_and_errors_come_first():
    conf = values({"spark.netwrok.timeout": "1", "spark.executor.memory": "4", "spark.memory.fraction": "2"})
    found = lint(conf)
    assert [problem.severity for problem in found] == ["error", "error", "warning"]
    with pytest.raises(ConfError, match="The Spark configuration has 2 errors.") as caught:
        check_conf(conf)
    assert "(1) spark.memory.fraction = 2" in caught.value.got
    assert "(2) spark.executor.memory = 4" in caught.value.got
    assert "(2) Set spark.executor.memory to 1g." in caught.value.advice


def test_secrets_of_a_wrong_value_are_not_shown():
    error = conf_error(list(lint(values({"spark.authenticate.secretBitLength": "hunter2"}))))
    assert "hunter2" not in str(error)


def test_another_table_may_be_given():
    conf = {"spark.only.here": ConfValue("1", "conf")}
    assert lint(conf, known=parse("spark.only.here\n")) == ()
    assert lint(conf) != ()
