"""What a trigger tells the worker: whole, or refused where it arrives."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.errors import (
    ApplicationError,
    ConnectionMissingError,
    TriggerEventError,
    VanishedError,
)
from airflow_spark_guard.core.event import event_of, read_event
from airflow_spark_guard.core.remote.lifecycle import EndedWell
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.remote.restarts import Ledger, Loss
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding, Suspect
from tests.unit.core.remote.seen import TEXT
from tests.unit.core.remote.test_remote_watch import MEMORIES
from tests.unit.core.remote.test_target import TARGETS
from tests.unit.core.web.test_spark_rest import JSON

SUSPECTS = st.sampled_from(get_args(Suspect))
FINDINGS = st.builds(
    Finding, st.sampled_from(Verdict), TEXT, st.floats(0, 9), st.floats(0, 9), TEXT, TEXT, TEXT, SUSPECTS
)
ERRORS = st.builds(lambda what, rest: ApplicationError(what, got=rest, advice=rest), TEXT, TEXT)
OUTCOMES = st.builds(
    Outcome.of, st.none() | st.builds(EndedWell, TEXT) | FINDINGS | ERRORS, MEMORIES, st.none() | TARGETS
)
FINDING = Finding(Verdict.VANISHED, "It is gone.", 60.0, 1.0, got="g", expected="e", advice="a")


def event(**changed):
    return {**event_of(Outcome.of(FINDING, Memory("app-1"), Target("app-1"))), **changed}


@given(outcome=OUTCOMES)
def test_an_outcome_survives_json(outcome):
    """As Airflow carries an event; none of its values is of a class of ours."""
    sent = event_of(outcome)
    assert read_event(Outcome, json.loads(json.dumps(sent))) == outcome
    assert sent["finding"] is None or type(sent["finding"]["verdict"]) is str


@given(value=JSON, name=st.sampled_from(sorted(event())))
def test_garbage_is_an_error_of_ours(value, name):
    """Whatever a trigger of another version, or of somebody else's, has sent."""
    for garbage in (value, {"v": 1, "kind": value}, {"v": 1, "kind": "ended"}):
        with pytest.raises(TriggerEventError, match="^The trigger's event cannot be understood."):
            read_event(Outcome, garbage)
    for shaped in (event(**{name: value}), event(finding={**event()["finding"], "what": value})):
        try:
            failure = read_event(Outcome, shaped).failure()
        except TriggerEventError:
            continue
        assert str(failure)


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(None, id="a trigger that ended without a word"),
        pytest.param({}, id="empty"),
        pytest.param({"status": "success"}, id="of another trigger"),
        pytest.param(event(v=2), id="of a later version"),
        pytest.param(event(kind="perfect"), id="an unknown kind"),
        pytest.param(event(kind=["ended"]), id="a kind that is not text"),
        pytest.param(event(finding=None), id="a finding that is missing"),
        pytest.param(event(kind="ended"), id="a good end with a finding"),
        pytest.param(event(kind="refused"), id="a refusal that is missing"),
        pytest.param(event(finding={"verdict": "PERFECT"}), id="an unknown verdict"),
        pytest.param(event(kind="refused", finding=None, refusal="four"), id="a refusal that is text"),
        pytest.param(event(kind="refused", finding=None, refusal=["a"]), id="a refusal that is short"),
        pytest.param(event(target=None), id="no target"),
        pytest.param(event(restarts="2"), id="a count that is text"),
        pytest.param(event(application_id=None), id="no id"),
        pytest.param(event(new=1), id="a field of a later version"),
    ],
)
def test_an_event_that_says_nothing_sure_is_no_success(garbage):
    """It fails loudly, and says what to do."""
    with pytest.raises(TriggerEventError) as caught:
        read_event(Outcome, garbage)
    assert caught.value.got
    assert "clear the task" in caught.value.advice


def test_a_finding_becomes_the_exception_of_its_verdict():
    """It names the application."""
    error = Outcome.of(FINDING, Memory("app-1")).failure()
    assert type(error) is VanishedError
    assert str(error) == "VANISHED: Application app-1: It is gone.\n  got: g\n  expected: e\n  do: a"
    assert (error.what, error.args) == ("Application app-1: It is gone.", ("Application app-1: It is gone.",))
    assert Outcome.of(FINDING, Memory()).failure().what == "It is gone."


def test_what_cannot_be_watched_becomes_an_application_error():
    """Whatever it was in the triggerer, with all its parts."""
    refused = ConnectionMissingError("No such connection.", got="g", expected="e", advice="a")
    outcome = Outcome.of(refused, Memory())
    assert outcome.kind == "refused"
    error = outcome.failure()
    assert type(error) is ApplicationError
    assert str(error) == str(refused)


def test_a_good_end_and_a_timeout_are_no_failure():
    """The time-out is the sensor's own; restarts are counted, forgotten ones too."""
    memory = Memory("app-1", ledger=Ledger((Loss("0", "", "", 1.0),), 4))
    ended, late = Outcome.of(EndedWell("The log is closed."), memory), Outcome.of(None, memory)
    assert (ended.kind, ended.witness, ended.restarts) == ("ended", "The log is closed.", 5)
    assert (late.kind, late.application_id) == ("timeout", "app-1")
    assert ended.failure() is late.failure() is None
