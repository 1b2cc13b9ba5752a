"""The contract with the apache-spark provider: every private name of it that we rely on."""

from __future__ import annotations

import base64
import inspect
import json
import tempfile
from pathlib import Path

import pytest
from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

from airflow_spark_guard.core.errors import BadInputError, ConnectionMissingError
from airflow_spark_guard.hooks.upstream import UpstreamSubmitHook, hook_arguments

pytestmark = pytest.mark.usefixtures("airflow_db")


def connection(monkeypatch, name="spark_x", **fields):
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({"conn_type": "spark", **fields}))
    return name


def test_every_argument_of_the_hook_is_found_on_the_operator():
    """Upstream's operator stores each under its name, with or without an underscore."""
    operator = SparkSubmitOperator(task_id="x", application="a.py", driver_memory="3g", conf={"spark.a": "b"})
    arguments = hook_arguments(operator)
    assert set(arguments) == set(inspect.signature(SparkSubmitHook.__init__).parameters) - {"self"}
    assert (arguments["driver_memory"], arguments["conf"]) == ("3g", {"spark.a": "b"})


def test_the_private_names_are_there(monkeypatch):
    """Renamed upstream, this fails first, and only ``hooks/upstream.py`` has to change."""
    name = connection(monkeypatch, host="spark://h", port=7077, extra={"deploy-mode": "client"})
    hook = UpstreamSubmitHook(
        conn_id=name,
        java_class="org.x.Main",
        application_args=["1", "b"],
        env_vars={"A": 1},
        properties_file="p.conf",
        conf={"spark.a": 1},
    )
    place = "the extra deploy-mode of connection spark_x"
    assert (hook.master, hook.named_binary) == ("spark://h:7077", None)
    assert hook.named_deploy_mode == (place, "client")
    assert UpstreamSubmitHook(conn_id=name, deploy_mode="cluster").named_deploy_mode == (
        "deploy_mode",
        "cluster",
    )
    assert (hook.java_class, hook.arguments, hook.user_environment) == ("org.x.Main", ["1", "b"], {"A": "1"})
    assert (hook.user_properties_file, hook.user_conf) == ("p.conf", {"spark.a": 1})
    hook.fix_command("/x/spark-submit", ["--verbose"], {"A": "b"})
    assert hook._build_spark_submit_command("a.py") == ["/x/spark-submit", "--verbose", "a.py", "1", "b"]
    assert hook._env == {"A": "b"}
    for private in (
        "_build_spark_common_args",
        "_run_post_submit_commands",
        "_create_keytab_path_from_base64_keytab",
    ):
        assert callable(getattr(SparkSubmitHook, private))


def test_the_submit_options_are_upstreams_without_the_configuration(monkeypatch):
    """No value of ``conf`` reaches the command line."""
    name = connection(monkeypatch, host="yarn", extra={"queue": "team", "deploy-mode": "client"})
    hook = UpstreamSubmitHook(
        conn_id=name,
        conf={"spark.password": "geheim"},
        driver_memory="3g",
        py_files="a.zip",
        env_vars={"TOKEN": "geheim"},
        properties_file="p.conf",
        name="n",
    )
    options, conf = hook.submit_options()
    assert options == [
        "--master",
        "yarn",
        "--py-files",
        "a.zip",
        "--driver-memory",
        "3g",
        "--name",
        "n",
        "--queue",
        "team",
        "--deploy-mode",
        "client",
    ]
    assert conf == {"spark.yarn.appMasterEnv.TOKEN": "geheim", "spark.driver.memory": "3g"}
    assert (hook.user_conf, hook.user_properties_file) == ({"spark.password": "geheim"}, "p.conf")


def test_a_missing_connection_is_named():
    """Upstream submits to yarn."""
    with pytest.raises(
        ConnectionMissingError, match="^There is no Airflow connection 'nowhere'.\n  got: .+\n  expected: "
    ):
        UpstreamSubmitHook(conn_id="nowhere")


def test_a_broken_keytab_is_an_error(monkeypatch):
    """Upstream logs «could not load connection» and submits to yarn."""
    name = connection(monkeypatch, host="yarn", extra={"keytab": "a"})
    with pytest.raises(
        ConnectionMissingError, match="^The keytab in Airflow connection 'spark_x' cannot be used."
    ):
        UpstreamSubmitHook(conn_id=name)


def test_a_good_keytab_is_kept_until_it_has_a_place(monkeypatch):
    """Upstream writes it into the temporary folder, for everybody to read."""
    extra = {"keytab": base64.b64encode(b"x").decode(), "principal": "guard-kept"}
    hook = UpstreamSubmitHook(conn_id=connection(monkeypatch, host="yarn", extra=extra))
    assert hook.keytab_given == b"x"
    assert not list(Path(tempfile.gettempdir()).glob("airflow_keytab-guard-kept*"))
    hook.use_keytab(Path("/private/x.keytab"))
    options = hook.submit_options()[0]
    assert options[options.index("--keytab") + 1] == "/private/x.keytab"


def test_a_keytab_that_the_operator_names_stays_its_own(monkeypatch):
    """It wins, as upstream."""
    name = connection(monkeypatch, host="yarn", extra={"keytab": base64.b64encode(b"x").decode()})
    hook = UpstreamSubmitHook(conn_id=name, keytab="/mine.keytab")
    hook.use_keytab(Path("/private/x.keytab"))
    options = hook.submit_options()[0]
    assert options[options.index("--keytab") + 1] == "/mine.keytab"


def test_what_upstream_logs_is_masked_as_what_we_log():
    """Its command line and the lines of spark-submit."""
    hook = UpstreamSubmitHook()
    assert hook._mask_cmd(["spark-submit", "--token=x", "scott/tiger@db"]) == (
        "spark-submit --token=****** scott/******@db"
    )
    assert hook._mask_cmd(["a line: token=x"]) == hook._mask_cmd("a line: token=x") == "a line: token=******"
    assert callable(SparkSubmitHook._mask_cmd)


def test_the_lines_that_upstream_logs_are_masked(capsys):
    """In cluster mode of its own."""
    hook = UpstreamSubmitHook(env_vars={})
    hook._process_spark_submit_log(iter(["submitted as driver-1\n", "spark.x.password=geheim\n"]))
    out = capsys.readouterr()
    assert "geheim" not in out.out + out.err + str(hook._last_submit_log_lines)
    assert callable(SparkSubmitHook._process_spark_submit_log)


def test_kubernetes_needs_no_client_library_of_upstreams(monkeypatch):
    """It would be 50 MB for three calls, and is not used here."""
    name = connection(monkeypatch, host="k8s://https://h:6443", extra={"namespace": "jobs"}, login="l")
    hook = UpstreamSubmitHook(conn_id=name, env_vars={"A": 1}, track_driver_via_k8s_api=True)
    assert (hook.master, hook.namespace) == ("k8s://https://h:6443", "jobs")
    conf = hook.submit_options()[1]
    assert conf["spark.kubernetes.namespace"] == "jobs"
    assert conf["spark.kubernetes.driverEnv.A"] == "1"
    assert (hook.connection_given.login, hook.connection_given.extra_dejson) == ("l", {"namespace": "jobs"})


@pytest.mark.parametrize(
    ("host", "option"), [("yarn", "yarn_track_via_rm_api"), ("k8s://h", "track_driver_via_k8s_api")]
)
def test_cluster_mode_is_left_to_us_whatever_upstream_would_do(monkeypatch, host, option):
    """Its operator then calls ``submit`` alone."""
    name = connection(monkeypatch, host=host, extra={"deploy-mode": "cluster"})
    hook = UpstreamSubmitHook(conn_id=name, **{option: True}, yarn_rm_auth="auth")
    assert hook._is_yarn_cluster_mode is (host == "yarn")
    hook.disable_upstream_tracking()
    assert not hook._is_yarn_cluster_mode
    assert not hook._should_track_driver_via_k8s_api()
    assert not hook._should_track_yarn_application_via_rm_api()
    assert hook._validate_track_driver_via_k8s_api_config() is None
    assert hook.rm_auth == "auth"
    for private in ("_validate_track_driver_via_k8s_api_config", "_should_track_driver_via_k8s_api"):
        assert callable(getattr(SparkSubmitHook, private))


@pytest.mark.parametrize("binary", ["spark3-submit", "/opt/spark/bin/spark-submit"])
def test_a_named_binary_is_kept(binary):
    """Operator first."""
    assert UpstreamSubmitHook(spark_binary=binary).named_binary == binary


def test_what_our_own_extras_say_is_kept(monkeypatch):
    """Where upstream reads nothing."""
    extra = {"master_ui": "http://h:8081", "history_server": "http://past:18080", "conf": {"spark.a": "b"}}
    hook = UpstreamSubmitHook(conn_id=connection(monkeypatch, host="spark://h", port=7077, extra=extra))
    assert (hook.master_ui, hook.history_server) == ("http://h:8081", "http://past:18080")
    assert hook.connection_conf == {"spark.a": "b"}
    bare = UpstreamSubmitHook(conn_id=connection(monkeypatch, host="spark://h", port=7077))
    assert bare.history_server is None


@pytest.mark.parametrize(("host", "port"), [("spark://h", 7077), ("spark://a:7077,b:7077", None)])
def test_cluster_mode_of_any_place_is_upstreams_own(monkeypatch, host, port):
    """After it was told, the hook is as it would be had the operator named the mode."""
    name = connection(monkeypatch, host=host, port=port, extra={"rest-port": 6067})
    ours, theirs = UpstreamSubmitHook(conn_id=name), SparkSubmitHook(conn_id=name, deploy_mode="cluster")
    assert not ours._should_track_driver_status
    ours.follow_cluster_mode()
    assert ours._connection == theirs._connection
    assert ours._should_track_driver_status is theirs._should_track_driver_status is True
    assert ours.named_deploy_mode[1] == "cluster"


def test_answers_about_a_driver_that_say_nothing_come_to_an_end(monkeypatch):
    """Upstream would ask for ever; UNKNOWN is what it takes for a failure."""
    hook = UpstreamSubmitHook(conn_id=connection(monkeypatch, host="spark://h", port=7077))
    hook._process_spark_status_log(iter(['{"driverState":"RUNNING"}\n']))
    assert hook._driver_status == "RUNNING"
    for _ in range(29):
        hook._process_spark_status_log(iter(["<html>\n", "bad gateway\n"]))
    assert hook._driver_status == "RUNNING"
    hook._process_spark_status_log(iter([]))
    assert hook._driver_status == "UNKNOWN"
    assert callable(SparkSubmitHook._process_spark_status_log)


def test_the_arguments_are_checked_before_upstream_sees_them():
    """Its own errors would name no argument."""
    with pytest.raises(BadInputError, match="^application_args is not a list."):
        UpstreamSubmitHook(conn_id="nowhere", application_args="--day 2026-01-01")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, False),
        ({"keytab": "/k"}, False),
        ({"principal": "p"}, False),
        ({"keytab": "/k", "principal": "p"}, True),
    ],
)
def test_a_keytab_with_a_principal_is_kerberos(monkeypatch, given, found):
    """Upstream's own rule, by the same two entries of what it resolves the connection to."""
    hook = UpstreamSubmitHook(conn_id=connection(monkeypatch, host="yarn"), **given)
    assert hook.has_kerberos is found
    assert {"keytab", "principal"} <= set(hook._connection)


def test_an_extra_that_the_operator_replaces_is_not_read(monkeypatch):
    """Upstream looks at spark-binary only where no argument names one."""
    extra = {"spark-binary": "/opt/spark/bin/spark-submit", "queue": 5, "deploy-mode": []}
    name = connection(monkeypatch, host="yarn", extra=extra)
    hook = UpstreamSubmitHook(
        conn_id=name, spark_binary="/x/spark-submit", yarn_queue="q", deploy_mode="client"
    )
    assert hook.named_binary == "/x/spark-submit"
    with pytest.raises(ConnectionMissingError, match="^The extra 'queue' of Airflow connection 'spark_x'"):
        UpstreamSubmitHook(conn_id=name)
