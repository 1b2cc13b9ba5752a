"""What is said of an Airflow connection that Spark cannot use."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.connection import (
    ConnectionAddress,
    check_extras,
    check_master,
    misspelt_extras,
    unreadable,
)
from airflow_spark_guard.core.errors import ConnectionMissingError

SPARK_4 = (4, 2)


def refused(master, **address) -> ConnectionMissingError:
    with pytest.raises(ConnectionMissingError) as caught:
        check_master(master, ConnectionAddress("team", **address), SPARK_4)
    return caught.value


def test_the_error_names_connection_field_what_is_accepted_and_what_to_do():
    """All four, in this order."""
    error = refused("spark://h", conn_type="spark", host="spark://h")
    assert str(error) == (
        "Spark cannot parse the master of Airflow connection 'team': it has no port. Check its port.\n"
        "  got: 'spark://h' (connection type 'spark', host 'spark://h', port None)\n"
        "  expected: local[*] or local[N], spark://host:7077 (or spark://a:7077,b:7077), yarn,\n"
        "    k8s://https://host:6443\n"
        "  do: Set the port, usually 7077."
    )


@pytest.mark.parametrize(
    ("master", "address", "field", "advice"),
    [
        ("local[1] ", {"conn_type": "spark", "host": "local[1] "}, "its host.", "Remove the white space."),
        (
            "spark://",
            {"conn_type": "spark", "host": "", "extras": ("master", "queue")},
            "its host (empty) and extras (master).",
            "not from the extras",
        ),
        (
            "generic://h:1",
            {"conn_type": "generic", "host": "h", "port": 1},
            "its connection type.",
            'Set the connection type to "spark"',
        ),
        ("None://local", {"host": "local"}, "its connection type.", 'Set the connection type to "spark"'),
        ("yarn://", {"conn_type": "yarn"}, "its host.", "Write only yarn"),
    ],
)
def test_the_field_is_where_the_mistake_is(master, address, field, advice):
    """Host, port, connection type, or extras that nobody reads."""
    error = refused(master, **address)
    assert f"Check {field}" in error.what
    assert advice in error.advice


def test_a_password_in_the_host_is_not_shown():
    """Messages go to logs."""
    error = refused("spark://u:geheim@h:7077", conn_type="spark", host="spark://u:geheim@h")
    assert "geheim" not in str(error)


def test_a_cluster_manager_of_somebody_elses_can_be_declared():
    """The connection's extra says so; Spark has the last word."""
    check_master("armada://h:50051", ConnectionAddress("team", external=True), SPARK_4)


def test_a_good_master_is_let_through():
    """With or without an address."""
    check_master("spark://h1:7077,h2:7077", ConnectionAddress(), None)


@pytest.mark.parametrize(
    ("extra", "what", "got"),
    [
        ({"spark-binary": "/opt/spark/bin/spark-submit"}, "'spark-binary'", "'/opt/spark/bin/spark-submit'"),
        ({"spark-binary": ["a"]}, "'spark-binary'", "['a']"),
        ({"spark-home": "/opt/spark"}, "'spark-home'", "'/opt/spark'"),
        ({"rest-port": "abc"}, "'rest-port'", "'abc'"),
        ({"rest-port": 0.5}, "'rest-port'", "0.5"),
        ({"rest-port": True}, "'rest-port'", "True"),
        ({"rest-scheme": "ftp"}, "'rest-scheme'", "'ftp'"),
        ({"queue": 5}, "'queue'", "5"),
        ({"deploy-mode": ["cluster"]}, "'deploy-mode'", "['cluster']"),
        ({"namespace": {"a": 1}}, "'namespace'", "{'a': 1}"),
        ({"keytab": 12345678}, "'keytab'", "int"),
        ([1], "The extras", "list"),
        ("{not json", "The extras", "str"),
    ],
)
def test_extras_that_the_provider_cannot_use_are_refused_by_name(extra, what, got):
    """Upstream raises bare errors, or passes them on to Spark; of a secret only the type is shown."""
    with pytest.raises(ConnectionMissingError) as caught:
        check_extras("team", extra)
    error = caught.value
    assert what in error.what
    assert "Airflow connection 'team'" in error.what
    assert error.got == got
    assert error.advice
    assert error.expected


def test_extras_that_are_right_or_empty_are_let_through():
    """JSON's null and the empty text are not given, as upstream has it."""
    extra = {
        "queue": None,
        "deploy-mode": "",
        "spark-binary": "spark3-submit",
        "rest-port": "6066",
        "rest-scheme": "https",
        "anything": [1],
    }
    assert check_extras("team", extra) is extra


def test_a_misspelt_extra_is_said():
    """Nobody reads it, and the job would run another way."""
    assert misspelt_extras(
        {"deploy_mode": "cluster", "spark_binary": "x", "historyserver": "x", "own": 1}
    ) == (
        "The extra 'deploy_mode' is not read. Did you mean 'deploy-mode'?",
        "The extra 'spark_binary' is not read. Did you mean 'spark-binary'?",
        "The extra 'historyserver' is not read. Did you mean 'history_server'?",
    )
    assert misspelt_extras({"deploy-mode": "client", "conf": {}, "master_ui": "http://m:8080"}) == ()


@pytest.mark.parametrize(
    ("raw", "got"),
    [
        ("spark://m1:7077,m2:7077", "a URI with several hosts; Airflow reads only one"),
        ("spark://u:p@h:x", "a URI whose port is not a number from 0 to 65535"),
        ("spark://[::1:7077", "a URI whose host is not valid"),
        ("spark://a://b://c", "a URI in a form that Airflow does not know"),
        ("  ", "a URI that is empty"),
        ('{"conn_type": "spark",', "JSON that is not valid in line 1, column 23"),
        ('{"conn_type": "spark", "port": "x"}', "JSON whose port is not a number"),
        (
            json.dumps({"conn_type": "spark", "hots": "x", "password": "geheim"}),
            "JSON with fields that a connection does not have: hots",
        ),
        ('{"conn_type": 5}', "JSON that Airflow refuses"),
    ],
)
def test_a_connection_that_cannot_be_read_exists(raw, got):
    """It is said so, with the form that works and nothing of what it holds."""
    error = unreadable("ha", raw)
    assert error.what == "The Airflow connection 'ha' exists, but Airflow cannot read it."
    assert error.got == got
    assert 'Write it as JSON: {"conn_type": "spark", "host": "spark://m1:7077,m2:7077"}' in error.advice
    assert "geheim" not in str(error)
