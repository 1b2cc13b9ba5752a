"""The guard's own logger marks what the guard says."""

from __future__ import annotations

import copy
import logging
import pickle

import pytest

from airflow_spark_guard.attempt.marked_log import MarkedLog, plain_log
from airflow_spark_guard.core.text.known_secrets import KNOWN
from tests.support.task_log import TaskLog


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_every_level_is_marked(caplog, level):
    """With its arguments."""
    caplog.set_level(logging.DEBUG)
    getattr(MarkedLog(logging.getLogger("task")), level)("%s of %s", 1, 3)
    (record,) = caplog.records
    assert record.getMessage() == "[guard] 1 of 3"
    assert record.levelname == level.upper()


def test_the_logger_behind_the_mark_is_for_the_jobs_output():
    """It is the task's own."""
    plain = logging.getLogger("task")
    assert plain_log(MarkedLog(plain)) is plain


def test_it_can_be_copied_and_pickled():
    """An operator that holds one is copied by Airflow."""
    log = MarkedLog(logging.getLogger("task"))
    assert copy.copy(log).plain is log.plain
    assert pickle.loads(pickle.dumps(log)).plain is log.plain  # noqa: S301 - our own


def test_a_logger_without_a_mark_is_its_own():
    """Outside the operator."""
    log = TaskLog()
    assert plain_log(log) is log


def test_a_known_secret_is_masked():
    """In whatever argument it stands; others stay what they are."""
    log = TaskLog()
    with KNOWN.at_work():
        KNOWN.learn(["hunter2"])
        MarkedLog(log).warning("%s and %s of %d", "x hunter2", OSError("hunter2"), 3)
    assert log.warnings == "[guard] x ****** and ****** of 3"
