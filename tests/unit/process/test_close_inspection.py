"""The closer looks, at files and processes of our own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from airflow_spark_guard.core.stacktraces.python_stack import Frame, PythonThread
from airflow_spark_guard.process import proctree
from airflow_spark_guard.process.close_inspection import pythons_below, sleeps, who_moved, with_naps
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from tests.support.processes import seconds_until
from tests.support.spark_standin import BACKEND, Standins

SOURCE = (
    "import time\nwhile True:\n    time.sleep(0.5)\n    sleepy = (1)\nfrom time import sleep; sleep (2)\n"
)


def naps(*frames: Frame) -> bool:
    return with_naps([PythonThread(frames)])[0].naps


@pytest.mark.parametrize(
    ("line", "so"), [(1, False), (2, True), (3, True), (4, False), (5, True), (9, False)]
)
def test_a_line_that_calls_sleep_is_known_by_its_source(tmp_path, line, so):
    """Also one that the file does not have."""
    script = tmp_path / "job.py"
    script.write_text(SOURCE)
    assert naps(Frame(str(script), line, "main")) is so


@pytest.mark.parametrize(
    ("lines", "so"),
    [
        (["    while query.isActive:", "", "        look()", "        time.sleep(5)"], True),
        (["while not done(): sleep(1)"], True),
        (["while True:", "    work()", "time.sleep(1)"], False),
        (["for part in parts:", "    time.sleep(1)"], False),
        ([], False),
    ],
)
def test_the_head_of_a_loop_that_sleeps_is_one_with_its_body(lines, so):
    """On a crowded machine it is met there too; what stands below the loop is no part of it."""
    assert sleeps(lines) is so


def test_only_the_innermost_line_counts_and_only_the_users(tmp_path):
    """A library that sleeps has a frame of its own above it."""
    script = tmp_path / "job.py"
    script.write_text(SOURCE)
    mine = Frame(str(script), 3, "main")
    assert not naps(Frame("/usr/lib/python3.11/site-packages/tenacity/nap.py", 1, "sleep"), mine)
    assert not naps()
    library = tmp_path / "lib" / "python3.11" / "nap.py"
    library.parent.mkdir(parents=True)
    library.write_text(SOURCE)
    assert not naps(Frame(str(library), 3, "nap"))


def test_a_source_that_is_no_regular_file_is_not_read(tmp_path):
    """The name comes from the job: a pipe would be waited for, a huge file read."""
    pipe, huge = tmp_path / "pipe.py", tmp_path / "huge.py"
    os.mkfifo(pipe)
    with huge.open("wb") as file:
        file.truncate(5 << 20)
    for name in (pipe, huge, tmp_path / "gone.py", tmp_path, "/dev/zero", "<string>", "nul\0.py"):
        assert not naps(Frame(str(name), 1, "main"))


def test_pythons_that_a_process_has_started_are_found_without_multiprocessings_own(tmp_path):
    """And nothing that is no Python."""
    script = tmp_path / "pool.py"
    script.write_text(
        "import multiprocessing, subprocess, time\n"
        "if __name__ == '__main__':\n"
        "    subprocess.Popen(['sleep', '60'])\n"
        "    pool = multiprocessing.get_context('spawn').Pool(2)\n"
        "    pool.map(time.sleep, [0, 0])\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    below = []
    try:
        assert process.stdout.readline() == b"ready\n"
        below = proctree.descendants(process.pid, proctree.table())
        found = pythons_below(proctree.read(process.pid))
        assert len(found) == 2
        assert len(below) == 4
    finally:
        for proc in below:
            proctree.send(proc, 9)
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_process_without_children_is_no_pass_over_the_process_table(monkeypatch):
    """It is the common case, and the JVM's dump waits behind it; one that is gone has none either."""
    process = subprocess.Popen(["sleep", "60"])
    proc = proctree.read(process.pid)
    monkeypatch.setattr(proctree, "table", lambda: pytest.fail("not needed"))
    assert pythons_below(proc) == []
    process.kill()
    process.wait()
    assert pythons_below(proc) == []


def test_a_worker_that_computes_is_told_from_one_that_stands_still(tmp_path):
    """Between two looks, a second apart."""
    tag = Tag(new_attempt(), new_attempt())
    standins = Standins(tmp_path, tag)
    try:
        jvm = standins.jvm(BACKEND, standins.daemon("lock", "busy"))
        standins.await_below(jvm, 3)
        seconds_until(lambda: sorted(who_moved(tag).values()) == [False, True], 60, "one moves")
    finally:
        standins.end()
