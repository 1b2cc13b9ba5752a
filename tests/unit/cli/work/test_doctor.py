"""Set-ups that are broken on purpose, each in one place: the doctor names it, and the fix."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from airflow_spark_guard.cli.checks.all_checks import CHECKS
from airflow_spark_guard.cli.checks.check import Check
from airflow_spark_guard.cli.work.doctor import run
from tests.support.paths import ROOT
from tests.support.setups import installed, is_root, java_home, setup, spark_home
from tests.unit.cli.checks.test_cluster_checks import closed_port, master

NOBODY = 65534
# All but those that another one in this process would repeat: a second each.
QUICK = [check for check in CHECKS if check.name != "py-spy"]


def java_11(folder, _):
    return setup(folder, {"JAVA_HOME": str(java_home(folder / "old", "11.0.24"))})


def mixed_pyspark(folder, _):
    return setup(folder, paths=installed(folder / "p", pyspark="4.2.0", pyspark_client="4.3.0", **OTHERS))


def pandas_3(folder, _):
    return setup(folder, paths=installed(folder / "p", pyspark="4.2.0", **{**OTHERS, "pandas": "3.0.0"}))


def old_airflow(folder, _):
    versions = {**OTHERS, "apache_airflow": "3.0.6"}
    return setup(folder, paths=installed(folder / "p", pyspark="4.2.0", **versions))


def old_provider(folder, _):
    versions = {**OTHERS, "apache_airflow_providers_apache_spark": "5.3.0"}
    return setup(folder, paths=installed(folder / "p", pyspark="4.2.0", **versions))


def python_3_14(folder, _):
    return setup(folder, python=(3, 14, 0))


def no_spark_submit(folder, _):
    return setup(folder, {"SPARK_HOME": str(folder / "nowhere")})


def another_spark(folder, _):
    return setup(folder, {"SPARK_HOME": str(spark_home(folder / "spark", "3.5.7"))})


def unknown_key(folder, _):
    return setup(folder, conf=("spark.netwrok.timeout=100s",))


def silent_master(folder, stack):
    return setup(folder, master=f"spark://127.0.0.1:{stack.enter_context(closed_port())}")


def broken_connection(folder, stack):
    stack.enter_context(variable("AIRFLOW_CONN_BROKEN", '{"conn_type": "spark", "host": "yarn"'))
    return setup(folder, connection="broken", record_folder=folder)


def too_large_an_executor(folder, stack):
    url, ui = stack.enter_context(master((2, 2048)))
    text = json.dumps({"conn_type": "spark", "host": url, "extra": {"master_ui": ui}})
    stack.enter_context(variable("AIRFLOW_CONN_SMALL", text))
    return setup(folder, connection="small", conf=("spark.executor.memory=4g",), record_folder=folder)


def file_instead_of_a_folder(folder, _):
    (folder / "records").touch()
    return setup(folder, record_folder=folder / "records")


OTHERS = {
    "apache_airflow": "3.3.2",
    "apache_airflow_providers_apache_spark": "6.3.4",
    "pandas": "2.3.3",
    "pyarrow": "26.0.1",
}
BROKEN = [
    (java_11, "Java", "error", "which is Java 11", "openjdk-17"),
    (
        mixed_pyspark,
        "pyspark",
        "error",
        "pyspark 4.2.0 and pyspark-client 4.3.0",
        "pip install pyspark==4.2.0",
    ),
    (pandas_3, "pandas", "error", "pandas 3.0.0", "pip install 'pandas<3'"),
    (old_airflow, "Airflow", "error", "apache-airflow 3.0.6 is older", "apache-airflow>=3.1.8"),
    (old_provider, "Spark provider", "error", "5.3.0 is older", "apache-spark>=6.3.4"),
    (python_3_14, "Python", "error", "Python 3.14.0 is not supported", "3.11 to 3.13"),
    (no_spark_submit, "spark-submit", "error", "No spark-submit found", "SPARK_HOME"),
    (another_spark, "spark-submit", "warning", "is of Spark 3.5", "Unset SPARK_HOME"),
    (unknown_key, "configuration", "warning", "spark.netwrok.timeout", "spark.network.timeout"),
    (silent_master, "master", "error", "Connection refused", "Start the master"),
    (broken_connection, "connection", "error", "Airflow cannot read it", "Write it as JSON"),
    (too_large_an_executor, "executor size", "error", "does not fit", "spark.executor.memory to 2048m"),
    (file_instead_of_a_folder, "records", "error", "Not a directory", "record_folder"),
]


class variable:  # noqa: N801 - used as a function
    """A variable of this process's environment, which Airflow reads."""

    def __init__(self, name, value):
        self.name, self.value = name, value

    def __enter__(self):
        os.environ[self.name] = self.value

    def __exit__(self, *_):
        del os.environ[self.name]


def report(capsys, found, checks=QUICK):
    code = run(found, checks, as_json=True)
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("broken", "check", "state", "what", "fix"), BROKEN, ids=[row[0].__name__ for row in BROKEN]
)
def test_a_broken_set_up_is_named_with_its_fix(capsys, tmp_path, broken, check, state, what, fix):
    """And nothing else is: every other check is ok."""
    with ExitStack() as stack:
        code, lines = report(capsys, broken(tmp_path, stack))
    bad = [line for line in lines if line["state"] != "ok"]
    assert [(line["check"], line["state"]) for line in bad] == [(check, state)]
    assert what in bad[0]["what"]
    assert fix in bad[0]["fix"]
    assert code == (state == "error")


@pytest.mark.skipif(not is_root(), reason="another user is needed to be refused")
def test_a_read_only_folder_of_records_is_named(capsys, tmp_path):
    folder = Path(tempfile.mkdtemp())
    found = setup(tmp_path, record_folder=folder)
    try:
        folder.chmod(0o555)
        os.seteuid(NOBODY)
        try:
            code, lines = report(capsys, found, [check for check in CHECKS if check.name == "records"])
        finally:
            os.seteuid(0)
    finally:
        shutil.rmtree(folder)
    assert code == 1
    assert lines[0]["what"] == f"Records cannot be written to {folder}: Permission denied."


FORBIDDEN = """
import sys
from tests.support.sandbox import refuse
refuse(1, 101, 310)  # ptrace, process_vm_readv
from airflow_spark_guard.cli import main
sys.exit(main(["doctor", "--json"]))
"""


def test_a_py_spy_that_may_not_trace_is_named(tmp_path):
    """By the program as a whole."""
    env = {**os.environ, "JAVA_HOME": str(java_home(tmp_path / "java")), "HOME": str(tmp_path)}
    for name in ("AIRFLOW_HOME", "AIRFLOW_CONN_SPARK_DEFAULT"):
        env.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", FORBIDDEN], capture_output=True, text=True, cwd=ROOT, env=env, timeout=120
    )
    assert done.returncode == 1, done.stderr
    bad = [line for line in json.loads(done.stdout) if line["state"] == "error"]
    assert [line["check"] for line in bad] == ["py-spy"]
    assert "SYS_PTRACE" in bad[0]["fix"]


def test_a_sound_set_up_has_no_line_but_ok(capsys, tmp_path):
    """A line for each check, in their order."""
    code = run(setup(tmp_path, record_folder=tmp_path), CHECKS)
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[-1] == "0 errors, 0 warnings."
    assert {line[:7].strip() for line in lines[:-1]} == {"ok"}
    assert [line[9:23].strip() for line in lines[:-1]] == [
        name for check in CHECKS for name in [check.name] * (2 if check.name == "disk space" else 1)
    ]


class Odd(Check):
    name = "odd [b]"

    def look(self, setup):
        del setup
        yield self.warning("[bold]what[/bold] :smile:", "x " * 100)


def test_lines_are_text_and_not_wrapped(capsys, tmp_path):
    """The fix stands below; warnings alone are no failure."""
    assert run(setup(tmp_path), [Odd()]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "warning  odd [b]         [bold]what[/bold] :smile:",
        f"{' ' * 25}do: {('x ' * 100).strip()}",
        "0 errors, 1 warning.",
    ]
