"""What of a job's output is forwarded, kept and shown."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.output import JobOutput, shown


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
