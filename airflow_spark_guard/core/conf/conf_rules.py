"""The rules of a merge: which values of the profile conflict with which values of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.conf.conf_draft import Draft

_NETWORK = "spark.network.timeout"
_INTERVAL = "spark.network.timeoutInterval"
_HEARTBEAT = "spark.executor.heartbeatInterval"
_BLOCK_MANAGER = "spark.storage.blockManagerHeartbeatTimeoutMs"
_PLUGINS, _DRIVER_TIMEOUT = "spark.plugins", "spark.driver.timeout"
_MEMORY, _RESULT = "spark.driver.memory", "spark.driver.maxResultSize"
_KILL = "spark.sql.execution.pyspark.udf.killOnIdleTimeout"
_IDLE = ("spark.sql.execution.pyspark.udf.idleTimeoutSeconds", "spark.python.worker.idleTimeoutSeconds")
_SILENCE = {  # key -> the largest value with which a healthy worker returns rows often enough
    "spark.sql.execution.python.udf.buffer.size": 4096,
    "spark.sql.execution.pandas.udf.buffer.size": 4096,
    "spark.buffer.size": 4096,
    "spark.sql.execution.arrow.maxRecordsPerBatch": 100,
    "spark.sql.execution.python.udf.maxRecordsPerBatch": 100,
}


def leave_fallbacks_alone(draft: Draft) -> None:
    """If the user sets a key whose value Spark uses for others, do not set those: as without the profile."""
    for key in tuple(draft.ours):
        source = next((name for name in SETTINGS[key].falls_back_to if name in draft.user), None)
        if source is not None:
            draft.drop(f"{draft.shown(source)}, and Spark uses it for other keys.", key)


def leave_plugins_alone(draft: Draft) -> None:
    """The plugin and its time-out work only together: a user who sets one has to set both."""
    for key in (_PLUGINS, _DRIVER_TIMEOUT):
        if key in draft.user:
            draft.drop(
                f"{draft.shown(key)}; the JVM's backstop needs both {_PLUGINS} and {_DRIVER_TIMEOUT}.",
                _PLUGINS,
                _DRIVER_TIMEOUT,
            )


def order_heartbeats(draft: Draft) -> None:
    """Spark starts only with heartbeatInterval < network.timeout."""
    _order(draft, _HEARTBEAT, _NETWORK, strictly=True)


def order_interval(draft: Draft) -> None:
    """Spark starts only with timeoutInterval <= the block manager's time-out, or else network.timeout."""
    _order(draft, _INTERVAL, _BLOCK_MANAGER if _BLOCK_MANAGER in draft.user else _NETWORK, strictly=False)


def fit_result_size(draft: Draft) -> None:
    """A result larger than half the driver's memory must fail, not exhaust it."""
    memory, result = draft.number(_MEMORY), draft.number(_RESULT)
    if _MEMORY in draft.user and memory is not None and result is not None and result > memory / 2:
        draft.drop(f"{draft.shown(_MEMORY)}, less than twice the profile's {_RESULT}.", _RESULT)


def kill_only_the_silent(draft: Draft) -> None:
    """Idle-kill counts silence on output: with larger buffers or batches it kills healthy workers."""
    for key, most in _SILENCE.items():
        size = draft.number(key) if key in draft.user else most
        if size is None or not 0 < size <= most:
            draft.drop(f"{draft.shown(key)}; healthy workers are silent for longer than with {most}.", _KILL)
    for key in _IDLE:
        if key in draft.user:
            draft.drop(f"{draft.shown(key)}; a time-out of your own does not kill by itself.", _KILL)


def _order(draft: Draft, low: str, high: str, *, strictly: bool) -> None:
    if _fits(draft, low, high, strictly=strictly):
        return
    set_by = " and ".join(draft.shown(key) for key in (low, high) if key in draft.user)
    sign = "<" if strictly else "<="
    draft.drop(f"{set_by}; Spark starts only with {low} {sign} {high}.", low, high)
    if not _fits(draft, low, high, strictly=strictly):
        draft.warn(f"Spark will refuse to start: {set_by}, but Spark requires {low} {sign} {high}.")


def _fits(draft: Draft, low: str, high: str, *, strictly: bool) -> bool:
    small, large = draft.number(low), draft.number(high)
    if small is None or large is None:
        return True  # Spark itself reports values that it cannot read
    return small < large if strictly else small <= large


RULES: tuple[Callable[[Draft], None], ...] = (
    leave_fallbacks_alone,
    leave_plugins_alone,
    order_heartbeats,
    order_interval,
    fit_result_size,
    kill_only_the_silent,
)
"""In this order: a rule sees what the ones before it have left."""
