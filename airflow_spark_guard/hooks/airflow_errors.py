"""Our exceptions as Airflow's, made where they leave a hook, an operator or a sensor.

Code that catches ``AirflowException`` around upstream's hook or operator goes on working. The classes of
``core/errors.py`` know no Airflow; here each gets a subclass that is of both kinds, under the same name.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_spark_guard.core.errors import SparkGuardError

if TYPE_CHECKING:
    from types import TracebackType


class _Both:
    """What the classes that are made here have in common; beside it each has a class of ours as a base."""

    args: tuple[Any, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickle finds a class by its name, and by that name it would find the one that knows no Airflow.
        kind, final = type(self).__bases__[0], isinstance(self, AirflowFailException)
        return _restored, (kind, final, self.args), vars(self)

    def serialize(self) -> tuple[str, tuple[str], dict[str, Any]]:
        """As Airflow stores an exception: it reads back no class but its own."""
        kind = AirflowFailException if isinstance(self, AirflowFailException) else AirflowException
        return f"{kind.__module__}.{kind.__name__}", (str(self),), {}


class _MayBeRetriedError(_Both, AirflowException):
    """A failure that Airflow may retry."""


class _FinalError(_Both, AirflowFailException):
    """A failure that Airflow does not retry."""


# One class for each of ours, so that two such errors are of one type.
_KINDS: dict[tuple[type[SparkGuardError], bool], type[SparkGuardError]] = {}


class AirflowErrors(ContextDecorator):
    """Every exception of ours that leaves the block, or the decorated method, is an ``AirflowException`` too.

    The same object: class name, text, attributes, cause and traceback stay. Of a coroutine only the making
    would be covered: use it inside, as a block.
    """

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, SparkGuardError):
            as_airflow_error(error)


def as_airflow_error(error: SparkGuardError) -> None:
    """Make this error an ``AirflowException`` too."""
    if not isinstance(error, AirflowException):
        error.__class__ = _both(type(error), final=False)


def end_retries(error: SparkGuardError) -> None:
    """Make this error an ``AirflowFailException`` too.

    The same object, not a new one raised from it: Airflow's log shows a failure and its cause in full.
    """
    if not isinstance(error, AirflowFailException):
        error.__class__ = _both(_plain(type(error)), final=True)


def _plain(kind: type[SparkGuardError]) -> type[SparkGuardError]:
    return kind.__bases__[0] if issubclass(kind, _Both) else kind


def _both(kind: type[SparkGuardError], *, final: bool) -> type[SparkGuardError]:
    # Logs show a class by these names, and the user looks for the one of the documentation.
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    made = type(kind.__name__, (kind, _FinalError if final else _MayBeRetriedError), names)
    return _KINDS.setdefault((kind, final), made)


def _restored(kind: type[SparkGuardError], final: bool, arguments: tuple[Any, ...]) -> SparkGuardError:  # noqa: FBT001 - positional for pickle
    return _both(kind, final=final)(*arguments)
