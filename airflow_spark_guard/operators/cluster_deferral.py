"""Deferring an application to a trigger, and the errors if the trigger did not watch it to its end."""

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
# Airflow raises these if a trigger did not send its event.
FAILED_DEFERRALS = (TaskDeferralError, TaskDeferralTimeout)


def deferral(
    hook: SafeSparkSubmitHook, conn_id: str, method_name: str, context: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments for ``defer()``; they contain no secret.

    Args:
        hook: it has submitted, and its ``deferred`` is the job to wait for.
        conn_id: the Airflow connection that gives the trigger its credentials.
        method_name: the operator's method to call at the end with ``event``, ``job`` and ``place``.
        context: of this try.

    Raises:
        KilledError: the task was killed meanwhile, and its application with it.
    """
    if hook.deferred is None:
        msg = "nothing was submitted"
        raise AttributeError(msg)
    if hook.killed:
        raise KilledError(
            "The task was killed before it was deferred, and its application with it.",
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
    """The task whose XCom the trigger may write; None outside Airflow."""
    ti = context.get("ti")
    if ti is None:
        return None
    return {name: getattr(ti, name) for name in ("dag_id", "run_id", "task_id", "map_index")}


def cancelled(hook: SafeSparkSubmitHook, reason: BaseException) -> AttemptError:
    """Kill the application, which no trigger watches any more; returns the exception to raise."""
    orphans = hook.cancel()
    if isinstance(reason, TaskDeferralTimeout):
        return DeadlineError(
            "The application did not end in time; no trigger reported it. The manager was asked to kill it.",
            expected="a running triggerer, which kills it at its deadline",
            advice="Check that a triggerer runs and has free capacity (airflow triggerer --capacity).",
            orphans=orphans,
        )
    return AttemptError(
        "The trigger that watched the application failed: the manager was asked to kill the application.",
        got=safe_text(str(reason))[:300],
        advice="Read the triggerer's log of this task.",
        orphans=orphans,
    )
