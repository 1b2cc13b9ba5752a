"""Limits from the past tries of a task, as the page shows them."""

from __future__ import annotations

import itertools
import json
import math
import os
import threading
import time

import pytest

from airflow_spark_guard.cli import main
from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.watch.observation import DriverView, Observation, Stage
from airflow_spark_guard.plugins import index, limits_view
from airflow_spark_guard.plugins.listing import Attempts
from airflow_spark_guard.plugins.place import Task
from airflow_spark_guard.plugins.store_threads import PATIENCE
from airflow_spark_guard.process.past_try_reader import past_try
from tests.support.live_records import put_record

TASK = Task.of_ids("etl", "manual__1", "train")
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def looks_are_not_shared(monkeypatch):
    monkeypatch.setattr(index, "SHARED", 0.0)


def put_try(root, seconds=300, until=300, age=0.0, **fields):
    """A try whose stage moves until then, with an observation every 10 s."""
    folder = put_record(root, ended_at_s=float(seconds), **{"state": "success", **fields})
    rows = []
    for at in range(0, seconds, 10):
        stage = Stage(0, 0, tasks=8, active=2, done=min(at, until), failed=0, launched=True)
        rows.append(Observation(float(at), driver=DriverView(1, (stage,)), readings=()).to_json())
    (folder / "observations.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    os.utime(folder, (time.time() - age,) * 2)
    return folder


def test_the_page_shows_what_the_terminal_prints(tmp_path, capsys):
    """Word for word."""
    for number in range(5):
        put_try(tmp_path, run=f"good{number}", age=number)
    put_try(tmp_path, 3000, 100, run="hung", state="failed", verdict="STALLED", age=9)
    found = Attempts(tmp_path).limits(TASK)
    assert main(["limits", str(tmp_path / "etl")]) == 0
    shown = [
        found["code"],
        *(one["reason"] for one in found["suggestions"]),
        found["healthy"],
        *found["outcomes"],
        *found["doubts"],
    ]
    assert shown == [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert found["code"] == 'GuardLimits(deadline="10m", stall_timeout="2m")'
    assert found["outcomes"][0].startswith("etl / hung / train / try-1 failed: STALLED, ")
    assert (found["tries"], found["late"], found["left_out"], found["complete"]) == (6, 0, 0, True)


def test_only_tries_of_the_same_task_are_read(tmp_path):
    """In any run, mapped or not; none of another DAG."""
    put_try(tmp_path, run="a")
    put_try(tmp_path, run="b", map_index=3)
    put_try(tmp_path, dag="secret", seconds=9000)
    put_try(tmp_path, task="other", seconds=9000)
    put_record(tmp_path, run="running")
    found = Attempts(tmp_path).limits(TASK)
    assert found["tries"] == 2
    assert "secret" not in json.dumps(found)


def test_too_few_records_are_said_in_words(tmp_path):
    """No record, none of a healthy try, one."""
    attempts = Attempts(tmp_path)
    assert attempts.limits(TASK)["trouble"] == "There is no record of a try of this task that is over."
    put_try(tmp_path, run="bad", state="failed")
    assert "none is of a try that succeeded" in attempts.limits(TASK)["trouble"]
    assert "code" not in attempts.limits(TASK)
    put_try(tmp_path, run="good")
    assert attempts.limits(TASK)["doubts"][0].startswith("Only 1 healthy tries are known")


def test_the_newest_tries_are_read_and_the_rest_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(limits_view, "MOST", 2)
    for number in range(5):
        put_try(tmp_path, run=f"r{number}", age=number, seconds=100 * (number + 1))
    found = Attempts(tmp_path).limits(TASK)
    assert (found["tries"], found["left_out"]) == (2, 3)
    assert found["suggestions"][0]["reason"] == "The longest of 2 healthy tries took 3m 20s."


def test_a_try_that_takes_too_long_is_left_out_whole(tmp_path, monkeypatch):
    """And counted; one that takes too long when the limits are tried on it is no trial."""
    put_try(tmp_path, run="a")
    attempts = Attempts(tmp_path)
    assert attempts.limits(TASK)["tries"] == 1
    put_try(tmp_path, run="b")
    monkeypatch.setattr(limits_view, "LONGEST_TRY", 0.0)
    found = attempts.limits(TASK)
    assert (found["tries"], found["late"], found["healthy"][:5]) == (1, 1, "Of 1 ")
    assert Attempts(tmp_path).limits(TASK)["trouble"]
    attempts = Attempts(tmp_path)
    monkeypatch.setattr(
        limits_view,
        "measured",
        lambda past: monkeypatch.setattr(limits_view, "LONGEST_TRY", 0.0) or MEASURED(past),
    )
    monkeypatch.setattr(limits_view, "LONGEST_TRY", 60.0)
    found = attempts.limits(TASK)
    assert (found["tries"], found["late"], found["untried"], found["outcomes"]) == (1, 1, 1, [])
    monkeypatch.setattr(limits_view, "measured", MEASURED)
    monkeypatch.setattr(limits_view, "LONGEST_TRY", 60.0)
    found = attempts.limits(TASK)
    assert (found["tries"], found["late"], found["untried"]) == (2, 0, 0), "they are read again"


MEASURED = limits_view.measured


def test_a_request_says_how_far_it_has_come_and_the_next_one_goes_on(tmp_path, monkeypatch):
    """However little time each of them has; nothing is read twice for one purpose."""
    for number in range(3):
        put_try(tmp_path, run=f"r{number}")
    read = []
    monkeypatch.setattr(
        limits_view, "past_try", lambda folder, *more: read.append(folder) or past_try(folder, *more)
    )
    monkeypatch.setattr(limits_view, "BUDGET", 0.0)
    found = Attempts(tmp_path).limits(TASK)
    assert (found["done"], found["step"], found["count"], found["of"]) == (False, "read", 0, 3)
    turns, go_on = itertools.count(), limits_view._go_on
    monkeypatch.setattr(
        limits_view, "_go_on", lambda _, *come: go_on(math.inf if next(turns) % 2 == 0 else -math.inf, *come)
    )
    attempts, steps = Attempts(tmp_path), []
    while not (found := attempts.limits(TASK))["done"]:
        steps.append((found["step"], found["count"]))
    assert steps == [("read", 1), ("read", 2), ("tried", 0), ("tried", 1), ("tried", 2)]
    assert found["tries"] == 3
    assert len(read) == 6


def test_a_request_ends_before_the_page_stops_waiting(tmp_path, monkeypatch):
    """The look at the store is part of its time: after a long one no try is begun, and the next request goes on."""
    assert max(index.BUDGET, limits_view.BUDGET + limits_view.LONGEST_TRY) <= PATIENCE - 1
    put_try(tmp_path)
    attempts, look = Attempts(tmp_path), index.Index.look
    monkeypatch.setattr(index.Index, "look", lambda self: time.sleep(0.3) or look(self))
    monkeypatch.setattr(limits_view, "BUDGET", 0.2)
    assert attempts.limits(TASK)["done"] is False
    monkeypatch.setattr(index.Index, "look", look)
    monkeypatch.setattr(limits_view, "BUDGET", 60.0)
    assert attempts.limits(TASK)["tries"] == 1


@pytest.mark.parametrize("step", ["measured", "trial_of"])
def test_a_try_that_is_long_in_use_is_left_out(tmp_path, monkeypatch, step):
    """Reading it is not all that takes time."""
    put_try(tmp_path)
    used = []

    def slow(past, *_):
        for seen in past.observations:
            used.append(seen)
            time.sleep(0.1)

    monkeypatch.setattr(limits_view, step, slow)
    monkeypatch.setattr(limits_view, "LONGEST_TRY", 0.5)
    found = Attempts(tmp_path).limits(TASK)
    assert 0 < len(used) < 30, "of 30 observations"
    assert found["late"] == 1 if step == "measured" else found["untried"] == 1


def test_what_could_not_be_read_is_read_again(tmp_path):
    """A folder does not change when its rights do, or when the disk is well again."""
    attempts = Attempts(tmp_path)
    hidden = hide(put_try(tmp_path, run="summary"), "summary.json")
    assert attempts.limits(TASK)["tries"] == 0
    unhide(hidden)
    blind = hide(put_try(tmp_path, run="observations"), "observations.jsonl")
    assert "1 of 2 healthy tries have no observation" in str(attempts.limits(TASK)["doubts"])
    unhide(blind)
    found = attempts.limits(TASK)
    assert (found["tries"], len(found["doubts"])) == (2, 1)


def hide(folder, name):
    """A file that cannot be read; the folder keeps its time."""
    before = folder.stat().st_mtime_ns
    (folder / name).rename(folder / "away")
    (folder / name).mkdir()
    os.utime(folder, ns=(before, before))
    return folder, name


def unhide(hidden):
    folder, name = hidden
    before = folder.stat().st_mtime_ns
    (folder / name).rmdir()
    (folder / "away").rename(folder / name)
    os.utime(folder, ns=(before, before))


def test_one_request_is_worked_on_at_a_time(tmp_path, monkeypatch):
    """The other gets a reason at once, and no thread waits."""
    put_try(tmp_path)
    attempts, begun, go_on = Attempts(tmp_path), threading.Event(), threading.Event()

    def slow(*arguments):
        begun.set()
        go_on.wait(30)
        return past_try(*arguments)

    monkeypatch.setattr(limits_view, "past_try", slow)
    thread = threading.Thread(target=attempts.limits, args=(TASK,))
    thread.start()
    assert begun.wait(30)
    with pytest.raises(RecordError, match="worked out for another request"):
        attempts.limits(TASK)
    go_on.set()
    thread.join(30)
    assert attempts.limits(TASK)["tries"] == 1


def test_what_was_read_is_kept_in_bounded_memory(tmp_path, monkeypatch):
    put_try(tmp_path)
    attempts, read = Attempts(tmp_path), []
    monkeypatch.setattr(
        limits_view, "past_try", lambda folder, *more: read.append(folder) or past_try(folder, *more)
    )
    for _ in range(3):
        attempts.limits(TASK)
    assert len(read) == 2, "for what it needed, and for the limits"
    monkeypatch.setattr(limits_view, "_MOST_KEPT", 0)
    put_try(tmp_path, run="second")
    attempts.limits(TASK)
    before = len(read)
    attempts.limits(TASK)
    assert len(read) > before


def test_bad_records_are_left_out_and_names_are_plain(tmp_path):
    """An older version, a number that is not one, no observations, a name with control characters."""
    put_try(tmp_path, run="good")
    put_try(tmp_path, run="negative").joinpath("summary.json").write_text(
        '{"v": 1, "state": "success", "ended_at_s": -5}'
    )
    put_try(tmp_path, run="nan").joinpath("summary.json").write_text(
        '{"v": 1, "state": "success", "ended_at_s": NaN}'
    )
    put_record(tmp_path, run=f"{HOSTILE}\n\x1b[31m", state="failed", verdict="STALLED")
    found = Attempts(tmp_path).limits(TASK)
    assert found["tries"] == 2
    assert "\n" not in found["outcomes"][0]
    assert "\x1b" not in found["outcomes"][0]
    json.dumps(found, allow_nan=False)
