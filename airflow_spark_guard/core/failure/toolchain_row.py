"""One row of the toolchain table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from airflow_spark_guard.core.verdict import Verdict


class Weight(Enum):
    """How much a sign counts beside others.

    A *cause* explains what follows it. A *trace* is what several causes can leave behind; a cause anywhere
    in the text overrides it. *Noise* is what a driver prints while it shuts down: it counts only if there is
    nothing else, not even an exception of the user's.
    """

    CAUSE = auto()
    TRACE = auto()
    NOISE = auto()


class Scope(Enum):
    """Where to look for a sign."""

    DRIVER = auto()  # the driver's exception, whole
    WORKER = auto()  # the part of it that a Python worker sent
    LOG = auto()  # the driver's exception and the log around it: for signs logged once, before other errors


@dataclass(frozen=True)
class Row:
    """One of Spark's own failures: how to recognise it, what it means, and what to do.

    Attributes:
        name: of the row, for records and tests.
        pattern: matches within one line. No pattern begins with an unbounded repetition, so that a search is
            linear in the text.
        what: the cause, one sentence.
        advice: what to do next: the key to set, or where to look.
        retry: whether the same attempt can come to a different end.
        verdict: of the attempt.
        weight: beside other signs.
        scope: where to look for it.
    """

    name: str
    pattern: re.Pattern[str]
    what: str
    advice: str
    retry: bool = False
    verdict: Verdict = Verdict.TOOLCHAIN
    weight: Weight = Weight.CAUSE
    scope: Scope = Scope.DRIVER


def sign(*texts: str) -> re.Pattern[str]:
    """Any of these regular expressions."""
    return re.compile("|".join(texts), re.MULTILINE)
