"""Leaving an application to a trigger, and what is raised where the trigger could not watch it to its end."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.errors import AttemptError, DeadlineError, KilledError
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.triggers.cluster import ClusterApplicationTrigger

try:
    from airflow.sdk.exceptions import TaskDeferralError, TaskDeferralTimeout
except ImportError:  # Airflow below 3.2
    from airflow.exceptions import (  # type: ignore[no-redef,attr-defined,unused-ignore]
        TaskDeferralError,
        TaskDeferralTimeout,
    )

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook

# The trigger's own deadline fires first; the scheduler's is for a triggerer that is down.
_MARGIN = 120.0
# What Airflow raises where a trigger never came to its event.
FAILED_DEFERRALS = (TaskDeferralError, TaskDeferralTimeout)


def deferral(
    hook: SafeSparkSubmitHook, conn_id: str, method_name: str, context: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments for ``defer()``; nothing in them is secret.

    Args:
        hook: has submitted, and says what to wait for.
        conn_id: the Airflow connection that the trigger finds the credentials in.
        method_name: of the operator, to be called at the end with ``event``, ``job`` and ``place``.
        context: of this try.

    Raises:
        KilledError: the task was ended meanwhile, and its application with it.
    """
    if hook.deferred is None:
        msg = "nothing was submitted"
        raise AttributeError(msg)
    if hook.killed:
        raise KilledError(
            "The task was ended before it was deferred, and its application with it.",
            orphans=hook.cancel(),
        )
    job, place = hook.deferred.job.to_json(), hook.deferred.place.to_json()
    ends_at = hook.deferred.job.ends_at
    return {
        "trigger": ClusterApplicationTrigger(conn_id, place, job, hook.deferred.pause, _task(context)),
        "method_name": method_name,
        "kwargs": {"job": job, "place": place},
        "timeout": None if ends_at is None else timedelta(seconds=max(0.0, ends_at - time.time()) + _MARGIN),
    }


def _task(context: Mapping[str, Any]) -> dict[str, Any] | None:
    """Whose XCom the trigger may write; None outside Airflow."""
    ti = context.get("ti")
    if ti is None:
        return None
    return {name: getattr(ti, name) for name in ("dag_id", "run_id", "task_id", "map_index")}


def cancelled(hook: SafeSparkSubmitHook, reason: BaseException) -> AttemptError:
    """End the application, since nobody watches it any more; the exception that says so."""
    orphans = hook.cancel()
    if isinstance(reason, TaskDeferralTimeout):
        return DeadlineError(
            "The application did not end in time, and no trigger reported it: it was asked to end now.",
            expected="a running triggerer, which ends it at its deadline",
            advice="See whether a triggerer runs and has room (airflow triggerer --capacity).",
            orphans=orphans,
        )
    return AttemptError(
        "The trigger that watched the application failed; the application was asked to end.",
        got=safe_text(str(reason))[:300],
        advice="Read the triggerer's log of this task.",
        orphans=orphans,
    )
