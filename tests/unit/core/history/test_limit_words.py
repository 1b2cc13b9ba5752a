"""A suggestion of limits in words."""

from airflow_spark_guard.core.history.limit_suggestion import LimitSuggestion, Suggestion, Trial
from airflow_spark_guard.core.history.limit_words import code_of, outcomes, verdict_on_healthy

FOUND = LimitSuggestion(
    (Suggestion("deadline", "10m", "It took 5m."), Suggestion("stall_timeout", "2m", "It stood for 40s.")),
    (
        Trial("a", succeeded=True),
        Trial("b", succeeded=False, verdict="STALLED", earlier=900.0),
        Trial("c", succeeded=True, verdict="DEADLINE", earlier=60.0),
        Trial("d", succeeded=False),
    ),
    (),
)


def test_the_limits_are_python():
    assert code_of(FOUND.suggestions) == 'GuardLimits(deadline="10m", stall_timeout="2m")'


def test_healthy_tries_that_would_have_ended_come_first():
    """Healthy ones that they leave alone are only counted."""
    assert verdict_on_healthy(FOUND) == "Of 2 healthy tries, 1 would have been ended."
    assert list(outcomes(FOUND)) == [
        "c: DEADLINE",
        "b failed: STALLED, 15m earlier than it ended.",
        "d failed: these limits would not have ended it.",
    ]
    assert verdict_on_healthy(LimitSuggestion((), FOUND.trials[:2], ())).endswith(
        "none would have been ended."
    )
