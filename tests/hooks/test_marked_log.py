"""A logger that marks what the guard says."""

from __future__ import annotations

import logging

import pytest

from airflow_spark_guard.hooks.marked_log import MarkedLog, plain_log
from tests.support.task_log import TaskLog


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "exception"])
def test_every_level_is_marked(caplog, level):
    """With its arguments."""
    caplog.set_level(logging.DEBUG)
    getattr(MarkedLog(logging.getLogger("task")), level)("%s of %s", 1, 3)
    (record,) = caplog.records
    assert record.getMessage() == "[guard] 1 of 3"
    assert record.levelname == ("ERROR" if level == "exception" else level.upper())


def test_the_rest_of_a_logger_is_as_it_was():
    """Upstream's code uses it too."""
    plain = logging.getLogger("task")
    assert MarkedLog(plain).name == "task"
    assert plain_log(MarkedLog(plain)) is plain


def test_a_logger_without_a_mark_is_its_own():
    """Outside the operator."""
    log = TaskLog()
    assert plain_log(log) is log
