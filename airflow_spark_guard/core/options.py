"""Checks submit options that may have been templates: rendered values are text and are checked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.deploy_mode import MODES
from airflow_spark_guard.core.errors import ConfError
from airflow_spark_guard.core.quantity import size_in_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _is_size(value: object) -> bool:
    try:
        return size_in_bytes(value) > 0
    except ValueError:
        return False


def _is_count(value: object) -> bool:
    return not isinstance(value, bool) and str(value).strip().isdecimal() and int(str(value)) > 0


def _is_mode(value: object) -> bool:
    return value in MODES


_MEMORY = 'memory as Spark writes it, such as "512m" or "4g"'
_COUNT = "a whole number above 0"
_CHECKS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "deploy_mode": (_is_mode, '"client" or "cluster"'),
    "driver_memory": (_is_size, _MEMORY),
    "executor_memory": (_is_size, _MEMORY),
    "executor_cores": (_is_count, _COUNT),
    "num_executors": (_is_count, _COUNT),
    "total_executor_cores": (_is_count, _COUNT),
}


def check_options(options: Mapping[str, object]) -> None:
    """Check the options; None, 0 and the empty text count as not set, as they do upstream.

    Raises:
        ConfError: names the option, its value, and what is expected.
    """
    for name, value in options.items():
        check = _CHECKS.get(name)
        if check is None or not value:
            continue
        is_right, expected = check
        if not is_right(value):
            raise ConfError(
                f"{name} is not valid.",
                got=repr(value),
                expected=expected,
                advice="Fix the value; of a template, check the rendered field in the task's details.",
            )
