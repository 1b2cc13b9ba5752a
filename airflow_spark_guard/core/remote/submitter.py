"""What the task that submits an application says of it, in its XCom ``spark_guard_application``."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Final

from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.remote.target import Target

APPLICATION_KEY: Final = "spark_guard_application"
_STATES = frozenset({"running", "success", "failed"})
_NAMES = frozenset(field.name for field in fields(Target))


def target_told_by(value: object, own: Target) -> Target:
    """The application that the XCom names; what ``own`` sets wins over it.

    Raises:
        ApplicationError: an XCom of another shape.
    """
    if isinstance(value, str):
        value = {"application_id": value}
    if not isinstance(value, dict) or not (value.get("application_id") or value.get("name")):
        raise ApplicationError(
            f"The XCom {APPLICATION_KEY} names no application.",
            got=repr(value)[:200],
            expected='{"application_id": "app-...", "driver_ui": "http://host:4040", ...}',
            advice="SafeSparkSubmitOperator pushes it; a task of your own can push such a mapping, or an id.",
        )
    told = Target.from_json({name: item for name, item in value.items() if name in _NAMES and item})
    return replace(told, **own.to_json())


def state_told_by(value: object, application_id: str) -> str:
    """How the task stands: ``running``, ``success``, ``failed``; empty when it does not say.

    A task that names another application now has given the first one up, unless its script went on to that.
    """
    if not isinstance(value, dict):
        return ""
    told = value.get("task")
    if application_id and value.get("application_id") not in (None, "", application_id):
        earlier = value.get("earlier")
        return "success" if isinstance(earlier, list) and application_id in earlier else "failed"
    return told if isinstance(told, str) and told in _STATES else ""


def nothing_told(task_id: str, patience: str) -> ApplicationError:
    """The error where the task has pushed nothing for that long."""
    return ApplicationError(
        f"Task {task_id!r} has not told which application it runs.",
        got=f"no XCom {APPLICATION_KEY} within {patience}",
        expected="a SafeSparkSubmitOperator of the same DAG run that has started its application",
        advice="Check submitted_by=, and that the two tasks run side by side (neither waits for the other). "
        "GuardLimits.start_timeout says how long to wait.",
    )
