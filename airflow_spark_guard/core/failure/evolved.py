"""What becomes known of a failure after its exception was made: a new exception, never a changed one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypedDict, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from airflow_spark_guard.core.errors import AttemptError

A = TypeVar("A", bound="AttemptError")
E = TypeVar("E", bound=BaseException)


class LaterFacts(TypedDict, total=False):
    """What may become known later; each is an attribute of :class:`AttemptError`."""

    advice: str
    orphans: tuple[str, ...]
    record: str
    evidence_shown: bool
    evidence_logged: bool


def evolved(error: A, **facts: Unpack[LaterFacts]) -> A:
    """The same failure, of the same class, with more known of it.

    Traceback, cause, context and notes stay. Where ``error`` is being handled, raise the new one by
    :func:`raise_instead`, or ``from`` something.
    """
    return remade(error, type(error), state={**vars(error), **facts})


def remade(
    error: BaseException,
    kind: type[E],
    *,
    args: tuple[Any, ...] | None = None,
    state: Mapping[str, Any] | None = None,
) -> E:
    """A new exception for an old one: of that class, with the same traceback, cause and context.

    It is made as pickle makes one, without the class's constructor, whatever that would want.

    Args:
        error: stays as it is.
        kind: the class of the new one.
        args: its arguments; None keeps those of the old one.
        state: its attributes; None keeps those of the old one.
    """
    made = kind.__new__(kind, *(error.args if args is None else args))
    vars(made).update(vars(error) if state is None else state)
    made.__cause__, made.__context__ = error.__cause__, error.__context__
    made.__suppress_context__ = error.__suppress_context__
    return made.with_traceback(error.__traceback__)


def raise_instead(made: BaseException) -> NoReturn:
    """Raise an exception that :func:`remade` or :func:`evolved` made, where the old one is being handled.

    Python would make the old one its context, and a traceback would show the failure twice.
    """
    context = made.__context__
    try:
        raise made  # noqa: TRY301 - raising sets the context that is put right below
    except BaseException:
        made.__context__ = context
        raise
