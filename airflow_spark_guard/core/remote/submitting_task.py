"""What the submitting task publishes about its application: its XCom ``spark_guard_application``."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Final

from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.web.snapshot import TASK_STATES, TaskState

APPLICATION_KEY: Final = "spark_guard_application"
_NAMES = frozenset(field.name for field in fields(Target))


def target_from(value: object, own: Target) -> Target:
    """The application that the XCom names; fields that ``own`` sets take precedence.

    Raises:
        ApplicationError: the XCom has another shape.
    """
    if isinstance(value, str):
        value = {"application_id": value}
    if not isinstance(value, dict) or not (value.get("application_id") or value.get("name")):
        raise ApplicationError(
            f"The XCom {APPLICATION_KEY} does not name an application.",
            got=repr(value)[:200],
            expected='{"application_id": "app-...", "driver_ui": "http://host:4040", ...}',
            advice="SafeSparkSubmitOperator pushes it; your own task can push such a mapping, or an id.",
        )
    published = Target.from_json({name: item for name, item in value.items() if name in _NAMES and item})
    return replace(published, **own.to_json())


def state_from(value: object, application_id: str) -> TaskState:
    """The task's state; empty if it does not publish one.

    A task that names another application now has abandoned this one, unless this try ran both in turn.
    """
    if not isinstance(value, dict):
        return ""
    state = value.get("task")
    if application_id and value.get("application_id") not in (None, "", application_id):
        earlier = value.get("earlier")
        return "success" if isinstance(earlier, list) and application_id in earlier else "failed"
    return next((known for known in TASK_STATES if known == state), "")


def nothing_reported(task_id: str, patience: str) -> ApplicationError:
    """The error if the task has pushed nothing for ``patience``."""
    return ApplicationError(
        f"Task {task_id!r} has not published an application id.",
        got=f"no XCom {APPLICATION_KEY} within {patience}",
        expected="a SafeSparkSubmitOperator of the same DAG run that has started its application",
        advice="Check submitted_by=, and that the two tasks run in parallel (neither waits for the other). "
        "GuardLimits.start_timeout sets how long to wait.",
    )
