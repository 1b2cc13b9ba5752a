"""What is submitted: which Spark, environment and configuration, for which deploy mode."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from airflow_spark_guard.attempt.submission import SubmitRequest, deploy_mode, prepare
from airflow_spark_guard.attempt.user_conf import UserConf
from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.conf.properties import parse
from airflow_spark_guard.core.errors import ConfError
from airflow_spark_guard.process import toolchain
from airflow_spark_guard.process.leftovers import new_attempt
from airflow_spark_guard.process.workspace import Workspace


def request(master="local[1]", **given):
    """A request; what the user configures is given beside the rest."""
    own = {field.name: given.pop(field.name) for field in dataclasses.fields(UserConf) if field.name in given}
    return SubmitRequest(
        **{"master": master, "profile": SparkProfile(), "user_conf": UserConf(**own), **given}
    )


@pytest.fixture
def workspace():
    workspace = Workspace(new_attempt())
    yield workspace
    workspace.remove()


@pytest.fixture
def ask(workspace, monkeypatch):
    for name in (
        *("SPARK_HOME", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "SPARK_CONF_DIR", "DEPLOY_MODE"),
        "SPARK_GUARD_VERBOSITY",
    ):
        monkeypatch.delenv(name, raising=False)

    def prepared(master="local[1]", **fields):
        return prepare(request(master, **{"deadline": 600.0, **fields}), workspace)

    return prepared


def test_the_layers_lie_in_their_order(ask, tmp_path):
    """profile <- file <- connection <- conf= <- arguments, each with its origin."""
    file = tmp_path / "mine.conf"
    file.write_text("spark.a file\nspark.b file\nspark.c file\nspark.network.timeout 250s\n")
    conf = ask(
        properties_file=str(file),
        connection="x",
        connection_conf={"spark.b": "connection", "spark.c": "connection"},
        conf={"spark.c": "conf", "spark.driver.memory": "1g"},
        arguments={"spark.driver.memory": "2g"},
    ).conf.values
    assert [(conf[f"spark.{k}"].value, conf[f"spark.{k}"].origin) for k in "abc"] == [
        ("file", str(file)),
        ("connection", "connection x"),
        ("conf", "conf"),
    ]
    assert (conf["spark.driver.memory"].value, conf["spark.network.timeout"].value) == ("2g", "250s")
    assert conf["spark.task.reaper.enabled"].origin == "profile"


def test_the_workers_dump_their_stack_three_times_within_the_stall_timeout(ask):
    """The operator's limit reaches the profile; a value of the user's holds."""
    key = "spark.python.worker.tracebackDumpIntervalSeconds"
    assert ask(stall=45.0).conf.values[key].value == "15"
    assert ask(stall=45.0, conf={key: "60"}).conf.values[key].value == "60"
    assert ask().conf.values[key].value == "120"


def test_the_profile_knows_the_stall_limit_and_whether_the_application_is_python(ask):
    """Its kill is never shorter than the limit, and the threads of a jar's main go on."""
    idle, leave = (
        "spark.sql.execution.pyspark.udf.idleTimeoutSeconds",
        "spark.submit.callSystemExitOnMainExit",
    )
    own = ask(profile=SparkProfile("strict")).conf.plain()
    longer = ask(profile=SparkProfile("strict"), stall=1800.0, python=False).conf.plain()
    assert (own[idle], longer[idle]) == ("600", "1800")
    assert leave not in longer


def test_the_spark_defaults_are_merged_since_spark_will_not_read_them(ask, tmp_path):
    """A properties file makes Spark ignore them."""
    (tmp_path / "spark-defaults.conf").write_text("spark.network.timeout 260s\n")
    conf = ask(environment={"SPARK_CONF_DIR": str(tmp_path)}).conf.values
    assert conf["spark.network.timeout"].value == "260s"


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ({}, "client"),
        ({"deploy_mode": ("x", "client"), "conf": {"spark.submit.deployMode": "cluster"}}, "client"),
        ({"deploy_mode": ("x", "cluster")}, "cluster"),
        ({"conf": {"spark.submit.deployMode": "cluster"}}, "cluster"),
        ({"connection_conf": {"spark.submit.deployMode": "cluster"}}, "cluster"),
        ({"environment": {"DEPLOY_MODE": "cluster"}}, "cluster"),
    ],
)
def test_the_deploy_mode_is_found_where_spark_looks(ask, fields, mode):
    """A driver that runs elsewhere has the JVM's own backstop too, unless its outcome is upstream's."""
    submission = ask("yarn", **fields)
    assert submission.deploy_mode.mode == mode
    assert "spark.driver.timeout" in submission.conf.values
    elsewhere = ask("spark://h:7077", **fields)
    assert ("spark.driver.timeout" in elsewhere.conf.values) is (mode == "client")


@pytest.mark.parametrize("files", [{}, {"options": ["--files", "a.txt", "--py-files", "a.zip"]}])
def test_in_cluster_mode_the_launcher_is_submitted_and_the_script_comes_along(ask, workspace, files):
    """Beside the user's own files; no tag marks executors, which are the manager's to end."""
    submission = ask("yarn", **files)
    words = ["s3a://bucket/job.py", "--x"]
    command = submission.cluster_command(workspace, words, {"spark.yarn.tags": "t"}, launched=True)
    assert command[-3:] == [str(workspace.cluster_main), "job.py", "--x"]
    conf = parse(workspace.properties.read_text())
    if files:
        assert f"a.txt,{words[0]}" in command
        assert f"a.zip,{workspace.job_zip}" in command
    else:
        assert (conf["spark.files"], conf["spark.submit.pyFiles"]) == (words[0], str(workspace.job_zip))
    assert conf["spark.yarn.tags"] == "t"
    assert not any("SPARK_GUARD_TAG" in key for key in conf)


def test_in_cluster_mode_a_script_in_the_image_stays_there(ask, workspace):
    """And without a launcher nothing is added at all."""
    words = ["local:///opt/job.py"]
    command = ask("yarn").cluster_command(workspace, words, {}, launched=True)
    assert command[-2:] == [str(workspace.cluster_main), *words]
    assert "spark.files" not in parse(workspace.properties.read_text())
    assert ask("yarn").cluster_command(workspace, words, {}, launched=False)[-1:] == words


def test_the_command_line_holds_no_configuration(ask, workspace):
    """It all stands in the private file."""
    submission = ask(options=["--master", "yarn"], conf={"spark.x.password": "geheim"})
    command = submission.command(workspace, ["app.jar", "--x"])
    assert command[1:] == [
        "--master",
        "yarn",
        "--properties-file",
        str(workspace.properties),
        "app.jar",
        "--x",
    ]
    assert parse(workspace.properties.read_text())["spark.x.password"] == "geheim"


@pytest.mark.parametrize("master", ["local[2]", "local-cluster[1,1,1024]"])
def test_on_this_host_every_python_is_ours(ask, workspace, master):
    """Where Spark is the pyspark beside us, and nothing names a Python."""
    _, env = ask(master).guarded_command(workspace, ["a.py"], 100)
    assert env["PYSPARK_PYTHON"] == sys.executable
    assert "PYSPARK_DRIVER_PYTHON" not in env


def test_executors_elsewhere_keep_their_own_python(ask, workspace):
    """A path of this host would mean nothing there."""
    _, env = ask("spark://host:7077").guarded_command(workspace, ["a.py"], 100)
    assert env["PYSPARK_DRIVER_PYTHON"] == sys.executable
    assert "PYSPARK_PYTHON" not in env


@pytest.mark.parametrize(
    "fields",
    [{"environment": {"PYSPARK_PYTHON": "/x/python"}}, {"conf": {"spark.pyspark.python": "/x/python"}}],
)
def test_a_python_that_is_named_is_kept(ask, workspace, fields):
    """By the environment or by the configuration."""
    submission = ask(**fields)
    _, env = submission.guarded_command(workspace, ["a.py"], 100)
    assert env.get("PYSPARK_PYTHON") == fields.get("environment", {}).get("PYSPARK_PYTHON")
    assert ("/x/python" in workspace.driver_python.read_text()) is ("conf" in fields)


def test_the_jobs_side_is_added_to_the_users_files(ask, workspace):
    """As an option where the user gave one, else as configuration."""
    command, _ = ask(options=["--py-files", "mine.zip"]).guarded_command(workspace, ["a.py"], 100)
    assert f"mine.zip,{workspace.job_zip}" in command
    ask(conf={"spark.submit.pyFiles": "mine.zip"}).guarded_command(workspace, ["a.py"], 100)
    assert parse(workspace.properties.read_text())["spark.submit.pyFiles"] == f"mine.zip,{workspace.job_zip}"


def test_a_properties_file_that_is_not_there_is_named(ask):
    """Before anything starts."""
    with pytest.raises(ConfError, match="^The properties file cannot be read.\n  got: /nowhere/x.conf: "):
        ask(properties_file="/nowhere/x.conf")


def test_the_home_of_the_found_spark_is_set(ask):
    """Its scripts need not look for it by running Python."""
    assert ask().env["SPARK_HOME"] == str(toolchain.installed_pyspark())


@pytest.mark.parametrize("place", ["properties_file", "spark-defaults.conf", "environment", "DEPLOY_MODE"])
def test_the_deploy_mode_is_known_before_anything_is_prepared(place, tmp_path, monkeypatch):
    """Of files and of the environment too; the operator asks for it first."""
    file = tmp_path / "spark-defaults.conf"
    file.write_text("spark.submit.deployMode cluster\n")
    monkeypatch.delenv("SPARK_CONF_DIR", raising=False)
    monkeypatch.delenv("DEPLOY_MODE", raising=False)
    fields = {
        "properties_file": {"properties_file": str(file)},
        "spark-defaults.conf": {"environment": {"SPARK_CONF_DIR": str(tmp_path)}},
        "environment": {"environment": {"DEPLOY_MODE": "cluster"}},
        "DEPLOY_MODE": {},
    }[place]
    if place == "DEPLOY_MODE":
        monkeypatch.setenv(place, "cluster")
    found = deploy_mode(request("spark://h:7077", **fields))
    assert found.mode == "cluster"
    assert ("spark-defaults.conf" in found.origin) is ("DEPLOY_MODE" not in found.origin)


def test_a_value_with_blanks_at_its_ends_arrives(ask, workspace):
    """Beside the file, which would lose them; before the application."""
    conf = {"spark.hadoop.separator": "\t", "spark.lead": "  x", "spark.plain": "x"}
    submission = ask(options=["--master", "local[1]"], conf=conf)
    words = ["--conf", "spark.hadoop.separator=\t", "--conf", "spark.lead=  x"]
    for command in (
        submission.command(workspace, ["a.py"]),
        submission.guarded_command(workspace, ["a.py"], 100)[0],
        submission.cluster_command(workspace, ["a.py"], {}, launched=False),
    ):
        assert command[-5:] == [*words, "a.py"]
        read = parse(workspace.properties.read_text())
        assert read["spark.plain"] == "x"
        assert not {"spark.hadoop.separator", "spark.lead"} & set(read)


def test_a_variable_for_the_cluster_is_a_value_too(ask):
    """Upstream makes configuration of env_vars on YARN and Kubernetes."""
    with pytest.raises(ConfError, match="^operator sets spark.yarn.appMasterEnv.PASSWORD to a value"):
        ask(arguments={"spark.yarn.appMasterEnv.PASSWORD": "geheim "})


def test_what_spark_itself_will_trim_is_noted(ask):
    """Its own file for the driver on the cluster."""
    notes = ask(master="yarn", deploy_mode=("conf", "cluster"), conf={"spark.x": " "}).conf.notes
    assert any("at the ends of spark.x is lost" in note for note in notes)


def test_the_tasks_name_gives_way_to_every_other(ask, workspace):
    """As an option, which Spark lets win, only where there is no other name."""
    command = ask(application_name="dag.task.1", options=["--master", "yarn", "--queue", "q"]).command(
        workspace, []
    )
    assert command[1:5] == ["--master", "yarn", "--name", "dag.task.1"]
    named = ask(application_name="dag.task.1", conf={"spark.app.name": "mine"})
    assert (named.application_name, "--name" in named.command(workspace, [])) == ("mine", False)
    assert ask(options=["--master", "yarn", "--name", "n"], application_name="x").application_name == "n"
    assert ask().application_name == ""


def test_of_a_file_only_sparks_keys_are_taken(ask, tmp_path, workspace):
    """Spark ignores the others; they may be lines of any file, and stand nowhere afterwards."""
    file = tmp_path / "airflow.cfg"
    file.write_text("# comment\nfernet_key = geheim\nspark.a b\n[core]\n")
    submission = ask(properties_file=str(file))
    assert submission.conf.values["spark.a"].value == "b"
    assert not any("geheim" in found.value or "key" in key for key, found in submission.conf.values.items())
    (note,) = submission.conf.notes
    assert note == f"Ignored 2 lines of {file}: Spark reads only keys that begin with 'spark.'."
    submission.command(workspace, ["app.jar"])
    assert "geheim" not in workspace.properties.read_text()
    file.write_text("spark.a b\nx y\n")
    assert ask(properties_file=str(file)).conf.notes[0].startswith(f"Ignored 1 line of {file}: ")


def test_the_keytab_is_written_with_the_command(ask, workspace):
    """Not earlier: from the launch on the reaper looks after it."""
    submission = ask(keytab=b"\x05\x02x")
    assert not workspace.keytab.exists()
    submission.command(workspace, ["app.jar"])
    assert workspace.keytab.read_bytes() == b"\x05\x02x"
    for make in (
        lambda: submission.guarded_command(workspace, ["a.py"], 100),
        lambda: submission.cluster_command(workspace, ["a.py"], {}, launched=True),
    ):
        workspace.keytab.unlink()
        make()
        assert workspace.keytab.exists()


def test_the_operators_verbosity_wins_over_the_users_variable(ask, workspace):
    """Unset, the user's own holds; 0 switches that off."""
    mine = {"environment": {"SPARK_GUARD_VERBOSITY": "3"}}
    found = [
        ask(**fields).guarded_command(workspace, ["a.py"], 100)[1].get("SPARK_GUARD_VERBOSITY")
        for fields in ({}, mine, {"verbosity": 2}, {**mine, "verbosity": 0})
    ]
    assert found == [None, "3", "2", "0"]
