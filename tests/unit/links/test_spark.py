"""The links of a task, as Airflow's API server and its worker use them."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard import SafeSparkSubmitOperator
from airflow_spark_guard.links.spark import (
    LINKS,
    GuardRecordLink,
    SparkHistoryLink,
    SparkUILink,
    known_links,
)

pytestmark = pytest.mark.usefixtures("airflow_db")
KEYS = {
    "Spark UI": "spark_guard_ui",
    "Spark history": "spark_guard_history",
    "Guard record": "spark_guard_record",
}


def test_each_link_has_a_name_and_an_xcom_of_its_own():
    """Names are buttons, keys are documented."""
    assert {link.name: link.xcom_key for link in LINKS} == KEYS


def test_a_link_leads_where_the_operator_has_been_told():
    """The same that was pushed, since Airflow writes it over that when the task ends."""
    operator = SafeSparkSubmitOperator(task_id="job", application="a.py")
    operator.guard_links["spark_guard_ui"] = "http://h:4040"
    assert SparkUILink().get_link(operator, ti_key=None) == "http://h:4040"
    assert SparkHistoryLink().get_link(operator, ti_key=None) == ""


def test_a_link_of_what_has_not_executed_leads_nowhere():
    """Such as an operator out of the serialised DAG."""
    assert GuardRecordLink().get_link(object(), ti_key=None) == ""


@pytest.mark.parametrize("mapped", [False, True])
def test_the_serialised_dag_knows_the_links(mapped):
    """By name and key, for a mapped task too; there is nothing to be imported in the API server."""
    from airflow.sdk import DAG
    from airflow.serialization.serialized_objects import DagSerialization

    with DAG("linked", schedule=None) as dag:
        if mapped:
            SafeSparkSubmitOperator.partial(task_id="job").expand(application=["a.py", "b.py"])
        else:
            SafeSparkSubmitOperator(task_id="job", application="a.py")
    stored = json.loads(json.dumps(DagSerialization.to_dict(dag)))
    (task,) = stored["dag"]["tasks"]
    assert task["__var"]["_operator_extra_links"] == KEYS
    restored = DagSerialization.from_dict(stored).get_task("job")
    assert sorted(restored.extra_links) == sorted(KEYS)


def test_a_link_whose_address_never_was_known_is_left_out_when_the_task_ends():
    """Airflow would push an empty XCom for it; one that was known and is not any more has to be emptied."""
    other = object()
    kept = known_links((*LINKS, other), {"spark_guard_ui": "", "spark_guard_record": "http://records"})
    assert [getattr(link, "name", "other") for link in kept] == ["Spark UI", "Guard record", "other"]
