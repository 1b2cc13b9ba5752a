"""What a DAG's file says already of profile, limits and verbosity, checked where it is parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.limits import check_literal_limits
from airflow_spark_guard.core.verbosity import check_literal_verbosity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk.definitions.mappedoperator import OperatorPartial


def check_literals(profile: object, limits: object, verbosity: object = None) -> None:
    """Check them; templates and the results of other tasks are checked when the task has rendered them.

    Raises:
        ProfileError: no such profile.
        LimitError: something else than limits.
        ArgumentError: no such verbosity.
    """
    SparkProfile.check_literal(profile)
    check_literal_limits(limits)
    check_literal_verbosity(verbosity)


def check_partial(partial: OperatorPartial, arguments: Mapping[str, Any]) -> None:
    """The same for a mapped task, whose operator Airflow makes when it runs.

    Args:
        partial: as Airflow has made it.
        arguments: of the call.
    """
    given: dict[str, Any] = {}
    for owner in (partial.kwargs.get("dag"), partial.kwargs.get("task_group")):
        given.update(getattr(owner, "default_args", None) or {})
    given.update(arguments.get("default_args") or {})
    given.update(arguments)
    check_literals(given.get("profile"), given.get("limits"), given.get("verbosity"))
