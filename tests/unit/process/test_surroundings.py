"""What is said of a machine that does not let the guard do its work; the rest is in test_attempt.py."""

from __future__ import annotations

import errno
import os

from airflow_spark_guard.process.surroundings import limits_here


def test_a_usual_machine_is_not_worth_a_word():
    """Nothing is said."""
    assert limits_here() == []


def test_a_system_without_pidfd_is_said_in_one_line(monkeypatch):
    """With the system's own reason."""

    def refused(pid):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), pid)

    monkeypatch.setattr(os, "pidfd_open", refused)
    (said,) = limits_here()
    assert said.startswith("This system refuses pidfd (Function not implemented): processes are signalled by")
