"""Limits for a task from its past tries, each with its reason, checked by replaying the watchdog."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.history.past_tries import measured
from airflow_spark_guard.core.history.replay import replay_seen
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.watch.watch_limits import WatchLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.history.past_tries import Measured, PastTry

DEADLINE_FACTOR: Final = 2.0
"""A deadline is twice what 99 of 100 healthy tries took."""
STALL_FACTOR: Final = 3.0
"""A standstill may last three times the longest one of a healthy try."""
_LEAST_DEADLINE: Final = 600.0
_LEAST_STALL: Final = 120.0
_FEW: Final = 5
_STEPS: Final = (
    60,
    120,
    180,
    240,
    300,
    360,
    480,
    600,
    720,
    900,
    1200,
    1500,
    1800,
    2700,
    3600,
    4500,
    5400,
    7200,
)
_QUARTER: Final = 900


@dataclass(frozen=True)
class Suggestion:
    """One limit.

    Attributes:
        name: of the field of ``GuardLimits``.
        value: as text for it, such as ``6m``.
        reason: one sentence with the figure that it comes from.
    """

    name: str
    value: str
    reason: str


@dataclass(frozen=True)
class Trial:
    """One past try under the suggested limits.

    Attributes:
        name: of the try.
        succeeded: whether it did.
        verdict: what would have ended it; empty if nothing.
        earlier: seconds by which it would have ended earlier than it did; None if nothing ended it.
    """

    name: str
    succeeded: bool
    verdict: str = ""
    earlier: float | None = None


@dataclass(frozen=True)
class Proposal:
    """Limits that are not tried yet.

    Attributes:
        suggestions: by name.
        doubts: why they may be off, one sentence each.
    """

    suggestions: tuple[Suggestion, ...]
    doubts: tuple[str, ...]

    @property
    def limits(self) -> GuardLimits:
        """The limits."""
        return GuardLimits(**{one.name: one.value for one in self.suggestions})


@dataclass(frozen=True)
class LimitSuggestion:
    """Limits for a task.

    Attributes:
        suggestions: by name.
        trials: each past try under them.
        doubts: why they may be off, one sentence each.
    """

    suggestions: tuple[Suggestion, ...]
    trials: tuple[Trial, ...]
    doubts: tuple[str, ...]

    @property
    def ended_healthy(self) -> tuple[Trial, ...]:
        """Successful tries that would have been ended."""
        return tuple(trial for trial in self.trials if trial.succeeded and trial.verdict)


def suggest(tries: Sequence[PastTry]) -> LimitSuggestion:
    """Suggest limits.

    Args:
        tries: of one task.

    Raises:
        BadInputError: none of them succeeded.
    """
    proposal = propose([measured(one) for one in tries])
    limits = proposal.limits
    return LimitSuggestion(
        proposal.suggestions, tuple(trial_of(one, limits) for one in tries), proposal.doubts
    )


def propose(tries: Sequence[Measured]) -> Proposal:
    """Propose limits.

    Args:
        tries: of one task.

    Raises:
        BadInputError: none of them succeeded.
    """
    healthy = [one for one in tries if one.succeeded]
    if not healthy:
        raise BadInputError(
            "No limits can be suggested.",
            got=f"{len(tries)} records, of which none is of a try that succeeded",
            expected="at least one, better thirty",
            advice='Run the task in observe mode first: GuardLimits(on_finding="warn").',
        )
    suggestions = (_deadline([one.seconds for one in healthy]), _stall(healthy))
    return Proposal(suggestions, tuple(_doubts(healthy)))


def trial_of(one: PastTry, limits: GuardLimits) -> Trial:
    """What these limits would have done to a try."""
    watch = WatchLimits.of(limits, deadline=limits.deadline_seconds())
    acted = replay_seen(one.observations, watch).acted
    if not acted:
        return Trial(one.name, one.succeeded)
    finding = acted[0].finding
    return Trial(one.name, one.succeeded, str(finding.verdict), max(0.0, one.seconds - finding.reached_at))


def _deadline(durations: Sequence[float]) -> Suggestion:
    longest = sorted(durations)[max(0, math.ceil(0.99 * len(durations)) - 1)]
    value = readable_duration(round_up(max(_LEAST_DEADLINE, DEADLINE_FACTOR * longest)))
    which = "The longest" if len(durations) < 100 else "99% of the"  # noqa: PLR2004 - one in a hundred
    took = f"took {readable_duration(longest)}" + ("" if which == "The longest" else " or less")
    return Suggestion("deadline", value, f"{which} of {len(durations)} healthy tries {took}.")


def _stall(healthy: Sequence[Measured]) -> Suggestion:
    longest = max(one.needed.standstill for one in healthy)
    value = readable_duration(round_up(max(_LEAST_STALL, STALL_FACTOR * longest)))
    return Suggestion(
        "stall_timeout", value, f"The longest standstill of a healthy try was {readable_duration(longest)}."
    )


def round_up(seconds: float) -> float:
    """The next duration that people write: ``6m``, ``1h 15m``."""
    for step in _STEPS:
        if seconds <= step:
            return step
    return math.ceil(seconds / _QUARTER) * _QUARTER


def _doubts(healthy: Sequence[Measured]) -> list[str]:
    found = []
    if len(healthy) < _FEW:
        found.append(f"Only {len(healthy)} healthy tries are known: the limits may be too short.")
    blind = sum(one.is_blind for one in healthy)
    if blind:
        found.append(
            f"{blind} of {len(healthy)} healthy tries have no observation: their standstills are unknown."
        )
    return found
