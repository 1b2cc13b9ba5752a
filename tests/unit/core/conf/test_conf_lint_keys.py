import pytest

from airflow_spark_guard.core.conf.conf_lint_keys import lint_keys
from airflow_spark_guard.core.conf.conf_view import ConfView
from airflow_spark_guard.core.conf.effective_conf import ConfValue
from airflow_spark_guard.core.conf.known_confs import known_confs


def said(conf, origin="conf", **more):
    values = {key: ConfValue(value, origin) for key, value in conf.items()}
    found = list(lint_keys(ConfView(values, known_confs(), **more)))
    assert {problem.severity for problem in found} <= {"warning"}
    return [str(problem) for problem in found]


def test_a_misspelt_key_is_told_with_the_one_that_was_meant():
    (text,) = said({"spark.dynamicAllocation.enable": "true"})
    assert text == (
        "spark.dynamicAllocation.enable = true (conf): Spark does not know this key. "
        "Did you mean spark.dynamicAllocation.enabled?"
    )


def test_keys_of_libraries_and_families_are_no_mistake():
    assert (
        said(
            {"spark.my.x": "1", "spark.databricks.x": "1", "spark.hadoop.x": "1", "spark.executorEnv.X": "1"}
        )
        == []
    )


def test_strangers_are_one_warning():
    (text,) = said({f"spark.strange{n}.thing": "1" for n in range(7)})
    assert text == (
        "Spark itself does not know spark.strange0.thing, spark.strange1.thing, spark.strange2.thing, "
        "spark.strange3.thing, spark.strange4.thing and 2 more. Ignore this if one of your libraries reads them."
    )


def test_a_key_without_spark_in_front_is_not_passed_on():
    (text,) = said({"executor.memory": "1g"})
    assert "only keys that start with 'spark.'" in text


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("spark.akka.frameSize", "spark.rpc"),
        ("spark.kryo.buffer.max", "Write spark.kryoserializer.buffer.max."),
        ("spark.task.timeout", "use the guard's limits"),
        ("spark.blacklist.enabled", "excludeOnFailure"),
        ("spark.rpc.numRetries", "Spark no longer reads this key"),
        ("spark.reducer.maxMbInFlight", "an old spelling. Write spark.reducer.maxSizeInFlight."),
    ],
)
def test_keys_of_old_recipes_are_told_with_what_to_do(key, words):
    (text,) = said({key: "1"})
    assert words in text


def test_a_key_that_is_younger_than_this_spark_is_told():
    key = "spark.python.worker.tracebackDumpIntervalSeconds"
    assert said({key: "60"}, version=(4, 1)) == []
    assert said({key: "60"}) == []
    (text,) = said({key: "60"}, version=(4, 0))
    assert text == f"{key} = 60 (conf): Spark knows this key from 4.1.0 on; this is 4.0."


def test_a_key_that_has_left_spark_is_told():
    assert said({"spark.mesos.coarse": "true"}, version=(3, 5)) == []
    (text,) = said({"spark.mesos.coarse": "true"}, version=(4, 2, 0))
    assert text == "spark.mesos.coarse = true (conf): 3.5 was the last Spark to know this key; this is 4.2."


@pytest.mark.parametrize(
    ("key", "master", "readers"),
    [
        ("spark.yarn.queue", "spark://worker-1:7077", "yarn"),
        ("spark.kubernetes.namespace", "yarn", "kubernetes"),
        ("spark.executor.maxNumFailures", "spark://worker-1:7077", "yarn, kubernetes"),
        ("spark.cores.max", "yarn", "local-cluster, standalone"),
        ("spark.executor.instances", "local[*]", "local-cluster, standalone, yarn, kubernetes"),
    ],
)
def test_a_key_of_another_cluster_manager_is_told(key, master, readers):
    (text,) = said({key: "1"}, master=master)
    assert text == f"{key} = 1 (conf): no effect on master {master}. It is read by: {readers}."
    assert said({key: "1"}) == []
    assert said({key: "1"}, origin="/opt/spark/conf/spark-defaults.conf", master=master) == []


def test_a_key_that_fits_the_master_is_fine():
    assert said({"spark.yarn.queue": "x", "spark.executor.memoryOverhead": "1g"}, master="yarn") == []
    assert said({"spark.cores.max": "2"}, master="local-cluster[1,1,1024]") == []


def test_keys_of_daemons_do_nothing_in_an_application():
    (text,) = said({"spark.worker.cleanup.enabled": "true"})
    assert "the standalone worker reads this key when it starts" in text
    assert said({"spark.worker.cleanup.enabled": "true"}, origin="/opt/spark/conf/spark-defaults.conf") == []


def test_what_the_profile_sets_is_never_told():
    assert said({"spark.netwrok.timeout": "1"}, origin="profile") == []


def test_a_master_in_the_configuration_has_no_effect():
    """spark-submit is given the connection's; a file is shared with others, and is no mistake."""
    (text,) = said({"spark.master": "local[x]"}, master="spark://h:7077")
    assert text == (
        "spark.master = local[x] (conf): no effect, the master is spark://h:7077. "
        "The master is the host of the Airflow connection: use another connection (conn_id)."
    )
    assert said({"spark.master": "spark://h:7077"}, master="spark://h:7077") == []
    assert said({"spark.master": "local"}, "/opt/spark-defaults.conf", master="spark://h:7077") == []
    assert said({"spark.master": "local"}) == []
