"""Limits from past tries."""

import pytest

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.history.limit_suggestion import round_up, suggest
from airflow_spark_guard.core.history.past_tries import PastTry
from airflow_spark_guard.core.quantity import seconds as in_seconds
from airflow_spark_guard.core.watch.observation import DriverView, Observation, Stage


def observed(seconds, moves):
    """One observation every 10 s of one stage, whose counter has moved at these moments."""
    rows = []
    for at in range(0, int(seconds) + 1, 10):
        count = sum(moment <= at for moment in moves)
        stage = Stage(0, 0, tasks=8, active=2, done=0, failed=0, launched=True, counters=(count,))
        rows.append(Observation(float(at), driver=DriverView(1, (stage,)), readings=()))
    return tuple(rows)


def healthy(name, seconds, gap):
    """A try that moved every ``gap`` seconds."""
    return PastTry(name, "success", seconds, observed(seconds, range(0, int(seconds), gap)))


def hung(name, seconds, last):
    return PastTry(name, "failed", seconds, observed(seconds, range(0, last, 10)))


def values(found):
    return {one.name: one.value for one in found.suggestions}


def test_deadline_and_stall_come_from_healthy_tries():
    found = suggest([healthy(f"try-{number}", 1200 + number, 110) for number in range(6)])
    assert values(found) == {"deadline": "45m", "stall_timeout": "5m"}
    assert [one.reason for one in found.suggestions] == [
        "The longest of 6 healthy tries took 20m 5s.",
        "The longest standstill of a healthy try was 1m 40s.",
    ]
    assert (found.ended_healthy, found.doubts) == ((), ())


def test_a_hung_try_would_have_ended_earlier():
    tries = [*(healthy(f"try-{number}", 1200, 60) for number in range(5)), hung("bad", 7000, 300)]
    trial = suggest(tries).trials[-1]
    assert trial.verdict == "STALLED"
    assert 5500 < trial.earlier < 6600


def test_no_healthy_try_is_ended_whatever_it_needed():
    tries = [healthy("quick", 100, 10), healthy("slow", 5000, 400), healthy("still", 900, 290)]
    assert suggest(tries).ended_healthy == ()


def test_few_or_blind_tries_are_a_doubt():
    found = suggest([healthy("a", 100, 10), PastTry("b", "success", 50.0, ())])
    assert found.doubts == (
        "Only 2 healthy tries are known: the limits may be too short.",
        "1 of 2 healthy tries have no observation: their standstills are unknown.",
    )


def test_without_a_healthy_try_there_is_nothing_to_go_by():
    with pytest.raises(BadInputError, match="No limits can be suggested") as raised:
        suggest([hung("bad", 100, 50)])
    assert "observe mode" in raised.value.advice


@pytest.mark.parametrize(
    ("given", "rounded"), [(1, 60), (60, 60), (61, 120), (2412, 2700), (7201, 8100), (86_000, 86_400)]
)
def test_durations_are_ones_that_people_write(given, rounded):
    assert round_up(given) == rounded
    assert in_seconds(given) <= rounded
