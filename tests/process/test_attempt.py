"""An attempt by itself: started, ended, proven gone. ``test_following.py`` follows one to its end."""

from __future__ import annotations

import os
import time

from airflow_spark_guard.process.attempt import Attempt, Launch
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from tests.support.processes import MARK, marked


def launch(tmp_path, command: str, mark: str) -> Launch:
    return Launch(
        command=("bash", "-c", command),
        env={**os.environ, MARK: mark},
        workdir=tmp_path,
        cancel=tmp_path / "cancel",
        secrets=(tmp_path / "spark.properties",),
        tag=Tag(new_attempt(), new_attempt()),
        backstop=60.0,
        speaks=False,
        autopsy_budget=1.0,
        grace=1.0,
    )


def test_leaving_it_ends_everything(tmp_path):
    """Also what has a session of its own."""
    mark = new_attempt()
    with Attempt(launch(tmp_path, "setsid sleep 300 & sleep 300", mark)):
        time.sleep(0.5)
        assert len(marked(mark)) >= 2
    assert marked(mark) == []


def test_the_report_comes_with_the_end_of_the_command(tmp_path):
    """Its exit code, and what was found below it."""
    with Attempt(launch(tmp_path, "exit 3", new_attempt())) as attempt:
        while not attempt.over:
            attempt.poll(0.1)
        assert (attempt.report or {})["exit"] == 3
        assert attempt.kill_requested is False
        assert attempt.now > 0


def test_end_names_nothing_when_nothing_is_left(tmp_path):
    """And hands over what was printed meanwhile."""
    printed = []
    with Attempt(
        launch(tmp_path, "trap 'echo bye; exit 1' TERM; while true; do sleep 0.1; done", "m")
    ) as attempt:
        attempt.consume = printed.append
        time.sleep(0.5)
        assert attempt.end() == ()
    assert b"".join(printed).strip().endswith(b"bye")
