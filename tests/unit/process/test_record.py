"""A record is there while the job runs, bounded, and never the job's trouble."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.process import record as module
from airflow_spark_guard.process.record import NoRecord, Record

MIB = 1 << 20


def wait_for(condition):
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def size(folder):
    total = 0
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another thread replaces and removes
            total += path.stat().st_size
    return total


def run(code, *arguments, **kwargs):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        **kwargs,
    )


def test_everything_is_there_and_only_for_its_owner(tmp_path):
    """The four files."""
    folder = tmp_path / "root" / "try-1"
    with Record(folder, MIB) as record:
        record.summary({"state": "running"})
        record.observation({"at": 1.5, "driver": {"jobs": 1}})
        record.observation({"at": 2.5})
        record.output(b"one\ntw")
        record.output(b"o\n")
        record.output(b"")
        record.autopsy("Thread 1\nwaits")
        record.summary(
            {"state": "failed", "seconds": float("nan"), "place": tmp_path, "deep": [{1: (2, None)}]}
        )
    assert (record.trouble, record.place) == ("", str(folder))
    summary = json.loads((folder / "summary.json").read_text())
    assert summary == {"state": "failed", "seconds": None, "place": str(tmp_path), "deep": [{"1": [2, None]}]}
    rows = [json.loads(line) for line in (folder / "observations.jsonl").read_text().splitlines()]
    assert rows == [{"at": 1.5, "driver": {"jobs": 1}}, {"at": 2.5}]
    assert (folder / "output.log").read_text() == "one\ntwo\n"
    assert (folder / "autopsy.txt").read_text() == "Thread 1\nwaits"
    assert sorted(path.name for path in folder.iterdir()) == [
        "autopsy.txt", "observations.jsonl", "output.log", "summary.json",
    ]  # fmt: skip
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_it_can_be_read_while_the_job_runs(tmp_path):
    """Without waiting for its end."""
    with Record(tmp_path / "r", MIB) as record:
        record.summary({"state": "running"})
        record.output(b"first\n")
        wait_for(
            lambda: (tmp_path / "r" / "output.log").exists() and (tmp_path / "r" / "output.log").read_bytes()
        )
        assert (tmp_path / "r" / "output.log").read_bytes() == b"first\n"
        assert json.loads((tmp_path / "r" / "summary.json").read_text()) == {"state": "running"}


def test_no_secret_is_in_it(tmp_path):
    """Neither in the output nor in what others have said."""
    with Record(tmp_path / "r", MIB) as record:
        record.instrument({"what": "closure", "name": "token=abcdef", "values": {"password": "abcdef"}})
        record.summary({"password": "abcdef", "note": "token=abcdef", "list": ["https://u:abcdef@h/"]})
        record.observation({"inside": {"note": "my.secret=abcdef"}})
        record.output(b"spark.password=abc")
        record.output(b"def\n")
        record.autopsy("Authorization: Bearer abcdef")
    assert all(b"abcdef" not in path.read_bytes() for path in (tmp_path / "r").iterdir())


def test_no_known_secret_is_in_it(tmp_path):
    """Whatever stands around it, and cut in two by a chunk; what stands below a secret name neither."""
    with KNOWN.at_work(), Record(tmp_path / "r", MIB) as record:
        KNOWN.learn(["hunter2-x"])
        record.summary({"note": "it is hunter2-x", "credentials": {"a": ["abcdef"]}, "tokens": 5})
        record.observation({"inside": ["hunter2-x"]})
        record.output(b"it is hunter")
        record.output(b"2-x\n")
        record.autopsy("secret = hunter2-x")
    found = {path.name: path.read_bytes() for path in (tmp_path / "r").iterdir()}
    assert not any(b"hunter" in data or b"abcdef" in data for data in found.values())
    assert found["output.log"] == b"it is ******\n"
    assert json.loads(found["summary.json"]) == {"note": "it is ******", "credentials": "******", "tokens": 5}


def test_a_flood_of_output_leaves_its_beginning_and_its_end(tmp_path):
    """Never more than the size, of which it is eighty times as much."""
    chunk = (b"x" * 99 + b"\n") * 65
    with Record(tmp_path / "r", MIB // 4) as record:
        record.output(b"the beginning\n")
        wait_for((tmp_path / "r" / "output.log").exists)
        for n in range(3200):
            record.output(chunk)
            if n % 500 == 0:
                assert size(tmp_path / "r") <= MIB // 4
        record.output(b"the end\n")
    assert record.trouble == ""
    assert MIB // 16 < size(tmp_path / "r") <= MIB // 8
    text = (tmp_path / "r" / "output.log").read_bytes()
    assert text.startswith(b"the beginning\n")
    assert text.endswith(b"the end\n")
    assert b" bytes of output are left out here ...\n" in text


def test_observations_thin_out_and_end_nowhere(tmp_path):
    """The first ones all, the later ones ever more seldom; each line is whole."""
    with Record(tmp_path / "r", MIB // 4) as record:
        for n in range(5_000):
            record.observation({"n": n, "text": "x" * 80})
    assert record.trouble == ""
    rows = [
        json.loads(line)["n"] for line in (tmp_path / "r" / "observations.jsonl").read_text().splitlines()
    ]
    assert (tmp_path / "r" / "observations.jsonl").stat().st_size <= MIB // 32
    steps = [b - a for a, b in itertools.pairwise(rows)]
    assert steps[0] == 1
    assert max(steps[:-5]) >= 16
    assert rows[-1] > 1250


def test_a_summary_or_an_autopsy_too_large_is_bounded(tmp_path):
    """A hostile message cannot fill the store."""
    with Record(tmp_path / "r", MIB) as record:
        record.summary({"x": "y" * MIB})
        record.autopsy("z" * MIB)
    assert json.loads((tmp_path / "r" / "summary.json").read_text()) == {
        "left_out": "a summary of 1048585 bytes"
    }
    assert (tmp_path / "r" / "autopsy.txt").stat().st_size == MIB // 16


def test_deep_and_strange_values_become_text(tmp_path):
    """JSON of any shape."""
    value = []
    for _ in range(100):
        value = [value]
    with Record(tmp_path / "r", MIB) as record:
        record.summary({"deep": value, "set": {1}, "text": "\ud800\x1b[1m"})
    assert json.loads((tmp_path / "r" / "summary.json").read_text())["text"] == "?[1m"


def test_a_store_that_is_gone_is_noticed_once_and_harms_nothing(tmp_path):
    """A file where the folder should be."""
    (tmp_path / "file").touch()
    with Record(tmp_path / "file" / "a" / "r", MIB) as record:
        for _ in range(1000):
            record.output(b"x" * 60_000)
            record.summary({"state": "running"})
            record.observation({})
            record.autopsy("")
    assert record.trouble == f"The record {tmp_path}/file/a/r cannot be written: Not a directory."
    assert record.place == ""
    record.close()
    record.output(b"after the end")


FULL = """
    import resource, sys
    from pathlib import Path
    from airflow_spark_guard.process.record import Record
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    with Record(Path(sys.argv[1]), 1 << 26) as record:
        for n in range(1000):
            record.output(b"x" * 999 + b"\\n")
            record.observation({"n": n})
        record.summary({"state": "ended"})
    print(record.trouble)
"""


def test_a_full_disk_keeps_what_was_written(tmp_path):
    """Here: files of this process may not be larger than 100 kB."""
    process = run(FULL, tmp_path / "r")
    assert (
        process.communicate(timeout=60)[0] == f"The record {tmp_path}/r cannot be written: File too large.\n"
    )
    assert process.returncode == 0
    assert (tmp_path / "r" / "output.log").stat().st_size == 100_000
    assert json.loads((tmp_path / "r" / "summary.json").read_text()) == {"state": "ended"}


ON_A_FULL_DISK = """
    import os, sys, time
    from pathlib import Path
    from airflow_spark_guard.process.record import Record
    folder = Path(sys.argv[1])
    record = Record(folder, 1 << 26)
    record.summary({"state": "running", "started_at": 1.5, "conf": {"k": "v" * 300}})
    for n in range(40):
        record.output(b"x" * 65535 + b"\\n")
    while not record.trouble:
        time.sleep(0.01)
    filler = os.open(folder / "filler", os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(filler, b"x" * 512)
    except OSError:
        pass
    final = {"state": "failed", "started_at": 1.5, "what": "It hung.", "conf": {"k": "v" * int(sys.argv[2])}}
    record.summary(final)
    record.close()
    print(record.trouble)
    print((folder / "summary.json").read_text().strip())
    print(sorted(path.name for path in folder.iterdir()))
"""


@pytest.mark.parametrize("size", [10, 300_000])
def test_on_a_full_disk_no_summary_stays_at_running(tmp_path, size):
    """What is over is said within the space of what was said at the start."""
    code = textwrap.dedent(ON_A_FULL_DISK)
    script = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" -c "$0" "$1/r" "$3"'
    command = ["unshare", "--mount", "sh", "-c", script, code, str(tmp_path), sys.executable, str(size)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(done.stderr)
    trouble, summary, names = done.stdout.splitlines()
    assert trouble == f"The record {tmp_path}/r cannot be written: No space left on device.", done.stderr
    assert json.loads(summary) == {"state": "failed", "started_at": 1.5}
    assert names == "['filler', 'observations.jsonl', 'output.log', 'summary.json']"


def test_a_summary_that_cannot_be_overwritten_is_removed(tmp_path, monkeypatch):
    """None is better than one that says that the job runs."""
    with Record(tmp_path / "r", MIB) as record:
        record.summary({"state": "running"})
        wait_for((tmp_path / "r" / "summary.json").exists)

        def fails(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(module, "write_all", fails)
        record.summary({"state": "failed"})
    assert record.trouble.endswith("No space left on device.")
    assert not (tmp_path / "r" / "summary.json").exists()


KILLED = """
    import os, sys
    from pathlib import Path
    from airflow_spark_guard.process.record import Record
    record = Record(Path(sys.argv[1]), 1 << 20)
    for n in range(10**9):
        record.summary({"state": "running", "n": n, "text": "x" * 1000})
        record.observation({"n": n})
        record.output(b"%099d\\n" % n * 100)
        if n == 200:
            print("go", flush=True)
"""


def test_a_process_killed_in_the_middle_leaves_a_record_that_can_be_read(tmp_path):
    """SIGKILL: a whole summary, whole lines, the beginning and the end of the output."""
    folder = tmp_path / "r"
    process = run(KILLED, folder)
    assert process.stdout.readline() == "go\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert json.loads((folder / "summary.json").read_text())["state"] == "running"
    assert [json.loads(line)["n"] for line in (folder / "observations.jsonl").read_text().splitlines()][
        :3
    ] == [0, 1, 2]
    assert (folder / "output.log").read_bytes()[:100] == b"%099d\n" % 0
    tails = list(folder.glob("output.tail.*"))
    assert 1 <= len(tails) <= 2
    assert size(folder) <= MIB


def test_the_same_try_again_does_not_mix_with_the_first(tmp_path):
    """Even when the first one still writes."""
    first = Record(tmp_path / "r", MIB)
    first.output(b"first\n")
    wait_for((tmp_path / "r" / "output.log").exists)
    with Record(tmp_path / "r", MIB) as second:
        second.output(b"second\n")
    first.output(b"still first\n")
    first.summary({"of": "first"})
    first.close()
    assert (tmp_path / "r" / "output.log").read_text() == "second\n"
    assert not (tmp_path / "r" / "summary.json").exists()
    assert (tmp_path / "r.previous" / "output.log").read_text() == "first\nstill first\n"
    assert (tmp_path / "r.previous" / "summary.json").exists()


def test_a_store_that_hangs_holds_the_job_up_once(tmp_path, monkeypatch):
    """A named pipe that nobody reads stands for a network disk that does not answer."""
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    record = Record(tmp_path / "r", MIB)
    record.summary({"state": "running"})
    wait_for((tmp_path / "r" / "summary.json").exists)
    os.mkfifo(tmp_path / "r" / "autopsy.txt.new")
    record.autopsy("never read")
    started = time.monotonic()
    for _ in range(1000):
        record.output(b"x")
    record.close()
    assert 0.2 <= time.monotonic() - started < 100  # and not 0.2 for each of the thousand
    assert record.trouble == f"The record {tmp_path}/r cannot be written: the store does not respond."
    with (tmp_path / "r" / "autopsy.txt.new").open("rb") as pipe:  # let the thread go
        pipe.read()
    record._thread.join(60)
    assert not record._thread.is_alive()


def test_a_store_that_hangs_at_the_end_is_left_alone(tmp_path, monkeypatch):
    """Closing has its limit too."""
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    record = Record(tmp_path / "r", MIB)
    record.summary({"state": "running"})
    wait_for((tmp_path / "r" / "summary.json").exists)
    os.mkfifo(tmp_path / "r" / "autopsy.txt.new")
    record.autopsy("never read")
    record.close()
    assert record.trouble.endswith("the store does not respond.")
    with (tmp_path / "r" / "autopsy.txt.new").open("rb") as pipe:
        pipe.read()
    record._thread.join(60)


@pytest.mark.parametrize("name", ["summary", "observation", "output", "autopsy", "close"])
def test_no_record_takes_what_a_record_takes(name):
    """The same names; nothing happens."""
    arguments = {"summary": [{}], "observation": [{}], "output": [b""], "autopsy": [""], "close": []}[name]
    with NoRecord() as record:
        assert getattr(record, name)(*arguments) is None
    assert (record.trouble, record.place) == ("", "")
    assert {n for n in vars(Record) if n[0] != "_"} <= {n for n in vars(NoRecord) if n[0] != "_"}


def test_small_files_are_replaced_whole_and_masked(tmp_path):
    """Those of the live page."""
    with Record(tmp_path / "r", MIB) as record:
        record.json_file("live.json", {"password": "x" * 8, "at": 1})
        record.json_file("live.json", {"token": "abcdefgh", "at": 2}, droppable=True)
        record.text_file("sample.txt", "password=hunter22 \x1b[31m" + "x" * MIB)
    assert json.loads((tmp_path / "r" / "live.json").read_text()) == {"token": "******", "at": 2}
    text = (tmp_path / "r" / "sample.txt").read_text()
    assert "hunter22" not in text
    assert "\x1b" not in text
    assert len(text) == MIB // 16
    NoRecord().json_file("live.json", {})
    NoRecord().text_file("x", "")


def test_a_file_that_may_be_left_out_is_left_out_while_the_writer_has_a_backlog(tmp_path):
    """A slow store costs moments of the page, not of the job."""
    go = threading.Event()
    with Record(tmp_path / "r", MIB) as record:
        record._put(lambda _: go.wait(5))
        for number in range(60):
            record.json_file("live.json", {"at": number}, droppable=True)
        assert record._jobs.qsize() <= module._BACKLOG + 1
        go.set()
    assert json.loads((tmp_path / "r" / "live.json").read_text())["at"] <= module._BACKLOG


def test_measurements_are_there_while_the_job_runs_and_within_their_share(tmp_path):
    """A sixteenth; a warning of the beginning is kept."""
    with Record(tmp_path / "r", MIB) as record:
        for n in range(3000):
            record.instrument({"what": "closure", "name": f"f{n}" + "x" * 60, "warning": "w" * (n == 900)})
        wait_for((tmp_path / "r" / "instruments.jsonl").exists)
    rows = [json.loads(line) for line in (tmp_path / "r" / "instruments.jsonl").read_text().splitlines()]
    assert (tmp_path / "r" / "instruments.jsonl").stat().st_size <= MIB // 16
    assert [row["warning"] for row in rows if row.get("warning")] == ["w"]
    assert (rows[0]["name"][:3], rows[-1]["name"][:5]) == ("f0x", "f2999")
    NoRecord().instrument({})
