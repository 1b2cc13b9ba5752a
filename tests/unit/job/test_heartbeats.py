"""``heartbeat``: arguments, the two ways it takes, and what it costs."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from airflow_spark_guard.core.watch.executor_heartbeat import MARK, is_heartbeat, newest
from airflow_spark_guard.job import heartbeat, heartbeats, progress, reporting, wire
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.workspace import Workspace
from tests.support.calls import calls_of
from tests.support.processes import ROOT


class Broken:
    def __str__(self) -> str:
        raise ZeroDivisionError


class Title(str):
    """Of a library, with a broken method."""

    __slots__ = ()

    def __getitem__(self, _):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("arguments", "sent", "warning"),
    [
        ({"text": 3}, {"text": "3"}, ""),
        ({"text": Title("fold 3")}, {"text": "fold 3"}, ""),
        ({"done": np.int64(3), "total": np.float32(4.5)}, {"done": 3, "total": 4.5}, ""),
        (
            {"done": "3"},
            {"done": None},
            "heartbeat(done=...): it is not a finite number: '3'. It was left out.",
        ),
        (
            {"done": True},
            {"done": None},
            "heartbeat(done=...): it is not a finite number: True. It was left out.",
        ),
        ({"total": math.nan}, {"total": None}, "heartbeat(total=...): it is not a finite number: nan."),
        ({"total": -math.inf}, {"total": None}, "heartbeat(total=...): it is not a finite number: -inf."),
        ({"done": 10**5000}, {"done": None}, "heartbeat(done=...): "),
        ({"done": [1]}, {"done": None}, "heartbeat(done=...): its value is list. It was left out."),
        ({"text": Broken()}, {"text": ""}, "heartbeat(text): str() of it failed: ZeroDivisionError."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_argument_is_left_out_and_ends_no_job(arguments, sent, warning, monkeypatch, capfd):
    """A heartbeat is a courtesy. Numbers of numpy are numbers."""
    monkeypatch.setattr(reporting, "_warned", set())
    beats = []
    monkeypatch.setattr(heartbeats._worker, "beat", lambda *beat: beats.append(beat))
    heartbeat(**arguments)
    heartbeat(**arguments)
    expected = {"text": "", "done": None, "total": None, **sent}
    assert beats == [tuple(expected.values())] * 2
    assert type(beats[0][0]) is str
    said = capfd.readouterr().err
    assert said.count("spark-guard: ") == bool(warning)
    assert warning in said


def test_the_name_stays_the_function():
    """A module of that name would take its place."""
    from airflow_spark_guard.job import heartbeat as again

    assert again is heartbeat
    assert callable(again)


def test_the_drivers_heartbeat_goes_over_the_channel(tmp_path):
    """With what is done and of how much."""
    reader = ChannelReader(tmp_path / "c")
    kept = progress._of_this_process[:]
    progress.start(wire.Channel(str(tmp_path / "c")))
    try:
        heartbeat("fold 3\nof 5", done=3, total=5.0)
        heartbeat("fold 4", done=4, total=5.0)
        progress.current().flush()
    finally:
        progress._of_this_process[:] = kept
    assert [m.fields for m in reader.read()] == [
        {"stages": [], "heartbeat": {"count": 1, "text": "fold 3 of 5", "done": 3, "total": 5.0}},
        {"stages": [], "heartbeat": {"count": 2, "text": "fold 4", "done": 4, "total": 5.0}},
    ]
    reader.close()


def other_process(code, *, path=ROOT, **env):
    """Standard error of a process that the launcher did not start."""
    clean = {name: value for name, value in os.environ.items() if name != wire.CHANNEL_ENV}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**clean, "PYTHONPATH": str(path), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd="/",
    )
    assert done.stdout == ""
    return done.stderr


def test_another_process_writes_a_line_a_second_to_standard_error(tmp_path):
    """The reading end takes it; the count goes on in between."""
    code = (
        "import time\nfrom airflow_spark_guard.job import heartbeat\n"
        "for i in range(100): heartbeat('row\\n%d' % i, done=i, total=100)\n"
        "time.sleep(1.05)\nheartbeat()\n"
    )
    before = time.time()
    text = other_process(code, **{wire.CHANNEL_ENV: str(tmp_path)})
    after = time.time()
    lines = text.splitlines()
    assert all(map(is_heartbeat, lines))
    first, second = (json.loads(line.removeprefix(MARK)) for line in lines)
    assert {name: first[name] for name in ("n", "text", "done", "total")} == {
        "n": 1,
        "text": "row 0",
        "done": 0,
        "total": 100,
    }
    assert (second["n"], second["w"], second["text"]) == (101, first["w"], "")
    assert before <= first["t"] <= second["t"] - 1 <= after - 1
    assert newest("0", text) not in ((), newest("0", lines[0] + "\n"))


def test_outside_a_guarded_attempt_nothing_is_written():
    """Nobody would read it."""
    assert other_process("from airflow_spark_guard.job import heartbeat\nheartbeat('x')\n") == ""


def test_what_was_shipped_with_a_guarded_attempt_writes_anywhere():
    """An executor elsewhere has none of our environment; the zip's name tells."""
    workspace = Workspace("test-heartbeat")
    try:
        workspace.write_launcher(None)
        assert "airflow_spark_guard/job/heartbeats.py" in zipfile.ZipFile(workspace.job_zip).namelist()
        code = "from airflow_spark_guard.job import heartbeat\nheartbeat('x')\n"
        assert is_heartbeat(other_process(code, path=workspace.job_zip).rstrip("\n"))
    finally:
        workspace.remove()


def test_the_longest_line_is_read_by_the_other_end():
    """Every character escaped, every field at its widest."""
    line = heartbeats.line(2**63, "\U0001f600" * 300, -1.2345678901234567e299, -1.2345678901234567e299)
    assert is_heartbeat(line.decode().rstrip("\n"))
    assert line.count(b"\n") == 1


def test_a_throttled_call_makes_few_calls():
    """It may stand in the innermost loop; ten calls are about a microsecond."""
    inside = progress.Progress(wire.Channel(None)).beat
    heartbeat("x")
    inside("x", 1, 2)
    assert calls_of(lambda: [heartbeat("x") for _ in range(1000)]) / 1000 <= 10
    assert calls_of(lambda: [inside("x", 1, 2) for _ in range(1000)]) / 1000 <= 10


def test_a_closed_or_full_standard_error_ends_no_task(tmp_path):
    """Of an executor's Python, where the line goes."""
    code = (
        "import os\nfrom airflow_spark_guard.job import heartbeat\n"
        "os.close(2)\nheartbeat('x')\n"
        "import airflow_spark_guard.job.heartbeats as h\nh._worker.quiet_until = 0\n"
        "assert os.open('/dev/full', os.O_WRONLY) == 2\nheartbeat('y')\nos.write(1, b'')\n"
    )
    assert other_process(code, **{wire.CHANNEL_ENV: str(tmp_path)}) == ""
