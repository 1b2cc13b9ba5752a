from airflow_spark_guard.core.conf.conf_explain import explain
from airflow_spark_guard.core.conf.effective_conf import ConfValue
from airflow_spark_guard.core.conf.known_confs import known_confs


def test_a_key_of_the_profile_is_told_with_its_reason_and_whose_value_stands():
    key = "spark.network.timeout"
    text = explain(key, {key: ConfValue("200s", "conf")}, known_confs(), (4, 2))
    assert "a bare number is in s" in text
    assert "since            1.3.0" in text
    assert "profile          default: 180s, ml-training: 180s, strict: 120s" in text
    assert "Upper bound for detecting a dead or frozen executor" in text
    assert "here             200s, set by conf;" in text


def test_a_key_that_nobody_sets_is_told_too():
    text = explain("spark.speculation", {}, known_confs(), (4, 2))
    assert "true or false" in text
    assert "does not set it" in text
    assert "not set: Spark 4.2 uses its default" in text


def test_keys_that_spark_does_not_know_are_told_with_what_was_meant():
    known = known_confs()
    assert "Did you mean spark.network.timeout?" in explain("spark.netwrok.timeout", {}, known)
    assert "a family whose last part you choose" in explain("spark.hadoop.fs.x", {}, known)
    assert "Spark 3.5 and later does not know this key." in explain("my.own", {}, known)
    dump = explain("spark.python.worker.tracebackDumpIntervalSeconds", {}, known)
    assert "default: min(120, stall_timeout / 3, deadline / 3)" in dump
    assert "guard's limits" in explain("spark.task.timeout", {}, known)


def test_old_keys_are_told_as_spark_tells_them():
    known = known_confs()
    assert "old spelling of spark.reducer.maxSizeInFlight" in explain(
        "spark.reducer.maxMbInFlight", {}, known
    )
    assert "no longer read: Not used anymore" in explain("spark.blacklist.enabled", {}, known)
    assert "until            3.5" in explain("spark.mesos.coarse", {}, known)


def test_secrets_are_not_shown():
    key = "spark.ssl.keyPassword"
    assert "hunter2" not in explain(key, {key: ConfValue("hunter2", "conf")}, known_confs())
