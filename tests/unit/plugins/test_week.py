"""What was wasted in a week: summed over what the user may read, bounded, and honest about what is not known."""

from __future__ import annotations

import json
import math
import os
import threading
import time

import pytest

from airflow_spark_guard.plugins import index, week
from airflow_spark_guard.plugins.listing import Attempts
from airflow_spark_guard.plugins.week import MOST, OTHER, SILENT, Week
from tests.support.live_records import put_record

DAY = 86400.0
GOOD = {"held_core_s": 100.0, "idle_core_s": 30.0, "lost_core_s": None, "thrown_away_core_s": 0.0}
BAD = GOOD | {"thrown_away_core_s": 70.0, "executor_losses": 2}


@pytest.fixture(autouse=True)
def looks_are_not_shared(monkeypatch):
    monkeypatch.setattr(index, "SHARED", 0.0)


def rows(found):
    return {row["verdict"]: row for row in found["verdicts"]}


def test_attempts_are_summed_by_verdict_and_by_part(tmp_path):
    """One without a figure counts, and is in no sum."""
    for number in range(3):
        put_record(tmp_path, run=f"good{number}", state="success", cost=GOOD)
    put_record(tmp_path, run="bad", state="failed", verdict="STALLED", cost=BAD)
    put_record(tmp_path, run="old version", state="failed", verdict="STALLED")
    put_record(tmp_path, run="running")
    found = Attempts(tmp_path).week(("etl",))
    assert (found["attempts"], found["unknown"], found["tasks_unknown"]) == (5, 1, 4)
    assert (found["held_core_s"], found["wasted_core_s"]) == (400.0, 190.0)
    assert (found["idle_core_s"], found["tasks_core_s"], found["thrown_away_core_s"]) == (120.0, 0.0, 70.0)
    assert found["complete"] is True
    assert [row["verdict"] for row in found["verdicts"]] == ["STALLED", "SUCCESS"], "the costliest first"
    assert (rows(found)["STALLED"]["attempts"], rows(found)["STALLED"]["unknown"]) == (2, 1)
    assert rows(found)["SUCCESS"]["wasted_core_s"] == 90.0


def test_only_dags_that_the_user_may_read_are_in_the_sums(tmp_path):
    """Whatever the user asks for, and whoever has asked before."""
    long = "d" * 200
    for dag in ("etl", "secret", "a/b", long):
        put_record(tmp_path, dag=dag, state="failed", verdict="STARVED", cost=BAD)
    attempts = Attempts(tmp_path)
    assert attempts.week(("etl", "secret", "a/b", long))["attempts"] == 4
    assert attempts.week(())["attempts"] == 0
    assert attempts.week(("etl", "a/b"), "secret")["attempts"] == 0
    assert attempts.week(("etl", "a/b", long))["wasted_core_s"] == 300.0
    assert attempts.week(("etl", "a/b", long), "a/b")["wasted_core_s"] == 100.0
    assert attempts.week((), "etl")["verdicts"] == []


def test_the_week_begins_seven_days_ago(tmp_path):
    """By the end of an attempt; a folder that was written to later changes nothing."""
    now = time.time()
    put_record(tmp_path, run="in", state="success", started_at=now - 8 * DAY, ended_at_s=1.5 * DAY, cost=GOOD)
    put_record(tmp_path, run="out", state="success", started_at=now - 8 * DAY, ended_at_s=10.0, cost=GOOD)
    put_record(tmp_path, run="long ago", state="success", age=9 * DAY, cost=GOOD)
    assert Attempts(tmp_path).week(("etl",))["attempts"] == 1


@pytest.mark.parametrize("cost", [None, [], "1", {}, BAD | {"idle_core_s": -5.0}, BAD | {"held_core_s": "x"}])
def test_a_figure_that_cannot_be_used_is_not_known(tmp_path, cost):
    put_record(tmp_path, state="failed", verdict="KILLED", cost=cost)
    found = Attempts(tmp_path).week(("etl",))
    assert (found["attempts"], found["unknown"], found["held_core_s"]) == (1, 1, 0.0)


@pytest.mark.parametrize(
    "times", [{"started_at": "x"}, {"started_at": -1}, {"ended_at_s": "1"}, {"ended_at_s": -9.0}]
)
def test_times_that_cannot_be_used_are_those_of_the_folder(tmp_path, times):
    put_record(tmp_path, state="success", cost=GOOD, **times)
    assert Attempts(tmp_path).week(("etl",))["held_core_s"] == 100.0


def test_a_verdict_of_another_version_is_other(tmp_path):
    """A record could hold any text, and each one another."""
    for number in range(50):
        put_record(tmp_path, run=str(number), state="failed", verdict=f"<b>{number}", cost=BAD)
    found = Attempts(tmp_path).week(("etl",))
    assert [(row["verdict"], row["attempts"]) for row in found["verdicts"]] == [(OTHER, 50)]


def test_records_that_cannot_be_read_are_counted_apart(tmp_path):
    """A number that JSON does not allow, a newer format, a record whose first summary is being written."""
    (put_record(tmp_path, run="nan", state="failed") / "summary.json").write_text(
        '{"v": 1, "state": "failed", "started_at": NaN}'
    )
    (put_record(tmp_path, run="newer", state="failed") / "summary.json").write_text('{"v": 99}')
    (put_record(tmp_path, run="new") / "summary.json").unlink()
    found = Attempts(tmp_path).week(("etl",))
    assert (found["attempts"], found["unreadable"]) == (0, 3)
    assert not math.isnan(found["wasted_core_s"])


def test_a_record_is_read_once_it_has_ended_and_then_never_again(tmp_path, monkeypatch):
    """Until its folder changes."""
    read = []
    ended = week._ended
    monkeypatch.setattr(week, "_ended", lambda folder, written: read.append(folder) or ended(folder, written))
    put_record(tmp_path, task="ended", state="success", age=60, cost=GOOD)
    put_record(tmp_path, task="running")
    attempts = Attempts(tmp_path)
    for _ in range(3):
        attempts.week(("etl",))
    assert len(read) == 1 + 3


def test_a_record_that_could_not_be_read_is_read_again(tmp_path, monkeypatch):
    """Its folder does not change when its rights do; and however many there are, the others are read first."""
    folders = [put_record(tmp_path, run=str(number), state="success", cost=GOOD) for number in range(3)]
    for folder in folders:
        spoil(folder)
    attempts = Attempts(tmp_path)
    assert attempts.week(("etl",))["unreadable"] == 3
    put_record(tmp_path, run="older", state="success", age=60, cost=GOOD)
    ended = week._ended

    def once(folder, written):
        monkeypatch.setattr(week, "BUDGET", 0.0)
        time.sleep(0.3)
        return ended(folder, written)

    monkeypatch.setattr(week, "BUDGET", 0.2)
    monkeypatch.setattr(week, "_ended", once)
    found = attempts.week(("etl",))
    assert (found["attempts"], found["unreadable"], found["unread"]) == (1, 3, 0)
    monkeypatch.setattr(week, "_ended", ended)
    monkeypatch.setattr(week, "BUDGET", 60.0)
    for folder in folders:
        repair(folder)
    found = attempts.week(("etl",))
    assert (found["attempts"], found["unreadable"]) == (4, 0)


def test_a_record_that_was_unreadable_may_turn_out_to_run(tmp_path):
    folder = put_record(tmp_path)
    spoil(folder)
    attempts = Attempts(tmp_path)
    assert attempts.week(("etl",))["unreadable"] == 1
    repair(folder)
    assert attempts.week(("etl",))["unreadable"] == 0


def spoil(folder):
    """Without a change of the folder."""
    file = folder / "summary.json"
    file.write_text("-" + file.read_text())


def repair(folder):
    file = folder / "summary.json"
    file.write_text(file.read_text().removeprefix("-"))


def test_an_attempt_whose_worker_is_gone_is_silent_and_read_once(tmp_path, monkeypatch):
    """Until it shows a sign of life; one that may run, or waits for its trigger, is not counted."""
    monkeypatch.setattr(index, "_RARELY", 0.0)
    read, ended = [], week._ended
    monkeypatch.setattr(
        week, "_ended", lambda folder, *more: read.append(folder.name) or ended(folder, *more)
    )
    gone = put_record(tmp_path, run="gone", age=2 * 3600)
    put_record(tmp_path, run="without a report", age=2 * 3600, live={})
    attempts = Attempts(tmp_path)
    for _ in range(3):
        found = attempts.week(("etl",))
    assert len(read) == 2
    assert (found["attempts"], found["unknown"], rows(found)[SILENT]["attempts"]) == (2, 2, 2)
    put_record(tmp_path, run="slow", age=0.9 * 3600)
    put_record(tmp_path, run="deferred", state="deferred", age=2 * 3600)
    os.utime(put_record(tmp_path, run="folder only", age=2 * 3600) / "live.json")
    put_record(tmp_path, run="last week", age=8 * DAY)
    assert attempts.week(("etl",))["attempts"] == 2
    summary = json.loads((gone / "summary.json").read_text())
    (gone / "summary.json").write_text(
        json.dumps(summary | {"state": "success", "ended_at_s": 7e3, "cost": GOOD})
    )
    os.utime(gone)
    assert {row["verdict"]: row["attempts"] for row in attempts.week(("etl",))["verdicts"]} == {
        SILENT: 1,
        "SUCCESS": 1,
    }


def test_what_is_not_read_in_time_is_left_to_the_next_look(tmp_path, monkeypatch):
    """And the answer says so."""
    for number in range(5):
        put_record(tmp_path, run=str(number), state="success", cost=GOOD)
    attempts = Attempts(tmp_path)
    monkeypatch.setattr(week, "BUDGET", 0.0)
    found = attempts.week(("etl",))
    assert (found["attempts"], found["unread"], found["complete"]) == (0, 5, False)
    monkeypatch.setattr(week, "BUDGET", 5.0)
    assert attempts.week(("etl",))["attempts"] == 5


def test_while_one_look_reads_another_waits_for_nothing(tmp_path, monkeypatch):
    """A store that hangs stops one thread."""
    put_record(tmp_path, state="success", cost=GOOD)
    attempts, begun, go_on = Attempts(tmp_path), threading.Event(), threading.Event()
    ended = week._ended

    def slow(folder, written):
        begun.set()
        go_on.wait(30)
        return ended(folder, written)

    monkeypatch.setattr(week, "_ended", slow)
    thread = threading.Thread(target=attempts.week, args=(("etl",),))
    thread.start()
    assert begun.wait(30)
    assert attempts.week(("etl",))["unread"] == 1
    go_on.set()
    thread.join(30)
    assert attempts.week(("etl",))["attempts"] == 1


def test_the_newest_are_summed_and_memory_is_bounded(tmp_path, monkeypatch):
    assert MOST == 20_000
    monkeypatch.setattr(week, "MOST", 3)
    for number in range(5):
        put_record(tmp_path, run=str(number), dag=f"d{number % 2}", state="success", age=number, cost=GOOD)
    attempts = Attempts(tmp_path)
    found = attempts.week(("d0", "d1"))
    assert (found["attempts"], found["left_out"]) == (3, 2)
    for _ in range(3):
        attempts.week(("d0",))
        attempts.week(("d1",))
    assert attempts.week(("d0",))["attempts"] == 3


def test_a_store_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Attempts(tmp_path / "none").week(("etl",))
    assert Week(tmp_path).summed(())["attempts"] == 0
