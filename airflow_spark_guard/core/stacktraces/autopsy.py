"""Diagnostics of a job that is about to be ended; ``core/stacktraces/diagnostics.py`` creates them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeathCause:
    """Why executors died, by their own stderr.

    Attributes:
        text: the significant line, with its executor; safe to show.
        advice: what to do.
        retry: whether another try can help; None if the verdict decides.
    """

    text: str
    advice: str
    retry: bool | None = None


@dataclass(frozen=True)
class Autopsy:
    """The diagnostics. All text is safe to show, without local variables and environment variables.

    Attributes:
        place: the line of user code to check, ``file:line, function``; empty if unknown.
        summary: for the task log, at most 15 lines.
        text: everything, for ``autopsy.txt``; at most 256 kB.
        cause: why executors died; None if unknown, or if none did.
    """

    place: str = ""
    summary: tuple[str, ...] = ()
    text: str = ""
    cause: DeathCause | None = None
