"""The Spark configuration of an attempt, for the task log and for the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.effective_conf import PROFILE
from airflow_spark_guard.core.text.masking import mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.conf.effective_conf import ConfValue

_MOST = 20


def conf_lines(values: Mapping[str, ConfValue], profile: str, *, in_full: bool) -> list[str]:
    """A title and a line for each value, with secrets masked.

    Args:
        values: values by key.
        profile: name of the profile.
        in_full: show all values. Otherwise the first 20 values set by the user, and the number of values
            from the profile: ``summary.json`` of the record has all.
    """
    users = {key: found for key, found in values.items() if found.origin != PROFILE}
    title = f"Spark configuration: {len(users)} values set by you, {len(values) - len(users)} by the profile"
    if in_full:
        return [title, *_lines(values)]
    lines = _lines(users)
    if len(lines) > _MOST:
        lines = [*lines[:_MOST], f"and {len(lines) - _MOST} more values set by you"]
    ours = len(values) - len(users)
    return [title, *lines, f"{ours} values of the profile {profile}: see conf in the record's summary.json"]


def recorded_conf(values: Mapping[str, ConfValue]) -> dict[str, str]:
    """Every value with its origin, with secrets masked."""
    return {key: f"{mask(key, found.value)}  [{found.origin}]" for key, found in sorted(values.items())}


def _lines(values: Mapping[str, ConfValue]) -> list[str]:
    return [f"{key}={text}" for key, text in recorded_conf(values).items()]
