"""The rules of a merge: which values of the profile conflict with which values of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_order import BLOCK_MANAGER, Order, orders
from airflow_spark_guard.core.conf.conf_rows_python import IDLE_TIMEOUTS, SMALL_BATCH, SMALL_BUFFER
from airflow_spark_guard.core.conf.conf_table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.conf.conf_draft import Draft

_PLUGINS, _DRIVER_TIMEOUT = "spark.plugins", "spark.driver.timeout"
_MEMORY, _RESULT = "spark.driver.memory", "spark.driver.maxResultSize"
_KILL = "spark.sql.execution.pyspark.udf.killOnIdleTimeout"
_SILENCE = {  # key -> the largest value with which a healthy worker returns rows often enough
    "spark.sql.execution.python.udf.buffer.size": SMALL_BUFFER,
    "spark.sql.execution.pandas.udf.buffer.size": SMALL_BUFFER,
    "spark.buffer.size": SMALL_BUFFER,
    "spark.sql.execution.arrow.maxRecordsPerBatch": SMALL_BATCH,
    "spark.sql.execution.python.udf.maxRecordsPerBatch": SMALL_BATCH,
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


def keep_orders(draft: Draft) -> None:
    """Spark starts only with time-outs in order."""
    for order in orders(block_manager=BLOCK_MANAGER in draft.user):
        _keep(draft, order)


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
    for key in IDLE_TIMEOUTS:
        if key in draft.user:
            draft.drop(f"{draft.shown(key)}; a time-out of your own does not kill by itself.", _KILL)


def _keep(draft: Draft, order: Order) -> None:
    low, high = order.low, order.high
    if order.holds(draft.number(low), draft.number(high)):
        return
    set_by = " and ".join(draft.shown(key) for key in (low, high) if key in draft.user)
    draft.drop(f"{set_by}; Spark starts only with {order}.", low, high)
    if not order.holds(draft.number(low), draft.number(high)):
        draft.warn(f"Spark will refuse to start: {set_by}, but Spark requires {order}.")


RULES: tuple[Callable[[Draft], None], ...] = (
    leave_fallbacks_alone,
    leave_plugins_alone,
    keep_orders,
    fit_result_size,
    kill_only_the_silent,
)
"""In this order: a rule sees what the ones before it have left."""
