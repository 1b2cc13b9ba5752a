"""One row of the toolchain table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from airflow_spark_guard.core.verdict import Verdict


class Weight(Enum):
    """How far a sign may be believed when there are others.

    A *cause* explains what follows it. A *trace* is what any of several causes leaves behind, and gives
    way to a cause, wherever that stands. *Noise* is what a driver prints while it goes down: it counts only
    when nothing else speaks, the user's own exception included.
    """

    CAUSE = auto()
    TRACE = auto()
    NOISE = auto()


class Scope(Enum):
    """Where a sign is looked for."""

    DRIVER = auto()  # the driver's exception, whole
    WORKER = auto()  # the part of it that a Python worker sent
    LOG = auto()  # the driver's exception, and the log around it: said once, and followed by other errors


@dataclass(frozen=True)
class Row:
    """One of Spark's own failures: how it is known, what it means, and what to do.

    Attributes:
        name: of the row, for records and tests.
        pattern: found in one line. No pattern begins with an unbounded repetition, so that a search is
            linear in the text.
        what: the cause, one sentence.
        advice: what to do next: the key, or the place to look at.
        retry: whether the same attempt can come to a different end.
        verdict: under which the attempt is filed.
        weight: against other signs.
        scope: where it is looked for.
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
