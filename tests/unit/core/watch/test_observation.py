"""One look at an attempt, as plain values."""

from __future__ import annotations

from airflow_spark_guard.core.watch.observation import Observation
from tests.unit.core.watch.watched import BLOCKED, STAGE, running


def test_an_attempt_of_a_stage_has_a_key_of_its_own():
    """A stage that is tried again is another stage to the watchdog."""
    assert STAGE.key == (3, 0)


def test_a_line_of_the_record_holds_what_was_seen_and_no_defaults():
    """A record has thousands of them."""
    seen = Observation(at=1.5, driver=running(jobs=2), readings=(BLOCKED,))
    assert seen.to_json().keys() == {"at", "driver", "readings"}
    assert Observation(at=0.0).to_json() == {"at": 0.0}
