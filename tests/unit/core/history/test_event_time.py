"""The clock of a log."""

from airflow_spark_guard.core.history.event_time import EventClock, epoch

DAY = 86_400_000


def test_it_follows_the_newest_time():
    clock = EventClock()
    assert clock.is_news(1000)
    clock.now = 1000
    assert clock.is_news(1001)
    assert not clock.is_news(1000)
    assert not clock.is_news(-5)


def test_a_time_that_is_years_later_is_taken_for_damage():
    clock = EventClock()
    clock.now = 1_700_000_000_000
    assert clock.is_news(clock.now + 300 * DAY)
    assert not clock.is_news(clock.now + 500 * DAY)


def test_the_start_of_the_application_corrects_it():
    """Events before that may have a time out of all reason."""
    clock = EventClock()
    clock.now = 9_000_000_000_000
    assert clock.begin(1_700_000_000_000)
    assert clock.now == 1_700_000_000_000
    assert not clock.begin(1_700_000_001_000)
    assert clock.now == 1_700_000_000_000


def test_a_missing_time_is_none():
    assert epoch(1500) == 1.5
    assert epoch(None) is epoch(0) is epoch(-1) is None
