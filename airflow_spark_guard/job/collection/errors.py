"""The errors and the warning of collections and uploads."""

from __future__ import annotations


class SampleError(ValueError):
    """Data that cannot be brought to the driver, or back, as asked; the message says what to do instead."""

    def __init__(self, what: str, *, got: str, expected: str, advice: str) -> None:
        self.what, self.got, self.expected, self.advice = what, got, expected, advice
        super().__init__(f"{what}\n  got: {got}\n  expected: {expected}\n  do: {advice}")


class InfiniteValuesError(SampleError):
    """Infinite values, which a cast to a wider type may make finite."""


class OptionError(SampleError, TypeError):
    """A keyword argument that does not exist, or is missing: a TypeError too, as of every Python function."""


class SampleWarning(UserWarning):
    """A sample that is what was asked for, and may not be what was meant."""
