"""Finds values that Spark accepts silently although they are almost certainly mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_order import BLOCK_MANAGER, HEARTBEAT, INTERVAL, NETWORK
from airflow_spark_guard.core.conf.conf_rows_python import IDLE_TIMEOUTS
from airflow_spark_guard.core.conf.conf_view import Problem
from airflow_spark_guard.core.quantity import readable_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_spark_guard.core.conf.conf_view import ConfView

_SHUFFLE = "spark.shuffle.io."
_KILL = "spark.task.reaper.killTimeout"
_PLUGINS, _DRIVER_TIMEOUT = "spark.plugins", "spark.driver.timeout"
_PLUGIN = "org.apache.spark.deploy.DriverTimeoutPlugin"
_HEARTBEATS, _LOOKS = 6, 4
_LONG = 600.0


def senseless(view: ConfView) -> Iterator[Problem]:
    """Numbers that Spark does not check, or checks too late."""
    for key, least, most, expected in (
        ("spark.speculation.quantile", 0.0, 1.0, "a share between 0 and 1"),
        ("spark.speculation.multiplier", 1.0, None, "1 or more"),
        ("spark.task.maxFailures", 1, None, "1 or more"),
        ("spark.stage.maxAttempts", 1, None, "1 or more"),
        ("spark.stage.maxConsecutiveAttempts", 1, None, "1 or more"),
        ("spark.barrier.sync.timeout", 1.0, None, "1s or more"),
        *((key, 0.0, None, "0 (off), or the seconds of the slowest batch") for key in IDLE_TIMEOUTS),
    ):
        value = view.number(key)
        if (
            view.is_users(key)
            and value is not None
            and (value < least or (most is not None and value > most))
        ):
            yield _warning(
                key,
                f"{view.shown(key)} is probably a mistake, although Spark accepts it.",
                f"Write {expected}.",
            )
    buffer, most_kryo = (view.number(f"spark.kryoserializer.buffer{part}") for part in ("", ".max"))
    if buffer is not None and most_kryo is not None and buffer > most_kryo:
        yield _ordered(view, "spark.kryoserializer.buffer", "spark.kryoserializer.buffer.max")


def detection(view: ConfView) -> Iterator[Problem]:
    """A dead executor must be detected in time, and a living one must survive one lost heartbeat."""
    timeout, interval, beat = (view.number(key) for key in (NETWORK, INTERVAL, HEARTBEAT))
    if timeout is None or interval is None or beat is None or not view.is_users(NETWORK, INTERVAL, HEARTBEAT):
        return
    if timeout < _HEARTBEATS * beat:
        yield _warning(
            HEARTBEAT,
            f"{view.shown(HEARTBEAT)} and {view.shown(NETWORK)}: a busy executor counts as lost after "
            f"{max(int(timeout // beat), 1)} lost heartbeats.",
            f"Keep {NETWORK} at {_HEARTBEATS} times {HEARTBEAT} or above.",
        )
    if interval > timeout / _LOOKS and view.is_users(INTERVAL):
        yield _warning(
            INTERVAL,
            f"{view.shown(INTERVAL)} and {view.shown(NETWORK)}: a dead executor may be detected only "
            f"after {readable_duration(timeout + interval)}.",
            f"Keep {INTERVAL} at a quarter of {NETWORK} or less.",
        )
    if timeout > _LONG and view.is_users(NETWORK):
        yield _warning(
            NETWORK,
            f"{view.shown(NETWORK)}: a dead executor is detected only after {readable_duration(timeout)}.",
            "Leave it to the profile; long garbage collection needs more memory, not a longer time-out.",
        )
    if view.is_users(BLOCK_MANAGER) and (view.number(BLOCK_MANAGER) or 0) > timeout:
        yield _warning(
            BLOCK_MANAGER,
            f"{view.shown(BLOCK_MANAGER)} is above {view.shown(NETWORK)} and overrides it for executors.",
            f"Leave {BLOCK_MANAGER} out.",
        )


def nested(view: ConfView) -> Iterator[Problem]:
    """Spark's limits must be below the guard's stall limit: the innermost one can name the culprit."""
    if view.stall is None:
        return
    silence = _fetch_silence(view)
    keys = [f"{_SHUFFLE}{part}" for part in ("connectionCreationTimeout", "maxRetries", "retryWait")]
    if silence is not None and silence >= view.stall and view.is_users(*keys):
        yield _warning(
            next(key for key in keys if view.is_users(key)),
            f"{', '.join(view.shown(key) for key in keys)}: a failing fetch is silent for "
            f"{readable_duration(silence)}, longer than the stall limit of {readable_duration(view.stall)}.",
            "Lower one of the three, or raise limits.stall_timeout.",
        )
    if view.is_on("spark.task.reaper.enabled"):
        yield from _below_stall(view, _KILL)
    for key in IDLE_TIMEOUTS:
        yield from _below_stall(view, key)


def backstop(view: ConfView) -> Iterator[Problem]:
    """The driver's time-out and its plugin work only together."""
    minutes, plugin = view.number(_DRIVER_TIMEOUT) or 0, _PLUGIN in (view.text(_PLUGINS) or "")
    if view.is_users(_DRIVER_TIMEOUT) and minutes > 0 and not plugin:
        yield _warning(
            _DRIVER_TIMEOUT,
            f"{view.shown(_DRIVER_TIMEOUT)} has no effect by itself.",
            f"Add {_PLUGINS} = {_PLUGIN}, or leave it to the guard's deadline.",
        )
    result = view.number("spark.driver.maxResultSize")
    if view.is_users("spark.driver.maxResultSize") and result == 0:
        yield _warning(
            "spark.driver.maxResultSize",
            f"{view.shown('spark.driver.maxResultSize')}: a large result can exhaust the driver's memory.",
            "Set a size below half of spark.driver.memory.",
        )


def _below_stall(view: ConfView, key: str) -> Iterator[Problem]:
    value = view.number(key)
    if view.stall is not None and view.is_users(key) and value is not None and value >= view.stall:
        yield _warning(
            key,
            f"{view.shown(key)} is not below the stall limit of {readable_duration(view.stall)}.",
            f"Lower {key}, or raise limits.stall_timeout.",
        )


def _fetch_silence(view: ConfView) -> float | None:
    """Seconds that a fetch from a lost host may take: all tries and the waits between them."""
    connect, tries, wait = (
        view.number(f"{_SHUFFLE}{part}") for part in ("connectionCreationTimeout", "maxRetries", "retryWait")
    )
    if tries is None or wait is None:
        return None
    connect = connect if connect is not None else view.number(f"{_SHUFFLE}connectionTimeout")
    connect = connect if connect is not None else view.number(NETWORK)
    return None if connect is None else connect * (tries + 1) + wait * tries


def _ordered(view: ConfView, low: str, high: str) -> Problem:
    return _warning(low, f"{view.shown(low)} is above {view.shown(high)}.", f"Keep {low} <= {high}.")


def _warning(key: str, text: str, advice: str = "") -> Problem:
    return Problem("warning", key, text, advice=advice)


SENSELESS: tuple[Callable[[ConfView], Iterator[Problem]], ...] = (senseless, detection, nested, backstop)
