"""Limits for a task from its past tries, as ``spark-guard limits`` suggests them, in steps of bounded time.

Observations are many, and none is kept: each try is read once for what it needed, and once more when the
limits are tried on it. A request reads for a while and says how far it has come; the page asks again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from airflow_spark_guard.core.errors import BadInputError, RecordError
from airflow_spark_guard.core.history.limit_suggestion import LimitSuggestion, Trial, propose, trial_of
from airflow_spark_guard.core.history.limit_words import code_of, outcomes, verdict_on_healthy
from airflow_spark_guard.core.history.past_tries import Measured, measured
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process.past_try_reader import LateError, past_try
from airflow_spark_guard.report.writing import path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from airflow_spark_guard.core.history.limit_suggestion import Proposal
    from airflow_spark_guard.core.history.past_tries import PastTry
    from airflow_spark_guard.plugins.index import Found

MOST: Final = 30
"""Tries that are used, the newest that are over."""
BUDGET: Final = 1.5
"""Seconds after which a request begins no further try."""
LONGEST_TRY: Final = 3.0
"""Seconds for reading one try; one that takes longer is left out. Both are less than a page waits."""
_MOST_KEPT = 3000
_TEXT = 500
_LATE, _NOT_OVER = "late", "not over"
T = TypeVar("T")
K = TypeVar("K")


class _OverError(Exception):
    """The request has had its time; the argument is how far it has come."""


@dataclass
class LimitsFromHistory:
    """Works limits out, one request at a time. Results of single tries are kept in memory.

    Args:
        root: the folder of all records.
    """

    root: Path
    _measured: OrderedDict[Found, Measured | str] = field(default_factory=OrderedDict)
    _trials: OrderedDict[tuple[Found, str], Trial | str] = field(default_factory=OrderedDict)
    _working: threading.Lock = field(default_factory=threading.Lock)

    def of(self, attempts: Sequence[Found]) -> dict[str, Any]:
        """The suggestion with its reasons, why there is none, or how far the work has come.

        Args:
            attempts: of this task in any run, the newest first.

        Raises:
            RecordError: another request is being worked on.
        """
        if not self._working.acquire(blocking=False):
            raise RecordError(
                "Limits are being worked out for another request.",
                got="one that is not over",
                expected="one at a time",
                advice="Try again in a few seconds.",
            )
        try:
            found = self._view(attempts, time.monotonic() + BUDGET)
        except _OverError as over:
            return {"done": False, **over.args[0]}
        else:
            # The store may have been slow for a moment: the next time they are read again.
            _forget_late(self._measured)
            _forget_late(self._trials)
            return {"done": True, **found}
        finally:
            self._working.release()

    def _view(self, attempts: Sequence[Found], end: float) -> dict[str, Any]:
        tries, late, left_out = self._newest(attempts, end)
        counted = {"tries": len(tries), "late": late, "left_out": left_out, "most": MOST}
        if not tries:
            return {**counted, "trouble": "There is no record of a try of this task that is over."}
        try:
            proposal = propose([one for _, one in tries])
        except BadInputError as error:
            return {**counted, "trouble": one_line(f"{error.what} {error.got}. {error.advice}", _TEXT)}
        trials = self._tried(tries, proposal, end)
        counted["untried"] = len(tries) - len(trials)
        return {**counted, **_shown(LimitSuggestion(proposal.suggestions, trials, proposal.doubts))}

    def _newest(self, attempts: Sequence[Found], end: float) -> tuple[list[tuple[Found, Measured]], int, int]:
        """The tries, how many took too long to read, and how many older attempts were not looked at."""
        tries: list[tuple[Found, Measured]] = []
        late = 0
        for number, found in enumerate(attempts):
            if len(tries) + late >= MOST:
                return tries, late, len(attempts) - number
            one = self._measured.get(found)
            if one is None:
                _go_on(end, "read", len(tries) + late, min(MOST, len(attempts)))
                one = self._read(found, measured)
                _keep(self._measured, found, one)
            late += one == _LATE
            if isinstance(one, Measured):
                tries.append((found, one))
        return tries, late, 0

    def _tried(
        self, tries: Sequence[tuple[Found, Measured]], proposal: Proposal, end: float
    ) -> tuple[Trial, ...]:
        """What the limits would have done to each; one that took too long to read is left out."""
        trials = []
        for number, (found, _) in enumerate(tries):
            key = (found, code_of(proposal.suggestions))
            one = self._trials.get(key)
            if one is None:
                _go_on(end, "tried", number, len(tries))
                one = self._read(found, lambda past: trial_of(past, proposal.limits))
                _keep(self._trials, key, one)
            if isinstance(one, Trial):
                trials.append(one)
        return tuple(trials)

    def _read(self, found: Found, use: Callable[[PastTry], T]) -> T | str:
        """What is made of a try; else why there is nothing."""
        folder = found.task.folder(self.root) / found.task.try_name(found.number)
        until = time.monotonic() + LONGEST_TRY
        try:
            past = past_try(folder, path_of(folder), lambda: time.monotonic() < until)
        except LateError:
            return _LATE
        return _NOT_OVER if past is None else use(past)


def _go_on(end: float, step: str, count: int, of: int) -> None:
    if time.monotonic() >= end:
        raise _OverError({"step": step, "count": count, "of": of})


def _keep(kept: OrderedDict[K, T], key: K, value: T) -> None:
    kept[key] = value
    if len(kept) > _MOST_KEPT:
        kept.popitem(last=False)


def _forget_late(kept: OrderedDict[K, T]) -> None:
    for key in [key for key, value in kept.items() if value == _LATE]:
        del kept[key]


def _shown(found: LimitSuggestion) -> dict[str, Any]:
    return {
        "code": code_of(found.suggestions),
        "suggestions": [
            {"name": one.name, "value": one.value, "reason": one.reason} for one in found.suggestions
        ],
        "healthy": verdict_on_healthy(found),
        "outcomes": [one_line(text, _TEXT) for text in outcomes(found)],
        "doubts": list(found.doubts),
    }
