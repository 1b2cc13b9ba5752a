"""The driver's Python, seen or missing on this host."""

import subprocess

import pytest

from airflow_spark_guard.attempt.driver_presence import DriverPresence


def test_it_is_gone_from_the_first_look_that_does_not_see_it():
    """Once gone, it stays gone: its pid may belong to another process by then."""
    presence = DriverPresence()
    with subprocess.Popen(["sleep", "300"]) as driver:
        presence.look(1.0, 0)
        presence.look(2.0, driver.pid)
        assert presence.gone_at is None
        driver.kill()
        driver.wait()
        presence.look(3.0, driver.pid)
        presence.look(4.0, driver.pid)
    assert presence.gone_at == 3.0


@pytest.mark.parametrize("pid", [0, 1, (1 << 22) + 1])
def test_one_that_was_never_seen_here_is_not_missed(pid):
    """It runs in another pid namespace, or on another host."""
    presence = DriverPresence()
    presence.look(1.0, pid)
    presence.look(2.0, pid)
    assert presence.gone_at is None
