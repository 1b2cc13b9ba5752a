"""An application is followed until it ends, on a terminal and elsewhere."""

from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console
from rich.live import Live

from airflow_spark_guard.cli.watching import target as target_module
from airflow_spark_guard.cli.watching.picture import Follower
from airflow_spark_guard.cli.watching.places import Places
from airflow_spark_guard.cli.watching.target import WatchTarget
from airflow_spark_guard.cli.work import watch as module
from airflow_spark_guard.cli.work.watch import Lines, Screen, Watch
from airflow_spark_guard.core.limits import GuardLimits
from tests.support.remote_site import ID, NAME, dead, remote_site
from tests.support.spark_guard import run


def stage(done=0, active=2):
    return {"status": "ACTIVE", "stageId": 3, "attemptId": 0, "numTasks": 10, "numActiveTasks": active,
            "numCompleteTasks": done, "numFailedTasks": 0, "name": "count at job.py:12",
            "firstTaskLaunchedTime": "2026-11-30T06:24:10.000GMT"}  # fmt: skip


@pytest.fixture
def site():
    with remote_site() as found:
        yield found


class Steps:
    """What happens between two looks, instead of waiting."""

    def __init__(self, *actions):
        self.actions = list(actions)

    def __call__(self, _):
        if self.actions:
            self.actions.pop(0)()


def watch(site, *actions, **limits):
    target = WatchTarget(site.driver_ui, ID, NAME)
    found = Watch(target, Follower(GuardLimits(**limits)), Places(target, here=False), 1.0, Steps(*actions))
    out = Console(file=io.StringIO(), width=100)
    return found, out, Lines(out)


def text(out):
    return [line[9:] for line in out.file.getvalue().splitlines()]


def test_it_is_followed_until_the_driver_is_another_applications(site):
    """A line for each change; then the port belongs to the next one."""

    def progress():
        site.stages = [stage(done=4)]

    def lost():
        site.stages, site.executors = [], [dead("0")]

    def another():
        site.id = "app-2"

    site.stages = [stage()]
    found, out, view = watch(site, progress, lost, another)
    ending = found.follow(view)
    assert (ending.code, ending.text[:23]) == (0, f"{ID} has ended, after ")
    assert text(out) == [
        "executor 0 on worker-1: 0 cores",
        "Stage 3 (count at job.py:12): 0 of 10 tasks done, 2 running",
        "Stage 3 (count at job.py:12): 4 of 10 tasks done, 2 running",
        "executor 0 is gone: Command exited with code 137",
        "Stage 3 (count at job.py:12) is no longer active; 4 of 10 tasks done when last seen",
        "The driver does not answer: stages: HTTP status 500",
    ]


def test_a_driver_that_is_silent_for_a_while_is_waited_for(site, monkeypatch):
    """Up to a minute; then it is exit code 1."""
    monkeypatch.setattr(module, "_LONGEST_SILENCE", 0.3)

    def silent():
        site.driver = False

    def back():
        site.driver = True

    found, out, view = watch(site, silent, back, silent, *[lambda: time.sleep(0.2)] * 9)
    ending = found.follow(view)
    assert ending.code == 1
    assert re.match(r"The driver has not answered for 0?\.?\d*s: ", ending.text)
    assert sum("does not answer" in line for line in text(out)) == 2


def test_lines_of_python_are_looked_for_when_something_stands_still(site, monkeypatch):
    """Not at each look: each stops the process for a moment."""
    monkeypatch.setattr(module, "_STILL", 0.2)
    monkeypatch.setattr(module, "_BETWEEN_STACKS", 0.3)
    looks = []

    class Counted(Places):
        def look(self):
            looks.append(time.monotonic())
            return (f"driver is at job.py:{len(looks)}, x",)

    site.stages = [stage()]
    found, out, view = watch(site, *[lambda: time.sleep(0.1)] * 10, lambda: setattr(site, "id", "app-2"))
    found.places = Counted(found.target, here=True)
    found.follow(view)
    assert 2 <= len(looks) <= 4
    assert "driver is at job.py:1, x" in text(out)


def test_a_terminal_gets_one_screen(site):
    """Drawn anew at each look."""
    site.stages = [stage(done=5)]
    found, _, _ = watch(site, lambda: setattr(site, "id", "app-2"))
    out = Console(file=io.StringIO(), width=100, height=30, force_terminal=True, color_system=None)
    with Live(console=out, auto_refresh=False) as live:
        ending = found.follow(Screen(found.target, live))
    assert ending.code == 0
    assert "5/10" in out.file.getvalue()


def test_the_command_ends_with_the_application(capsys, site, monkeypatch):
    """Found by its address."""
    site.stages = [stage()]
    looks = []

    def end(*_):
        looks.append(1)
        if len(looks) == 2:
            site.id = "app-2"

    monkeypatch.setattr(module.Lines, "show", lambda self, picture, trouble: end())  # noqa: ARG005
    code, out, _ = run(capsys, "watch", site.driver_ui, "--interval", "10ms")
    assert code == 0
    assert out.splitlines()[0] == f"{NAME}  {ID}  {site.driver_ui}"
    assert out.splitlines()[-1].startswith(f"{ID} has ended, after ")


def test_ctrl_c_leaves_and_the_application_runs_on(capsys, site, monkeypatch):
    """With the exit code of an interrupted program."""

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.Lines, "show", interrupt)
    code, out, err = run(capsys, "watch", site.driver_ui)
    assert (code, out.splitlines()[-1], err) == (130, "Left. The application runs on.", "")


def test_what_does_not_run_is_a_clear_error(capsys, monkeypatch):
    monkeypatch.setattr(target_module, "LOCAL_PORTS", [])
    code, out, err = run(capsys, "watch", "nightly")
    assert (code, out) == (1, "")
    assert "No running application on this host has this id or name." in err
