"""Context switches without those of our own stops."""

from __future__ import annotations

from airflow_spark_guard.process.own_switches import OwnSwitches


def test_what_a_dump_has_added_is_subtracted_from_later_counts():
    """What was not counted adds nothing."""
    switches = OwnSwitches()
    assert switches.own("a", 100) == 100
    switches.stopped("a", 100, 107)
    switches.stopped("a", None, 3)
    switches.stopped("a", 3, None)
    assert switches.own("a", 110) == 103
    assert switches.own("b", 110) == 110


def test_what_following_has_added_at_the_most_never_makes_a_count_smaller():
    """It may have added less; each is subtracted once."""
    switches = OwnSwitches()
    switches.own("a", 100)
    switches.followed("a", 6)
    switches.followed("a", 4)
    assert switches.own("a", 104) == 100
    assert switches.own("a", 106) == 102


def test_a_count_that_cannot_be_read_is_none():
    """And changes nothing."""
    switches = OwnSwitches()
    switches.followed("a", 6)
    assert switches.own("a", None) is None
    assert switches.own("a", 10) == 4
