"""Observations read back from a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.watch.observation import (
    DriverView,
    Executor,
    ExecutorExit,
    Inside,
    Master,
    Observation,
    Reading,
    Stage,
    TaskHeartbeat,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def observation(value: Mapping[str, Any]) -> Observation:
    """The inverse of :meth:`Observation.to_json`.

    Raises:
        TypeError: fields that this version does not know, or values of another shape.
    """
    try:
        return _observation(value)
    except AttributeError as error:
        msg = f"no observation: {error}"
        raise TypeError(msg) from error


def _observation(value: Mapping[str, Any]) -> Observation:
    driver, inside, master = value.get("driver"), value.get("inside"), value.get("master")
    readings = value.get("readings")
    return Observation(
        **{
            **value,
            "exits": tuple(ExecutorExit(**row) for row in value.get("exits", ())),
            "driver": None if driver is None else _driver(driver),
            "inside": None if inside is None else Inside(**{**inside, "stages": _stages(inside)}),
            "readings": None if readings is None else tuple(Reading(**row) for row in readings),
            "master": None if master is None else _master(master),
            "task_heartbeats": tuple(TaskHeartbeat(**row) for row in value.get("task_heartbeats", ())),
        }
    )


def _stages(value: Mapping[str, Any]) -> tuple[Stage, ...]:
    return tuple(
        Stage(**{**row, "counters": tuple(row.get("counters", ()))}) for row in value.get("stages", ())
    )


def _driver(value: Mapping[str, Any]) -> DriverView:
    executors = tuple(Executor(**row) for row in value.get("executors", ()))
    return DriverView(**{**value, "stages": _stages(value), "executors": executors})


def _master(value: Mapping[str, Any]) -> Master:
    return Master(**{**value, "workers": tuple(tuple(row) for row in value.get("workers", ()))})
