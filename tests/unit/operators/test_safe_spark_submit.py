"""The operator up to the launch: what each kind of bad input says, and what cluster mode hands to spark-submit."""

from __future__ import annotations

import os

import pytest

from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator, SparkProfile
from airflow_spark_guard.core import errors
from tests.support.paths import DATA, TESTS
from tests.support.processes import MARK, marked

pytestmark = pytest.mark.usefixtures("airflow_db")
SCRIPT = str(TESTS / "integration" / "jobs" / "misbehave.py")


class TaskLog:
    """What the task has logged so far, as Airflow prints it."""

    def __init__(self, capsys) -> None:
        self._capsys = capsys
        self._text = ""

    @property
    def text(self) -> str:
        self._text += self._capsys.readouterr().out
        return self._text


@pytest.fixture
def log(capsys):
    return TaskLog(capsys)


@pytest.fixture
def run(request):
    """Execute an operator on ``misbehave.py``; afterwards none of its processes may be left."""
    mark = f"{request.node.name}-{os.getpid()}"

    def execute(*arguments, application=SCRIPT, context=None, **kwargs):
        kwargs["env_vars"] = {MARK: mark, **kwargs.get("env_vars", {})}
        operator = SafeSparkSubmitOperator(
            task_id="job", application=application, application_args=list(arguments), **kwargs
        )
        return operator.execute(context or {})

    yield execute
    assert marked(mark) == []


@pytest.mark.parametrize(
    ("kwargs", "kind", "text"),
    [
        ({"application": "/nowhere/job.py"}, errors.ApplicationError, "The application was not found."),
        (
            {"application": str(DATA / "golden" / "messages.jsonl")},
            errors.ApplicationError,
            "The application is not a Python file.",
        ),
        ({"conf": {"spark.network.timeout": ["10s"]}}, errors.ConfError, ""),
        ({"conf": {"spark.network.timeout": "soon"}}, errors.ConfError, ""),
        ({"profile": "defualt"}, errors.ProfileError, "Unknown Spark profile."),
        ({"conn_id": "nowhere"}, errors.ConnectionMissingError, "There is no Airflow connection 'nowhere'."),
        (
            {"env_vars": {"SPARK_HOME": "/nowhere"}},
            errors.SparkSubmitMissingError,
            "No spark-submit found.",
        ),
        ({"env_vars": {"JAVA_HOME": "/nowhere"}}, errors.JavaError, "No suitable Java found for Spark."),
        ({"executor_cores": "two"}, errors.ConfError, "executor_cores is not valid."),
        ({"limits": "1h"}, errors.LimitError, "The operator's limits are not valid."),
        ({"verbosity": "loud"}, errors.ArgumentError, "verbosity is not valid."),
    ],
)
def test_bad_input_is_one_clear_exception_before_anything_starts(run, kwargs, kind, text):
    """What, got, expected, what to do."""
    with pytest.raises(kind, match=r"(?s)^.+\n  got: .+\n  expected: .+\n  do: .+") as caught:
        run("fine", **kwargs)
    assert str(caught.value).startswith(text)


def test_our_arguments_show_as_data():
    """What the UI shows as the rendered field."""
    operator = SafeSparkSubmitOperator(
        task_id="x", application="a.py", profile=SparkProfile("strict"), limits=GuardLimits(deadline="2h")
    )
    assert operator.profile.serialize() == {"name": "strict", "overrides": {}}
    assert operator.limits.serialize()["deadline"] == "2h"


def test_the_verbosity_may_be_a_template():
    """Jinja leaves text; a wrong one is refused when the task has rendered it."""
    operator = SafeSparkSubmitOperator(task_id="x", application="a.py", verbosity="{{ level }}")
    operator.render_template_fields({"level": 2})
    assert operator.verbosity == "2"
    operator = SafeSparkSubmitOperator(task_id="x", application="a.py", verbosity="{{ level }}")
    operator.render_template_fields({"level": "loud"})
    with pytest.raises(errors.ArgumentError, match="^verbosity is not valid"):
        operator.execute({})


def test_an_unknown_argument_is_refused():
    """As by any operator."""
    with pytest.raises(TypeError, match="limit"):
        SafeSparkSubmitOperator(task_id="x", application="a.py", limit=3)


def test_on_kill_before_anything_started_does_nothing():
    """No connection is looked up in a signal handler."""
    SafeSparkSubmitOperator(task_id="x", application="a.py", conn_id="nowhere").on_kill()


def test_cluster_mode_submits_as_upstream_with_all_configuration_in_the_file(run, tmp_path, log, monkeypatch):
    """A spark-submit that only writes down what it was given."""
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_MESOS", '{"conn_type": "spark", "host": "mesos://yarn:5050"}')
    seen = tmp_path / "seen"
    binary = tmp_path / "bin" / "spark-submit"
    binary.parent.mkdir()
    binary.write_text(
        f'#!/bin/bash\necho "$@" > {seen}\nwhile [ "$1" != --properties-file ]; do shift; done\ncat "$2" >> {seen}\n'
    )
    binary.chmod(0o755)
    run(
        "x",
        deploy_mode="cluster",
        conn_id="spark_mesos",
        spark_binary=str(binary),
        durable=False,
        conf={"spark.x.password": "geheim-4713"},
    )
    command, *properties = seen.read_text().splitlines()
    assert command.startswith(
        "--master mesos://yarn:5050 --name arrow-spark --deploy-mode cluster --properties-file /"
    )
    assert "geheim-4713" not in command + log.text
    assert "spark.x.password geheim-4713" in "\n".join(properties).replace("=", " ")
    assert not any("spark.driver.timeout" in line for line in properties)
    assert "upstream sets its deadline, kills it and decides on its success" in log.text
