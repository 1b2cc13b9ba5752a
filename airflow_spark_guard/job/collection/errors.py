"""The one error of collections and of the way back to Spark, and the one warning."""

from __future__ import annotations


class SampleError(ValueError):
    """Data that cannot be brought to the driver, or back, as asked; the message says what to do instead."""

    def __init__(self, what: str, *, got: str, expected: str, advice: str) -> None:
        self.what, self.got, self.expected, self.advice = what, got, expected, advice
        super().__init__(f"{what}\n  got: {got}\n  expected: {expected}\n  do: {advice}")


class InfiniteValuesError(SampleError):
    """Infinite values, which a cast to a wider type may make finite."""


class SampleWarning(UserWarning):
    """A sample that is what was asked for, and may not be what was meant."""
