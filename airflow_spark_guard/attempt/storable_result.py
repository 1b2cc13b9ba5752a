"""The result of a job on its way to XCom: one that Airflow cannot store is left out, and the log says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.quantity import size_in_bytes
from airflow_spark_guard.core.result import result_trouble
from airflow_spark_guard.core.text.masking import mask_known
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from airflow_spark_guard.attempt.log import TaskLogger
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.watch.channel_state import ChannelState


def storable_result(channel_state: ChannelState, limits: GuardLimits, log: TaskLogger) -> Any:
    """The result that a successful job has reported; None and a warning where Airflow cannot store it.

    Secret values that the task has in hand are masked in it: whoever may read XComs would read them.

    ``report()`` refuses such a result in the job, so something else wrote this one. The job has done its
    work: Airflow would fail it, or would read another type back.
    """
    trouble = result_trouble(channel_state.result, size_in_bytes(limits.result_size))
    if not trouble:
        masked = mask_known(channel_state.result)
        if masked is not channel_state.result:
            log.warning("The job has reported a secret value as its result; it is masked in the XCom.")
        return masked
    log.warning(
        "%s",
        safe_text(
            "RESULT LEFT OUT: the job succeeded, but its result cannot be stored in XCom, and its XCom is "
            f"empty. got: {trouble}. do: Use airflow_spark_guard.job.report(), which checks it in the job."
        ),
    )
    return None
