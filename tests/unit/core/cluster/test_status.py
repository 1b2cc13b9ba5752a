import pytest

from airflow_spark_guard.core.cluster.status import (
    LONGEST_DIAGNOSTICS,
    ClusterState,
    ClusterStatus,
    RefusedError,
    active,
    decoded,
    diagnostics,
    epoch_seconds,
    one_line,
    refusal,
)
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError


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


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_has_the_managers_reason(status):
    """Where it gives one; other credentials may help."""
    with pytest.raises(RefusedError, match=f"^it refuses access: HTTP status {status}, 'no rights'$"):
        decoded(Answer(status, b""), "it", lambda _: "no rights")
    with pytest.raises(RefusedError, match=f"HTTP status {status}$"):
        decoded(Answer(status, b""), "it", lambda _: "")


def test_any_other_answer_is_read_or_is_none():
    """A refusal is not every failure."""
    assert decoded(Answer(200, b'{"a": 1}'), "it", str) == {"a": 1}
    with pytest.raises(UnusableAnswerError, match="^it: HTTP status 500"):
        decoded(Answer(500, b""), "it", str)


@pytest.mark.parametrize(
    ("body", "found"), [(b'{"a": 1}', {"a": 1}), (b"{}", {}), (b"[]", None), (b"<html>", None), (b"", None)]
)
def test_what_came_with_a_failure_is_an_object_or_nothing(body, found):
    """A proxy answers in HTML."""
    assert refusal(Answer(404, body), "it") == found


def test_the_active_ones_are_oldest_first():
    """One without a moment is taken for the oldest."""

    def one(name, state, at):
        return ClusterStatus(state, name, submitted_at=at)

    found = active(
        [
            one("c", ClusterState.RUNNING, 3.0),
            one("b", ClusterState.WAITING, 2.0),
            one("x", ClusterState.SUCCEEDED, 1.0),
            one("a", ClusterState.RUNNING, None),
        ]
    )
    assert [status.application_id for status in found] == ["a", "b", "c"]
