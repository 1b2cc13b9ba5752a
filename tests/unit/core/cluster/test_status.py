import pytest

from airflow_spark_guard.core.cluster.status import (
    LONGEST_DIAGNOSTICS,
    ClusterState,
    ClusterStatus,
    diagnostics,
    epoch_seconds,
    nothing,
    one_line,
)
from tests.support.dialogue import play


def test_only_what_waits_or_runs_is_active():
    """Everything else is over, VANISHED too."""
    assert [state for state in ClusterState if state.is_active] == ["WAITING", "RUNNING"]


def test_a_status_survives_json():
    """It travels in a trigger's event."""
    status = ClusterStatus(ClusterState.FAILED, "application_1_2", exit_code=3, submitted_at=5.0)
    assert ClusterStatus.from_json(status.to_json()) == status


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"state": "DONE"}, "state: 'DONE' is not one of WAITING, RUNNING"),
        ({"nonsense": 1}, "'nonsense' is unknown"),
        ({"exit_code": "1"}, "exit_code: '1' is not a whole number"),
    ],
)
def test_something_else_is_no_status(changed, problem):
    """It came from another version, or from nowhere."""
    whole = ClusterStatus(ClusterState.FAILED, "application_1_2").to_json()
    with pytest.raises(ValueError, match=problem):
        ClusterStatus.from_json({**whole, **changed})
    with pytest.raises(ValueError, match="'state' is missing"):
        ClusterStatus.from_json({})


def test_a_managers_text_is_bounded_and_safe_to_show():
    """It may quote what an untrusted job has printed."""
    assert one_line("a\n\x1b[31mb  c" + "x" * 1000) == ("a [31mb c" + "x" * 1000)[:300]
    assert one_line(7) == ""
    said = diagnostics("first\nline", None, "first\nline", "password=geheim " * 1000)
    assert said.startswith("first\nline\npassword=")
    assert "geheim" not in said
    assert len(said) == LONGEST_DIAGNOSTICS


@pytest.mark.parametrize(
    ("value", "seconds"), [(1500, 1.5), (0, None), (-1, None), (True, None), ("1", None)]
)
def test_a_moment_is_seconds_or_none(value, seconds):
    """YARN's 0 is «not yet»."""
    assert epoch_seconds(value) == seconds


def test_nothing_is_a_dialogue_without_a_question():
    """For managers that have no answer."""
    assert play(nothing(), None) == ""
