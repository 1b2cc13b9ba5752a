"""An exception on its way out: without the secret values that this process knows."""

from __future__ import annotations

from typing import TypeVar

from airflow_spark_guard.core.failure.evolved import remade
from airflow_spark_guard.core.text.masking import mask_known

E = TypeVar("E", bound=BaseException)


def without_secrets(error: E) -> E:
    """The same exception where it says no secret, in its attributes and its arguments; else a new one."""
    state = {name: mask_known(value) for name, value in vars(error).items()}
    args = mask_known(error.args)
    if args is error.args and all(state[name] is value for name, value in vars(error).items()):
        return error
    return remade(error, type(error), args=args, state=state)
