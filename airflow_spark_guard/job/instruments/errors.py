"""The errors of the instruments: InstrumentError <- OptionError, UnpicklableError."""

from __future__ import annotations


class InstrumentError(ValueError):
    """Something that cannot be measured, or an option that is not valid.

    The message has four parts, which are attributes as well.

    Attributes:
        what: what happened, or which option it is about.
        got: what was found.
        expected: what would have been accepted.
        advice: what to do next.
    """

    def __init__(self, what: str, *, got: str, expected: str, advice: str) -> None:
        self.what, self.got, self.expected, self.advice = what, got, expected, advice
        super().__init__(f"{what}\n  got: {got}\n  expected: {expected}\n  do: {advice}")


class OptionError(InstrumentError, TypeError):
    """An argument, a threshold or a variable of the environment that is not valid."""


class UnpicklableError(InstrumentError):
    """A function or a value that Spark cannot send, because of one object in it.

    Attributes:
        path: how the script reaches the object, as ``self.client._lock``.
        type_name: the object's type, with its module.
    """

    def __init__(self, what: str, *, path: str, type_name: str, reason: str, advice: str) -> None:
        self.path, self.type_name = path, type_name
        super().__init__(
            what,
            got=f"`{path}`, of type {type_name} ({reason})",
            expected="objects that can be pickled",
            advice=advice,
        )


class FrameError(InstrumentError):
    """A DataFrame that cannot be read or cut as asked; the message says what to do instead."""


class NotAFrameError(FrameError, TypeError):
    """Something else than a DataFrame or an RDD of Spark."""


class StoppedSessionError(FrameError):
    """The Spark session of this DataFrame was stopped, or its JVM has ended."""


class CheckpointDirectoryError(FrameError):
    """The checkpoint directory cannot be written by the driver."""


class ShippingError(InstrumentError):
    """A module that cannot be sent to executors."""
