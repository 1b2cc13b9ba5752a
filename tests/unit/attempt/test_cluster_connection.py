import pytest

from airflow_spark_guard.attempt.cluster_connection import cluster_connection, cluster_secrets
from airflow_spark_guard.core.errors import BadInputError, ConfError
from airflow_spark_guard.hooks.raw_connection import ConnectionGiven
from airflow_spark_guard.process.leftovers import Tag

TAG = Tag("task", "attempt")
RM = {"yarn_resourcemanager_webapp_address": "rm:8088"}


def connected(extra=None, login=None, password=None, tag=TAG):
    return cluster_connection(ConnectionGiven({**RM, **(extra or {})}, login, password), "yarn", {}, tag)


def test_it_says_who_is_asked_and_how_one_gets_in(monkeypatch):
    """Whoever submits as somebody asks as the same."""
    monkeypatch.setenv("HADOOP_USER_NAME", "spark")
    assert connected().place.user == "spark"
    found = connected({"cluster_token": "geheim"}, "airflow", "pw")
    assert (found.place.servers, found.place.user) == (("http://rm:8088",), "airflow")
    assert (found.secrets.login, found.secrets.password, found.secrets.token) == ("airflow", "pw", "geheim")
    assert "geheim" not in repr(found)
    assert "geheim" not in repr(ConnectionGiven({"cluster_token": "geheim"}, "a", "geheim"))


def test_the_channel_directory_has_two_names():
    """Spark's and Airflow's."""
    found = connected({"channel_directory": "s3a://bucket/guard"})
    assert found.driver_directory() == f"s3a://bucket/guard/{found.marks.task}/attempt"
    assert found.channel_of("other") == f"s3://bucket/guard/{found.marks.task}/other"
    named = {
        "channel_directory": "hdfs://nn/x",
        "channel_directory_airflow": "webhdfs://nn/x",
        "channel_conn_id": "c",
    }
    found = connected(named)
    directory = found.directory(found.channel_of("a"))
    assert (directory._url.startswith("webhdfs://nn/x/"), directory._conn_id) == (True, "c")


def test_without_a_channel_directory_there_is_none():
    """The manager's word must do."""
    found = connected()
    assert (found.driver_directory(), found.channel_of("a"), found.directory("")) == ("", "", None)


def test_a_channel_directory_that_is_no_text_is_refused():
    """Before anything is submitted."""
    with pytest.raises(ConfError, match="The extra 'channel_directory'"):
        connected({"channel_directory": ["x"]})


def test_the_mark_of_a_task_is_the_same_for_all_its_tries_and_for_no_other_airflow():
    """Several may share a cluster and run a DAG of the same name."""
    first = connected().marks
    assert connected(tag=Tag("task", "second")).marks.task == first.task
    assert (first.attempt, len(first.task)) == ("attempt", 32)
    assert connected({"deployment": "production"}).marks.task != first.task
    assert connected(tag=Tag("another", "attempt")).marks.task != first.task


def test_credentials_that_cannot_be_read_are_named(monkeypatch, tmp_path):
    """When the source is made, which is before anything is submitted."""
    given = ConnectionGiven({"kubernetes_token_file": str(tmp_path / "nowhere")})
    found = cluster_connection(given, "k8s://https://h", {}, TAG, namespace="jobs")
    assert found.place.namespace == "jobs"
    with pytest.raises(BadInputError, match="The token for the Kubernetes API server cannot be read"):
        found.source()


def test_empty_fields_are_no_secrets():
    """Airflow gives None."""
    found = cluster_secrets(ConnectionGiven({}))
    assert (found.login, found.password, found.token) == ("", "", "")
