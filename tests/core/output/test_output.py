"""What of a job's output is forwarded, kept and shown."""

from __future__ import annotations

import time

import pytest

from airflow_spark_guard.core.output.output import JobOutput, shown


def test_lines_are_forwarded_whole_whatever_the_chunks():
    """A line that comes in pieces is one line; CRLF is a line's end too."""
    output = JobOutput(100)
    assert output.feed(b"on", 0) == []
    assert output.feed(b"e\ntwo\r\nthr", 0) == ["one", "two"]
    assert output.finish(0) == ["thr"]
    assert output.total_lines == 3


def test_beyond_its_budget_the_job_is_sampled_and_the_rest_is_counted():
    """A job that prints without end costs a bounded number of lines, and nobody thinks it was silent."""
    output = JobOutput(10)
    first = output.feed(b"".join(b"line %d\n" % n for n in range(1000)), 0.0)
    assert first == [*(f"line {n}" for n in range(8)), "line 999"]
    assert output.feed(b"too soon\n", 0.5) == []
    assert output.feed(b"a second later\n", 1.5) == ["a second later"]
    assert output.feed(b"budget spent\n", 9.0) == []
    last = output.finish(9.0)
    assert last[0] == "... 993 of 1003 lines of output (8927 bytes) were held back; the last ones:"
    assert last[-1] == "budget spent"
    assert len(last) == 21


def test_a_line_without_end_is_cut_and_the_next_line_is_whole():
    """200 MB without a newline do not pile up in memory."""
    output = JobOutput(100)
    lines = output.feed(b"x" * 100_000, 0)
    assert lines == ["x" * 4096 + " ... (line cut)"]
    for _ in range(20):
        assert output.feed(b"x" * 100_000, 0) == []
    assert len(output._rest) <= 4096
    assert output.feed(b"end\nnext\n", 0) == ["next"]
    assert output.finish(0) == []


def test_a_cut_line_followed_by_another_long_one_is_cut_again():
    """Each long line leaves its beginning."""
    output = JobOutput(100)
    output.feed(b"a" * 5000, 0)
    assert output.feed(b"a\n" + b"b" * 5000, 0) == ["b" * 4096 + " ... (line cut)"]
    assert output.finish(0) == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"\xff\xfeabc", "��abc"),
        (b"\x1b[31mred\x1b[0m", "[31mred[0m"),
        (b"over\rwritten\x07", "overwritten"),
        (b"a\tb", "a\tb"),
        ("größer".encode(), "größer"),
    ],
)
def test_untrusted_bytes_become_safe_text(line, text):
    """Invalid UTF-8 is replaced; nothing moves the reader's cursor."""
    assert shown(line) == text


def test_the_evidence_starts_at_the_failure_and_leaves_out_chatter():
    """A traceback followed by shutdown noise is not lost."""
    output = JobOutput(1000)
    output.feed(b"26/11/20 20:57:04 INFO SparkContext: Running\n" * 50, 0)
    output.feed(b'Exception in thread "main" java.lang.X: boom\n\tat a.b\n', 0)
    output.feed(b"26/11/20 20:57:05 INFO ShutdownHookManager: Deleting\n" * 50, 0)
    assert output.evidence() == 'Exception in thread "main" java.lang.X: boom\n\tat a.b'


def test_without_a_failure_the_evidence_is_the_last_lines():
    """Where nothing looks like a failure, the end must do."""
    output = JobOutput(1000)
    output.feed(b"".join(b"%d\n" % n for n in range(100)), 0)
    assert output.evidence().splitlines() == [str(n) for n in range(80, 100)]


def test_the_evidence_of_a_job_that_was_ended_is_its_last_lines():
    """An exception that it had handled long before is not the news; secrets are masked."""
    output = JobOutput(1000)
    output.feed(b"Traceback (most recent call last):\n" + b"work\n" * 30 + b"password=abc\n", 0)
    assert output.evidence(failed=False).splitlines() == ["work"] * 19 + ["password=******"]


def test_repeated_status_lines_are_counted():
    """Three of them, then a number; what was printed is said at the end."""
    output = JobOutput(100)
    bars = b"".join(b"[Stage 3:%s> (%d + 2) / 200]\r" % (b"=" * (n // 10), n) for n in range(200))
    assert len(output.feed(bars, 0)) == 3
    assert output.feed(b"\r" + b" " * 40 + b"\rdone\n", 1) == [
        "... 197 more lines like: [Stage 3:===================> (199 + 2) / 200]",
        "done",
    ]
    assert output.finish(2) == [
        f"... 197 of 201 lines of output ({output.total_bytes} bytes) were held back: they repeat others."
    ]


def test_a_count_is_said_while_nothing_comes():
    """The watch feeds empty chunks too."""
    output = JobOutput(100)
    output.feed(b"INFO a\n" * 10, 0)
    assert output.feed(b"", 30) == []
    assert output.feed(b"", 61) == ["... 7 more lines like: INFO a"]


def test_a_count_that_is_still_due_is_said_at_the_end():
    """Before the total."""
    output = JobOutput(100)
    output.feed(b"INFO a\n" * 10, 0)
    assert output.finish(1) == [
        "... 7 more lines like: INFO a",
        "... 7 of 10 lines of output (70 bytes) were held back: they repeat others.",
    ]


def test_a_return_and_a_newline_in_two_chunks_are_one_end():
    """The same lines, wherever a chunk ends."""
    output = JobOutput(100)
    assert output.feed(b"one\r", 0) == []
    assert output.feed(b"\ntwo\r", 0) == ["one"]
    assert output.feed(b"three", 0) == ["two"]
    assert output.finish(0) == ["three"]


def test_a_traceback_is_kept_through_a_thousand_lines_of_shutdown():
    """Whether they are shown or counted."""
    output = JobOutput(10)
    output.feed(b'Traceback (most recent call last):\n  File "job.py", line 3, in f\nValueError: x\n', 0)
    output.feed(b"".join(b"26/11/20 20:57:05 WARN Hook: %d\n" % n for n in range(1000)), 0)
    assert output.evidence().startswith(
        'Traceback (most recent call last):\n  File "job.py", line 3, in f\nValue'
    )


def test_a_million_repeated_lines_take_a_few_seconds_at_the_most():
    """And leave three lines and a number."""
    output = JobOutput(10_000)
    chunk = b"".join(b"26/11/20 20:57:05 INFO TaskSetManager: Starting task %d.0\n" % n for n in range(1000))
    started = time.perf_counter()
    for _ in range(1000):
        output.feed(chunk, 0)
    assert time.perf_counter() - started < 5
    assert (output.total_lines, output.forwarded) == (1_000_000, 3)
