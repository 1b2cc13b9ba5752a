"""``SafeSparkSubmitOperator``: the provider's ``SparkSubmitOperator``, with one import changed."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.options import check_options
from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook
from airflow_spark_guard.hooks.settings import record_root
from airflow_spark_guard.hooks.upstream import hook_arguments
from airflow_spark_guard.operators.failure import report
from airflow_spark_guard.operators.retry_policy import AIRFLOW_ASKS, SparkGuardRetryPolicy
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.record_folder import record_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from airflow_spark_guard.core.conf.profile import SparkProfile
    from airflow_spark_guard.core.limits import GuardLimits

# Upstream keeps these under private names; a template field is named by its attribute.
_TEMPLATED_OPTIONS = (
    "_conn_id",
    "_deploy_mode",
    "_driver_memory",
    "_executor_cores",
    "_executor_memory",
    "_num_executors",
    "_total_executor_cores",
    "_yarn_queue",
)


class SafeSparkSubmitOperator(SparkSubmitOperator):
    """Run a Spark application that cannot hang silently, outlive its task, or succeed by accident.

    A drop-in for ``SparkSubmitOperator``: every parameter of it is accepted, with the same meaning. Memory,
    cores, YARN queue, deploy mode and connection are templated as well.

    Args:
        profile: anti-hanging Spark configuration under the user's own: ``"default"``, ``"ml-training"``,
            ``"strict"``, ``"none"``, or a :class:`~airflow_spark_guard.SparkProfile`. (templated)
        limits: how long and how much an attempt may take. (templated)
        **kwargs: what ``SparkSubmitOperator`` takes. Without a ``retry_policy``, ``retries`` are spent only
            where one can help: an error of the user's own code fails at once.

    Returns:
        What the application reported with ``airflow_spark_guard.job.report(result)``, as the task's XCom.
    """

    template_fields: ClassVar[Sequence[str]] = (  # type: ignore[misc]
        *SparkSubmitOperator.template_fields,
        "profile",
        "limits",
        *_TEMPLATED_OPTIONS,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "conf": "json",
        "profile": "json",
        "limits": "json",
    }

    def __init__(
        self,
        *,
        profile: SparkProfile | str | None = "default",
        limits: GuardLimits | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        # Here, since default_args may hold the user's own, and since a mapped task passes None.
        if AIRFLOW_ASKS and self.retry_policy is None:
            self.retry_policy = SparkGuardRetryPolicy()
        self.profile = profile
        self.limits = limits
        self._tag: Tag | None = None
        self._record: Path | None = None
        self._killed = False

    def execute(self, context: Any) -> Any:
        """Submit, watch, and return the job's result; ``SafeSparkSubmitHook.submit`` names the errors.

        An error that no retry can help is an ``AirflowFailException`` as well, unless the user has given a
        ``retry_policy``. The verdict of an attempt that failed is pushed as XCom ``spark_guard_verdict``.
        """
        try:
            check_options({name.lstrip("_"): getattr(self, name) for name in _TEMPLATED_OPTIONS})
            self._tag = _tag(context)
            self._record = _record(context)
            super().execute(context)
        except SparkGuardError as error:
            report(error, self, context)
            raise
        return self._hook.result if isinstance(self._hook, SafeSparkSubmitHook) else None

    def on_kill(self) -> None:
        """End the job; without one there is nothing to end, and no connection is looked up for it."""
        self._killed = True
        if self._hook is not None:
            super().on_kill()

    def _get_hook(self) -> SafeSparkSubmitHook:
        timeout = self.execution_timeout
        hook = SafeSparkSubmitHook(
            profile=self.profile,
            limits=self.limits,
            tag=self._tag,
            execution_timeout=timeout.total_seconds() if timeout else None,
            record=self._record,
            **hook_arguments(self),
        )
        if self._killed:
            hook.on_kill()
        return hook


def _record(context: Mapping[str, Any]) -> Path | None:
    """The folder for this try's record; None outside Airflow, or where records are switched off."""
    ti, root = context.get("ti"), record_root()
    if ti is None or root is None:
        return None
    return record_folder(root, ti.dag_id, ti.run_id, ti.task_id, ti.map_index, ti.try_number)


def _tag(context: Mapping[str, Any]) -> Tag:
    """The task instance, told apart from one of the same name in another Airflow on this host."""
    ti = context.get("ti")
    if ti is None:
        return Tag(new_attempt(), new_attempt())
    names = (os.environ.get("AIRFLOW_HOME", ""), ti.dag_id, ti.run_id, ti.task_id, ti.map_index)
    digest = hashlib.sha256("\0".join(map(str, names)).encode()).hexdigest()
    return Tag(digest[:32], new_attempt())
