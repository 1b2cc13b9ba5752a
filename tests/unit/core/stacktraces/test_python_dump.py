"""faulthandler's text: whole, cut, interleaved, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.stacktraces.python_dump import last_dump, parse_dumps
from airflow_spark_guard.core.stacktraces.waiting import place_in
from tests.support import paths

DATA = paths.DATA / "stacks"
DRIVER = (DATA / "driver-faulthandler.txt").read_text()
STDERR = (DATA / "executor-stderr.txt").read_text()
HUNG = "/jobs/hung.py:13, hang"


def places(text: str) -> list[str]:
    return [place_in(dump.threads) for dump in parse_dumps(text)]


def test_the_drivers_dump_has_its_main_thread_last():
    """Four threads: two of Py4J, ours, and the script's."""
    (dump,) = parse_dumps(DRIVER)
    assert [thread.main for thread in dump.threads] == [False, False, False, True]
    assert place_in(dump.threads) == "/jobs/hung.py:17, work"


def test_two_signals_make_two_dumps():
    """The file is appended to, without a mark between."""
    assert places(DRIVER + DRIVER) == ["/jobs/hung.py:17, work"] * 2


def test_dumps_in_an_executors_stderr_are_found_after_a_cut_beginning():
    """The tail of a log begins anywhere."""
    assert places(STDERR) == [HUNG] * 3


def test_lines_of_a_log_between_do_not_hurt():
    """The executor's JVM writes to the same file."""
    lines = STDERR.splitlines()
    mixed = "".join(
        f"{part}\n" for line in lines for part in (line, "26/11/20 23:55:41 INFO Executor: Running")
    )
    assert places(mixed) == [HUNG] * 3


def test_a_dump_that_is_cut_off_at_its_end_still_names_its_place():
    """Innermost frames come first."""
    begin = STDERR.index("Timeout")
    assert places(STDERR[begin : STDERR.index("_evaluate_batch_udf")]) == [HUNG]


def test_the_head_of_a_thread_may_stand_behind_other_text():
    """Two processes write at once; a name stands there since Python 3.13."""
    text = (
        "Timeout (0:00:02)!Timeout (0:00:02)!\n"
        "26/11/20 INFO x Thread 0x00007f (most recent call first):\n"
        '  File "/jobs/a.py", line ??? in f\n'
        "Current thread 0x00008f [MainThread] (most recent call first):\n"
        '  File "/jobs/b "quoted".py", line 7 in g\n'
    )
    (dump,) = parse_dumps(text)
    assert [thread.name for thread in dump.threads] == ["", "MainThread"]
    assert place_in(dump.threads) == '/jobs/b "quoted".py:7, g'
    assert dump.threads[0].frames[0].line == 0


@given(
    st.text(alphabet=st.sampled_from('Thread 0x7f (most recent call first):\n  File "a.py", line 1 in f!'))
)
def test_no_text_is_too_strange(text):
    """It is the job's own output."""
    parse_dumps(text)


@given(st.integers(0, len(STDERR)), st.integers(0, len(STDERR)))
def test_any_piece_of_a_log_names_no_wrong_line(begin, end):
    """Whatever is cut off: the line that hangs, or a frame inside it that was all that was left."""
    for dump in parse_dumps(STDERR[begin:end]):
        for thread in dump.threads:
            assert not thread.frames or thread.frames[0].function == "wait"


def dump(line: int, file: str = "/opt/spark/python/lib/pyspark.zip/pyspark/worker.py") -> str:
    head = "Timeout (0:00:15)!\nThread 0x00007f00 (most recent call first):\n"
    return f'{head}  File "/jobs/job.py", line {line} in f\n  File "{file}", line 9 in main\n\n'


@pytest.mark.parametrize(
    ("lines", "tasks", "place"),
    [
        ((10, 10, 10, 38), 1, 38),
        ((10, 10, 10, 38, 38, 10), 3, 38),
        ((10, 38), 0, 38),
        ((10, 38), 2, 38),
        ((10,), 8, 10),
    ],
)
def test_of_a_log_the_last_dumps_count_about_one_of_each_task(lines, tasks, place):
    """No dump says whose it is: the line that most of the last ones share, then the newest."""
    assert place_in(last_dump(parse_dumps("".join(map(dump, lines))), tasks)) == f"/jobs/job.py:{place}, f"


def test_a_dump_that_is_not_a_workers_says_nothing():
    """A script may arm faulthandler for itself; an idle worker has no line of the user's."""
    assert last_dump(parse_dumps(dump(7, "/jobs/main.py")), 1) == ()
    idle = dump(7).replace("/jobs/job.py", "/usr/lib/python3.11/socket.py")
    assert last_dump(parse_dumps(idle), 1) == ()
    assert place_in(last_dump(parse_dumps(dump(7) + idle), 1)) == "/jobs/job.py:7, f"
    assert last_dump((), 1) == ()
