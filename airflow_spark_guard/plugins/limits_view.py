"""Limits for a task from its past tries, as ``spark-guard limits`` suggests them, in steps of bounded time.

Observations are many, and none is kept: each try is read once for what it needed, and once more when the
limits are tried on it. A request reads for a while and says how far it has come; the page asks again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

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
LONGEST_TRY: Final = 2.5
"""Seconds for one try, to read it and to use it; one that takes longer is left out.

The two together are less than ``StoreThreads`` waits, by a second.
"""
_MOST_KEPT = 3000
_TEXT = 500
_LATE, _NOT_OVER = "late", "not over"
T = TypeVar("T")
K = TypeVar("K")


class _OverError(Exception):
    """The request has had its time; the argument is how far it has come."""


@dataclass
class _Kept(Generic[K, T]):
    """What was made of tries, in bounded memory."""

    _values: OrderedDict[K, T | str] = field(default_factory=OrderedDict)
    _passing: set[K] = field(default_factory=set)

    def get(self, key: K) -> T | str | None:
        """What is kept of it."""
        return self._values.get(key)

    def keep(self, key: K, read: tuple[T | str, bool]) -> T | str:
        """Keep a value, for good if it was read, else for the work that is going on."""
        value, was_read = read
        self._values[key] = value
        if not was_read:
            self._passing.add(key)
        if len(self._values) > _MOST_KEPT:
            self._passing.discard(self._values.popitem(last=False)[0])
        return value

    def forget_passing(self) -> None:
        """The work is done: what could not be read in it is read again in the next one."""
        for key in self._passing:
            del self._values[key]
        self._passing.clear()


@dataclass
class LimitsFromHistory:
    """Works limits out, one request at a time. Results of single tries are kept in memory.

    Args:
        root: the folder of all records.
    """

    root: Path
    _measured: _Kept[Found, Measured] = field(default_factory=_Kept)
    _trials: _Kept[tuple[Found, str], Trial] = field(default_factory=_Kept)
    _working: threading.Lock = field(default_factory=threading.Lock)

    def of(self, attempts: Sequence[Found], begun: float) -> dict[str, Any]:
        """The suggestion with its reasons, why there is none, or how far the work has come.

        Args:
            attempts: of this task in any run, the newest first.
            begun: when the request began, in seconds of ``time.monotonic``.

        Raises:
            RecordError: another request is being worked on.
        """
        if not self._working.acquire(blocking=False):
            raise RecordError(
                "Limits are being worked out for another request.",
                got="one that is not over",
                expected="one at a time",
                advice="Ask again in a second: each works for a few seconds at most.",
            )
        try:
            found = self._view(attempts, begun + BUDGET)
        except _OverError as over:
            return {"done": False, **over.args[0]}
        else:
            self._measured.forget_passing()
            self._trials.forget_passing()
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
                one = self._measured.keep(found, self._read(found, measured))
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
                read = self._read(found, lambda past: trial_of(past, proposal.limits))
                one = self._trials.keep(key, read)
            if isinstance(one, Trial):
                trials.append(one)
        return tuple(trials)

    def _read(self, found: Found, use: Callable[[PastTry], T]) -> tuple[T | str, bool]:
        """What is made of a try, else why there is nothing; and whether it was read, so that this stays so.

        A folder does not change when its rights do, or when the store is well again.
        """
        folder = found.task.folder(self.root) / found.task.try_name(found.number)
        until = time.monotonic() + LONGEST_TRY
        try:
            past = past_try(folder, path_of(folder), lambda: time.monotonic() < until)
            return (_NOT_OVER, False) if past is None else (use(past), past.is_whole)
        except LateError:
            return _LATE, False


def _go_on(end: float, step: str, count: int, of: int) -> None:
    if time.monotonic() >= end:
        raise _OverError({"step": step, "count": count, "of": of})


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
