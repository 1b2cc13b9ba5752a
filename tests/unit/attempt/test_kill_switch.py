"""The switch that ends an attempt from outside."""

import pytest

from airflow_spark_guard.attempt.kill_switch import KillSwitch
from airflow_spark_guard.core.errors import KilledError


class Ended:
    """Writes its name into a list when it is to end."""

    def __init__(self, name, order):
        self.name, self.order = name, order

    def request_kill(self):
        self.order.append(self.name)


def test_the_newest_ends_first():
    """spark-submit before the application that it may just be handing over."""
    switch, order = KillSwitch(), []
    for name in ("application", "spark-submit"):
        switch.connect(Ended(name, order))
    assert not switch.pulled
    switch.pull()
    assert (switch.pulled, order) == (True, ["spark-submit", "application"])


def test_what_is_connected_after_the_pull_ends_at_once():
    """A kill may come between two steps."""
    switch, order = KillSwitch(), []
    switch.pull()
    switch.connect(Ended("late", order))
    assert order == ["late"]


def test_what_is_over_is_left_alone():
    """Its pid or its application id may mean something else by now."""
    switch, order = KillSwitch(), []
    over = Ended("over", order)
    switch.connect(over)
    switch.disconnect(over)
    switch.pull()
    assert order == []


def test_nothing_is_submitted_once_it_was_pulled():
    """The task is over."""
    switch = KillSwitch()
    switch.check()
    switch.pull()
    with pytest.raises(KilledError, match="killed before its job was submitted"):
        switch.check()
