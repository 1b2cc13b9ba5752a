"""Who takes what ``SafeSparkSubmitHook`` reports while it submits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from airflow_spark_guard.attempt.spec import ignore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.remote.target import Target


@dataclass(frozen=True)
class Listener:
    """Takes reports of an attempt, on the thread that submits it.

    Attributes:
        on_application: takes the application and its addresses as soon as they are known.
        on_observed: takes an error that would have ended the attempt, in observe mode.
    """

    on_application: Callable[[Target], None] = ignore
    on_observed: Callable[[AttemptError], None] = ignore

    @classmethod
    def taken_from(cls, arguments: dict[str, Any]) -> Self:
        """A listener of the callables that ``arguments`` has under their own names, and loses here."""
        found = {one.name: arguments.pop(one.name, None) for one in fields(cls)}
        return cls(**{name: value for name, value in found.items() if value is not None})
