"""What is told of the last look at a job that is ended; ``core/stacktraces/sights.py`` puts it into words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeathCause:
    """Why executors died, by their own stderr.

    Attributes:
        text: the telling line, and whose it is; safe to show.
        advice: what to do.
        retry: whether another try can help; None where the verdict decides.
    """

    text: str
    advice: str
    retry: bool | None = None


@dataclass(frozen=True)
class Autopsy:
    """What is told of it. All text is safe to show, without local variables and without any environment.

    Attributes:
        place: the line of the user's own Python to look at, ``file:line, function``; empty when unknown.
        python_stack: that process's stack in a few lines, the user's frames first.
        summary: for the task log, at most 15 lines.
        text: all of it, for ``autopsy.txt``; at most 256 kB.
        cause: why executors died; None when unknown, or when none did.
    """

    place: str = ""
    python_stack: str = ""
    summary: tuple[str, ...] = ()
    text: str = ""
    cause: DeathCause | None = None
