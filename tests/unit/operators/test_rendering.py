"""The operator's templates, rendered by Airflow itself: a None is no word."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from airflow.sdk import DAG
from airflow.sdk._shared.secrets_masker import reset_secrets_masker
from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields

from airflow_spark_guard import SafeSparkSubmitOperator
from airflow_spark_guard.core.arguments import checked_arguments
from airflow_spark_guard.core.conf.conf_check import check_user_conf
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.hooks.upstream import hook_arguments

pytestmark = pytest.mark.usefixtures("airflow_db")
PULL = "{{ ti.xcom_pull('a') }}"


class NothingPushed:
    """A task instance without XComs."""

    def xcom_pull(self, _task_id):
        return None


def rendered(*, native=False, **options):
    with DAG("d", schedule=None, render_template_as_native_obj=native):
        operator = SafeSparkSubmitOperator(task_id="t", application="/x.py", **options)
    operator.render_template_fields({"ti": NothingPushed(), "ds": "2026-01-01"})
    return hook_arguments(operator)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"application_args": ["--day", PULL]},
            r"application_args\[1\] is not a single value.\n  got: None\n",
        ),
        (
            {"application_args": ("--day", PULL)},
            r"application_args\[1\] is not a single value.\n  got: None\n",
        ),
        ({"env_vars": {"DAY": PULL}}, r"env_vars\['DAY'\] is not a single value.\n  got: None\n"),
        (
            {"conf": {"spark.x": PULL}},
            "conf sets spark.x to a value that is not valid in Spark.\n  got: NoneType",
        ),
    ],
)
def test_a_value_that_renders_to_none_is_refused(native, options, said):
    """An XCom that nobody has pushed must not reach the job as the word None."""
    with pytest.raises(BadInputError, match=f"^{said}"):
        check_user_conf(checked_arguments(rendered(native=native, **options))["conf"] or {})


def test_the_word_itself_and_other_templates_are_as_airflow_renders_them(caplog, capfd):
    """Whoever writes None means it; in the middle of a text it stays, with a warning that names the place."""
    given = rendered(
        application_args=["None", "{{ none or 'None' }}", "{{ ds }}", f"--day={PULL}", 5],
        env_vars={"A": "{{ ds }}"},
        name=PULL,
    )
    assert given["application_args"] == ["None", "None", "2026-01-01", "--day=None", 5]
    assert (given["env_vars"], given["name"]) == ({"A": "2026-01-01"}, "None")
    out = capfd.readouterr()
    assert "application_args[3]" in caplog.text + out.out + out.err


def test_an_argument_that_is_one_template_is_refused_as_a_whole():
    """It is text where a list belongs."""
    with pytest.raises(BadInputError, match="application_args is not a list"):
        checked_arguments(rendered(application_args=PULL))


CONF = {
    "spark.hadoop.fs.azure.account.key.store.dfs.core.windows.net": "GEHEIM-ACCOUNT",
    "spark.hadoop.fs.azure.sas.c.a.blob.core.windows.net": "GEHEIM-SAS",
    "spark.sql.catalog.pg.url": "jdbc:postgresql://u:GEHEIM-URL@db/x",
    "spark.x.password": "{{ 'GEHEIM-' ~ 'RENDERED' }}",
    "spark.executor.memory": "2g",
}
ARGUMENTS = [
    "--db-password",
    "GEHEIM-ARG",
    "--token=GEHEIM-TOKEN",
    "-password",
    "{{ 'GEHEIM-' ~ ds }}",
    "--day",
]


def shown(task):
    """What Airflow stores for its page "Rendered Templates"."""
    return json.dumps(_serialize_rendered_fields(task))


@pytest.fixture
def masker():
    """Airflow's, without what other tests have told it."""
    reset_secrets_masker()
    yield
    reset_secrets_masker()


@pytest.mark.usefixtures("masker")
def test_the_page_of_rendered_templates_shows_no_secret():
    """Of configuration, environment and arguments; what is none stays."""
    with DAG("d", schedule=None):
        task = SafeSparkSubmitOperator(
            task_id="t",
            application="/x.py",
            conf=CONF,
            application_args=ARGUMENTS,
            env_vars={"DB_PASS": "GEHEIM-ENV", "TZ": "Europe/Berlin"},
        )
    task.render_template_fields({"ds": "2026-01-01"})
    text = shown(task)
    assert "GEHEIM" not in text
    for word in ("2g", "--day", "Europe/Berlin", "jdbc:postgresql://u:***@db/x", "--db-password", "--token="):
        assert word in text
    assert task.application_args[1] == "GEHEIM-ARG"


@pytest.mark.usefixtures("masker")
def test_it_shows_none_of_a_mapped_task_either():
    """Airflow renders the expanded task by another way."""
    with DAG("d", schedule=None) as dag:
        mapped = SafeSparkSubmitOperator.partial(task_id="t", application="/x.py", conf=CONF).expand(
            application_args=[ARGUMENTS]
        )
    context = {
        "ds": "2026-01-01",
        "ti": SimpleNamespace(map_index=0),
        "task": mapped,
        "expanded_ti_count": 1,
        "dag": dag,
        "dag_run": SimpleNamespace(conf={}),
    }
    mapped.render_template_fields(context)
    assert context["task"].application_args[3] == "-password"
    assert "GEHEIM" not in shown(context["task"])


@pytest.mark.usefixtures("masker")
def test_what_stands_in_the_dag_file_is_hidden_before_anything_is_rendered():
    """A template is none, and an argument of the wrong type is refused elsewhere."""
    with DAG("d", schedule=None):
        task = SafeSparkSubmitOperator(
            task_id="t", application="/x.py", conf={"x.password": "GEHEIM-A", "y.token": "{{ ds }}"}
        )
        SafeSparkSubmitOperator(task_id="u", application="/x.py", conf="{}", application_args=5, env_vars=[1])
    assert "GEHEIM" not in shown(task)
    assert "{{ ds }}" in shown(task) or "***" in shown(task)
