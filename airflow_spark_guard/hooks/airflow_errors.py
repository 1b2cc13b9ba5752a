"""Our exceptions as Airflow's, made where they leave a hook, an operator or a sensor.

Code that catches ``AirflowException`` around upstream's hook or operator still works. The classes of
``core/errors.py`` do not know Airflow; here each gets a subclass of the same name that is of both kinds.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.failure.evolved import raise_instead, remade

if TYPE_CHECKING:
    from types import TracebackType

E = TypeVar("E", bound=SparkGuardError)


class _Both:
    """What the classes created here have in common; the other base of each is one of our exceptions."""

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

    Class name, text, attributes, cause, context and traceback stay. Of a coroutine only the making would be
    covered: use it inside, as a block.
    """

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, SparkGuardError) and not isinstance(error, AirflowException):
            raise_instead(as_airflow_error(error))


def as_airflow_error(error: E) -> E:
    """The error itself where it is an ``AirflowException``; else the same as one that is."""
    return error if isinstance(error, AirflowException) else remade(error, _both(type(error), final=False))


def end_retries(error: E) -> E:
    """The error itself where it is an ``AirflowFailException``; else the same as one that is."""
    return error if isinstance(error, AirflowFailException) else remade(error, _both(type(error), final=True))


def _both(kind: type[E], *, final: bool) -> type[E]:
    """The class of ours that is one of Airflow's as well."""
    kind = cast("type[E]", kind.__bases__[0]) if issubclass(kind, _Both) else kind
    # Logs show a class by these names, and the user looks for the one of the documentation.
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    made = type(kind.__name__, (kind, _FinalError if final else _MayBeRetriedError), names)
    return cast("type[E]", _KINDS.setdefault((kind, final), made))


def _restored(kind: type[SparkGuardError], final: bool, arguments: tuple[Any, ...]) -> SparkGuardError:  # noqa: FBT001 - positional for pickle
    return _both(kind, final=final)(*arguments)
