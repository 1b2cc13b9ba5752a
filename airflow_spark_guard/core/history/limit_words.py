"""A suggestion of limits in words, for the terminal and for the live page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.quantity import readable_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_spark_guard.core.history.limit_suggestion import LimitSuggestion, Suggestion, Trial


def code_of(suggestions: Sequence[Suggestion]) -> str:
    """The limits as Python has them."""
    words = ", ".join(f'{one.name}="{one.value}"' for one in suggestions)
    return f"GuardLimits({words})"


def verdict_on_healthy(found: LimitSuggestion) -> str:
    """What the limits would have done to healthy tries, in one sentence."""
    healthy = sum(trial.succeeded for trial in found.trials)
    return f"Of {healthy} healthy tries, {len(found.ended_healthy) or 'none'} would have been ended."


def outcomes(found: LimitSuggestion) -> Iterator[str]:
    """What they would have done to tries that failed, and to the healthy ones that they would have ended."""
    for trial in found.ended_healthy:
        yield f"{trial.name}: {trial.verdict}"
    for trial in found.trials:
        if not trial.succeeded:
            yield _of_failed(trial)


def _of_failed(trial: Trial) -> str:
    if not trial.verdict or trial.earlier is None:
        return f"{trial.name} failed: these limits would not have ended it."
    earlier = readable_duration(trial.earlier)
    return f"{trial.name} failed: {trial.verdict}, {earlier} earlier than it ended."
