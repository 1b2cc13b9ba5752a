"""What the task that submits an application says of it."""

from __future__ import annotations

import pytest
from hypothesis import given

from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.remote.submitting_task import nothing_reported, state_from, target_from
from airflow_spark_guard.core.remote.target import Target
from tests.unit.core.web.test_spark_rest import JSON

TOLD = {
    "application_id": "app-1",
    "driver_ui": "http://h:4040",
    "task": "running",
    "record": "/x",
    "master": "",
}


def test_the_xcom_of_a_guarded_task_names_application_and_witnesses():
    """What it says besides is for others."""
    assert target_from(TOLD, Target()) == Target("app-1", driver_ui="http://h:4040")
    assert target_from("app-1", Target()) == Target("app-1")
    assert target_from({"name": "nightly"}, Target()) == Target(name="nightly")


def test_what_the_sensor_names_wins():
    """A proxy before the driver, for one."""
    own = Target(driver_ui="http://proxy/x", history_server="http://past:18080")
    assert target_from(TOLD, own) == Target(
        "app-1", driver_ui="http://proxy/x", history_server="http://past:18080"
    )


@pytest.mark.parametrize("value", [5, [], {}, {"task": "running"}, "", ["app-1"], {"application_id": None}])
def test_an_xcom_of_another_shape_is_a_clear_error(value):
    """It says what was pushed, and what would be right."""
    with pytest.raises(
        ApplicationError, match="^The XCom spark_guard_application does not name an application."
    ):
        target_from(value, Target())


@given(value=JSON)
def test_no_xcom_raises_anything_else(value):
    """Tasks push what they like."""
    try:
        assert isinstance(target_from(value, Target()), Target)
    except ApplicationError as error:
        assert error.advice  # noqa: PT017 - it need not be raised
    assert state_from(value, "app-1") in {"", "running", "success", "failed"}
    assert state_from({"application_id": "app-1", "task": value}, "app-1") in {
        "",
        "running",
        "success",
        "failed",
    }


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (TOLD, "running"),
        ({"application_id": "app-1", "task": "success"}, "success"),
        ({"task": "failed"}, "failed"),
        ({"application_id": "app-1"}, ""),
        ({"application_id": "app-1", "task": "asleep"}, ""),
        ({"application_id": "app-1", "task": ["failed"]}, ""),
        ("app-1", ""),
        (None, ""),
    ],
)
def test_the_task_says_how_it_stands(value, state):
    """Or does not."""
    assert state_from(value, "app-1") == state


def test_a_task_that_names_another_application_has_given_this_one_up():
    """Its retry runs the new one."""
    assert state_from({"application_id": "app-2", "task": "running"}, "app-1") == "failed"


def test_an_id_that_is_told_late_gives_nothing_up():
    """The application was looked for by its name, and nobody has found it yet."""
    assert state_from({"application_id": "app-1", "name": "nightly", "task": "running"}, "") == "running"


def test_a_task_that_has_told_nothing_is_named():
    """And for how long it was given."""
    error = nothing_reported("submit", "5m")
    assert error.what == "Task 'submit' has not published an application id."
    assert error.got == "no XCom spark_guard_application within 5m"
    assert "submitted_by=" in error.advice


def test_a_script_that_goes_on_to_another_application_has_not_given_the_first_one_up():
    """Two SparkContexts in a row are one try; another application without that is another try."""
    told = {"application_id": "app-2", "task": "running"}
    assert state_from(told, "app-1") == "failed"
    assert state_from({**told, "earlier": ["app-1"]}, "app-1") == "success"
    assert state_from({**told, "earlier": ["app-0"]}, "app-1") == "failed"
