"""Heartbeats in an executor's log: which line counts, and what does not look like one."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.watch import executor_heartbeat
from airflow_spark_guard.core.watch.executor_heartbeat import LONGEST, is_heartbeat, latest, newest
from airflow_spark_guard.job import heartbeats

LINE = 'SPARK_GUARD_HEARTBEAT {"w": 7, "t": 1795196812.5, "n": 3, "text": "row 3"}'
OTHER = 'SPARK_GUARD_HEARTBEAT {"w": 8, "t": 1795196811.0, "n": 3, "text": ""}'


def digest(tail):
    """What is known of one executor's newest heartbeats, by stage."""
    return {beat.stage: beat.digest for beat in newest("0", tail)} or ""


def in_stage(stage, line=LINE):
    return line.replace('"text"', f'"s": {stage}, "text"')


def test_a_heartbeat_belongs_to_the_stage_whose_task_wrote_it():
    """A task of stage 4 that goes on says nothing of stage 3, and hides no line of it."""
    both = f"{in_stage(3)}\n{in_stage(4, OTHER)}\n{LINE}\n"
    seen = digest(both)
    assert set(seen) == {3, 4, None}
    moved = digest(f"{both}{in_stage(4)}\n")
    assert (moved[3], moved[None]) == (seen[3], seen[None])
    assert moved[4] != seen[4]


def test_the_writing_end_names_its_stage(monkeypatch):
    """By PySpark's own task context; a process that runs no task names none."""
    taskcontext = pytest.importorskip("pyspark.taskcontext")
    context = taskcontext.TaskContext._getOrCreate()
    context._stageId = 7
    try:
        line = heartbeats.line(1, "row", None, None).decode()
    finally:
        taskcontext.TaskContext._taskContext = None
    (beat,) = newest("0", line)
    assert beat.stage == 7
    (beat,) = newest("0", heartbeats.line(1, "row", None, None).decode())
    assert beat.stage is None


def test_what_is_known_is_bounded():
    """A job may run a million stages."""
    known = {}
    for stage in range(2100):
        known = latest(known, {"0": f"{in_stage(stage)}\n"})
    assert len(known) == 2000
    assert ("0", 2099) in known


def test_both_ends_agree_on_the_mark():
    """The two constants stand in two files because the job's side ships alone."""
    assert heartbeats.MARK == executor_heartbeat.MARK


def test_the_digest_moves_with_a_new_heartbeat_of_any_worker():
    """And with nothing else."""
    seen = {
        digest(f"{LINE}\n")[None],
        digest(f"{LINE}\n{OTHER}\n")[None],
        digest(LINE.replace('"n": 3', '"n": 4') + "\n")[None],
    }
    assert len(seen) == 3
    assert digest(f"{LINE}\n") == digest(f"Timeout (0:00:05)!\n{LINE}\nINFO Executor: x\n")


def test_a_heartbeat_that_leaves_the_tail_moves_nothing():
    """Older lines go first; a hung job may print as well."""
    assert digest(f"{OTHER}\n{LINE}\nx\n") == digest(f"T {OTHER[9:]}\n{LINE}\nx\ny\n") == digest(f"{LINE}\n")


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "SPARK_GUARD_HEARTBEAT",
        "SPARK_GUARD_HEARTBEAT \n",
        "SPARK_GUARD_HEARTBEAT {}\n",
        "SPARK_GUARD_HEARTBEAT [1]\n",
        'SPARK_GUARD_HEARTBEAT {"w": "7", "t": 1, "n": 1}\n',
        'SPARK_GUARD_HEARTBEAT {"w": true, "t": 1, "n": 1}\n',
        'SPARK_GUARD_HEARTBEAT {"w": 7, "t": 1, "n": 1, "s": "3"}\n',
        f'SPARK_GUARD_HEARTBEAT {{"w": 7, "t": 1{"0" * 400}, "n": 1}}\n',
        LINE,  # cut before its end, perhaps
        f"{LINE[:-3]}\n",
        f"{LINE[20:]}\n",
        "SPARK_GUARD_HEARTBEAT " + "[" * (LONGEST - 30) + "\n",
        f'SPARK_GUARD_HEARTBEAT {{"w": 7, "t": 1, "n": 1, "text": "{"x" * LONGEST}"}}\n',
    ],
)
def test_anything_else_is_no_heartbeat(tail):
    """The log is the job's own: untrusted, cut anywhere."""
    assert digest(tail) == ""


def test_a_line_of_the_users_own_in_front_is_kept_for_the_log():
    """Text without an end of line, then a heartbeat: both count."""
    assert is_heartbeat(LINE)
    assert not is_heartbeat(f"working... {LINE}")
    assert not is_heartbeat("SPARK_GUARD_HEARTBEAT x")
    assert digest(f"working... {LINE}\n") == digest(f"{LINE}\n")


def test_the_mark_inside_the_text_changes_nothing():
    """Text is the user's."""
    line = heartbeats.line(1, f"{heartbeats.MARK} {{}}", None, None).decode()
    assert is_heartbeat(line.rstrip("\n"))
    assert digest(line) != ""


def test_what_was_heard_of_an_executor_stays_known():
    """Its log may be out of reach, or full of other things; neither is news."""
    known = latest({}, {"0": f"{LINE}\n", "1": "nothing\n"})
    assert {key: beat.digest for key, beat in known.items()} == {("0", None): digest(f"{LINE}\n")[None]}
    assert latest(known, {"0": "Timeout (0:00:05)!\n"}) == latest(known, {}) == known
    later = latest(known, {"1": f"{LINE}\n", "0": f"{OTHER}\n"})
    assert {key: beat.digest for key, beat in later.items()} == {
        ("0", None): digest(f"{OTHER}\n")[None],
        ("1", None): digest(f"{LINE}\n")[None],
    }
