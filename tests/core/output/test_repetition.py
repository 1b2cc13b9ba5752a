"""Lines that repeat others are counted; nothing that matters is."""

from __future__ import annotations

import re

import pytest

from airflow_spark_guard.core.output.repetition import Count, Repetition

SPARK = (
    b"26/11/20 20:57:%02d INFO TaskSetManager: Starting task %d.0 in stage 3.0 (TID %d, worker-1, executor 2)"
)


def take(repetition, lines, now=0.0):
    return repetition.take(b"\n".join(lines), len(lines), now)


def one_by_one(repetition, lines, now=0.0):
    """As when each line comes alone: must show the same as all at once."""
    return [shown for line in lines for shown in take(repetition, [line], now)]


@pytest.mark.parametrize("feed", [take, one_by_one])
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("bars", [b"[Stage 3:" + b"=" * (n % 40) + b">  (%d + 2) / 200]" % n for n in range(415)]),
        ("log lines", [SPARK % (n % 60, n, n) for n in range(415)]),
        ("warnings", [b"26/11/20 20:57:04 WARN TaskSchedulerImpl: Initial job has not accepted any resources"] * 415),
        ("Python's", [b"2026-11-20 20:57:04,%03d WARNING root: slow" % n for n in range(415)]),
        ("tqdm", [b"%3d%%|%s| %d/415 [00:10<00:12, 4.5it/s]" % (n // 5, "█".encode() * n, n) for n in range(415)]),
        ("ids", [b"26/11/20 20:57:04 INFO Store: file part-%08x-a1b2-4c3d ok" % (n * 2654435761 % 2**32) for n in range(415)]),
        ("empty lines", [b""] * 415),
        ("long", [b"INFO " + b"x" * 3000 + b"%d" % n for n in range(415)]),
    ],
)  # fmt: skip
def test_lines_that_differ_only_in_numbers_are_counted(feed, name, lines):
    """Three are shown, the rest is counted when something else comes."""
    repetition = Repetition()
    assert feed(repetition, lines) == lines[:3]
    told = take(repetition, [b"done"])
    assert told[-1] == b"done"
    if name == "ids":  # some ids look like numbers
        assert len(told) < 5
    else:
        (count,) = told[:-1]
        assert isinstance(count, Count)
        assert count == b"... 412 more lines like: " + lines[-1][:300]


def test_interleaved_status_lines_are_each_counted():
    """Starting and finishing tasks alternate."""
    repetition = Repetition()
    lines = [b"INFO Starting task %d" % n if n % 2 else b"INFO Finished task %d" % n for n in range(1000)]
    assert take(repetition, lines) == lines[:6]
    assert take(repetition, lines) == []
    told = take(repetition, [b"done"])
    assert [re.sub(rb"task \d+", b"task", line) for line in told] == [
        b"... 997 more lines like: INFO Finished task",
        b"... 997 more lines like: INFO Starting task",
        b"done",
    ]


def test_counts_are_not_said_more_often_than_the_lines_themselves():
    """A program's own line every second would else be followed by a count every second."""
    repetition = Repetition()
    shown = []
    for second in range(60):
        shown += take(repetition, [b"INFO task %d" % n for n in range(100)] + [b"own %d" % second], second)
    assert sum(isinstance(line, Count) for line in shown) <= 7
    assert [line for line in shown if line.startswith(b"own")] == [b"own %d" % n for n in range(60)]


def test_counts_are_said_every_minute_even_when_nothing_comes():
    """The log shows that the job is alive."""
    repetition = Repetition()
    take(repetition, [b"INFO task %d" % n for n in range(100)], 0.0)
    assert repetition.due(59.0) == []
    assert repetition.due(60.5) == [b"... 97 more lines like: INFO task 99"]
    assert repetition.due(200.0) == []
    assert repetition.rest(200.0) == []


def test_a_slow_line_is_always_shown():
    """Nobody is flooded by a line a minute."""
    repetition = Repetition()
    lines = [b"WARN not accepted, attempt %d" % n for n in range(20)]
    shown = [line for n, line in enumerate(lines) for line in take(repetition, [line], n * 61.0)]
    assert shown == lines


def test_a_programs_own_figures_are_shown_a_hundred_times():
    """The loss of each epoch is what its author looks for."""
    repetition = Repetition()
    lines = [b"epoch %d loss %f" % (n, 1 / (n + 1)) for n in range(150)]
    assert take(repetition, lines) == lines[:100]
    assert repetition.rest(0) == [b"... 50 more lines like: " + lines[-1]]
    slow = [line for n, line in enumerate(lines) for line in take(repetition, [line], n * 10.5 + 1000)]
    assert slow == lines


def test_tables_stay_whole():
    """The same border again and again, but never at once."""
    table = [
        b"+---+---+",
        b"|  a|  b|",
        b"+---+---+",
        *[b"|%3d|%3d|" % (n, n) for n in range(20)],
        b"+---+---+",
    ]
    assert take(Repetition(), table * 10) == table * 10


@pytest.mark.parametrize(
    "lines",
    [
        [b"26/11/20 20:57:04 ERROR Executor: Exception in task 3.0"],
        [b"FATAL out of everything"],
        [b"Traceback (most recent call last):", b'  File "job.py", line 3, in f', b"    f(3)", b"ValueError: bad row 7"],
        [b"java.io.IOException: broken", b"\tat a.b(C.java:1)", b"Caused by: x", b"\t... 12 more"],
        [b"26/11/20 20:57:04 WARN TaskSetManager: Lost task 1.0: Traceback (most recent call last):"],
    ],
)  # fmt: skip
def test_failures_are_never_counted_away(lines):
    """However often they come."""
    repetition = Repetition()
    assert take(repetition, lines * 50) == lines * 50
    assert one_by_one(repetition, lines * 50) == lines * 50
    assert not repetition.quiet


def test_memory_is_bounded_and_what_is_forgotten_is_said():
    """Ten thousand kinds of status lines."""
    repetition = Repetition()
    take(repetition, [b"INFO first %d" % n for n in range(10)])
    words = [bytes([97 + n % 26, 97 + n // 26 % 26, 97 + n // 676]) for n in range(10_000)]
    shown = one_by_one(repetition, [b"INFO zz" + word for word in words])
    assert b"... 7 more lines like: INFO first 9" in shown
    assert len(repetition._groups) <= 512


def test_an_evicted_group_that_waits_is_said():
    """Its count would else be lost."""
    repetition = Repetition()
    noise = [b"INFO zz" + bytes([97 + n % 26, 97 + n // 26]) for n in range(512)]
    take(repetition, [b"INFO first %d" % n for n in range(10)] + [b"x"])
    take(repetition, [b"INFO first %d" % n for n in range(10)])
    assert b"... 10 more lines like: INFO first 9" in take(repetition, noise)


def test_what_was_counted_and_what_was_shown_is_all_there_was():
    """No line is lost or counted twice, in whatever pieces it comes."""
    lines = [
        *[SPARK % (n % 60, n, n) for n in range(500)],
        *[b"work"] * 50,
        *[b"INFO a %d" % n if n % 3 else b"x %d" % n for n in range(500)],
        *[b"y %d" % n for n in range(500)],
    ]
    for size in (1, 7, 100, len(lines)):
        repetition = Repetition()
        shown = []
        for start in range(0, len(lines), size):
            shown += take(repetition, lines[start : start + size], start / 100)
        shown += repetition.rest(1e9)
        counted = sum(int(line.split()[1]) for line in shown if isinstance(line, Count))
        assert counted + sum(not isinstance(line, Count) for line in shown) == len(lines)
