from airflow_spark_guard.core.conf.conf_recipes import OLD_KEYS, lint_environment, old_family
from airflow_spark_guard.core.conf.known_confs import known_confs


def test_no_key_that_spark_knows_is_called_old():
    for key in OLD_KEYS:
        assert not known_confs().is_known(key), key


def test_a_family_that_is_gone_is_told():
    assert old_family("spark.akka.timeout")
    assert old_family("spark.network.timeout") == ""


def test_variables_that_look_like_settings_and_are_read_by_nobody_are_told():
    names = [
        "SPARK_NETWORK_TIMEOUT", "SPARK_RPC_ASK_TIMEOUT", "SPARK_SERIALIZER", "SPARK_KRYO_REGISTRATION_REQUIRED",
        "AIRFLOW__CORE__WORKER_MEMORY_LIMIT",
    ]  # fmt: skip
    found = list(lint_environment(names, known_confs()))
    assert [problem.key for problem in found] == sorted(names)
    assert {problem.severity for problem in found} == {"warning"}


def test_variables_that_spark_reads_or_that_are_of_others_are_fine():
    names = [
        "SPARK_HOME", "SPARK_CONF_DIR", "SPARK_LOCAL_IP", "SPARK_DRIVER_MEMORY", "SPARK_EXECUTOR_MEMORY",
        "SPARK_EXECUTOR_CORES", "SPARK_LOCAL_DIRS", "SPARK_MASTER_HOST", "SPARK_WORKER_MEMORY", "SPARK_GUARD_TAG",
        "SPARK_PUBLIC_DNS", "SPARK_USER", "SPARK_NO_DAEMONIZE", "PATH", "PYSPARK_PYTHON", "AIRFLOW__CORE__DAGS_FOLDER",
    ]  # fmt: skip
    assert list(lint_environment(names, known_confs())) == []
