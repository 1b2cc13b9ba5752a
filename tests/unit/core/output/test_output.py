"""What of a job's output is forwarded, kept and shown."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.spark_log import SparkFilter
from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.core.text.printable import shown
from tests.support.calls import calls_of


def test_lines_are_forwarded_whole_whatever_the_chunks():
    """A line that comes in pieces is one line; CRLF is a line's end too."""
    output = JobOutput(100)
    assert output.feed(b"on", 0) == []
    assert output.feed(b"e\ntwo\r\nthr", 0) == ["one", "two"]
    assert output.finish(0) == ["thr"]
    assert output.total_lines == 3


def test_no_line_is_held_back_below_the_budget():
    """However often it is repeated: all of them, in order, with the chunk that they came in."""
    output = JobOutput(1000)
    lines = [
        *["epoch 1 loss 0.5"] * 150,
        *["26/11/20 20:57:05 WARN Hook: slow"] * 100,
        *["INFO a"] * 10,
        *[""] * 10,
        "done",
    ]
    seen = [shown for line in lines for shown in output.feed(line.encode() + b"\n", 0.0)]
    assert seen == lines
    assert output.feed(b"", 1e9) == []
    assert output.finish(1e9) == []


def test_exactly_the_budget_is_shown_without_a_word():
    """The limit is the number that the user has set."""
    output = JobOutput(10)
    assert len(output.feed(b"line\n" * 10, 0)) == 10
    assert output.finish(0) == []


def test_beyond_its_budget_the_job_is_sampled_and_the_rest_is_counted():
    """A job that prints without end costs a bounded number of lines, and nobody thinks it was silent."""
    output = JobOutput(10)
    first = output.feed(b"".join(b"line %d\n" % n for n in range(1000)), 0.0)
    assert first == [*(f"line {n}" for n in range(10)), "line 999"]
    assert output.feed(b"too soon\n", 59.0) == []
    assert output.feed(b"a minute later\n", 60.0) == ["a minute later"]
    assert output.feed(b"the end\n", 61.0) == []
    last = output.finish(62.0)
    assert last[0] == (
        "[guard] 991 of 1003 lines of output were held back (limit: log_lines=10); the last ones:"
    )
    assert last[-1] == "the end"
    assert len(last) == 21


@pytest.mark.parametrize("printed", [b"line %d\n", b"INFO line %d\n", b"%d" + b"x" * 5000 + b"\n"])
def test_the_log_is_bounded_whatever_is_printed(printed):
    """The budget, 40 lines more, and the last 20."""
    output, forwarded = JobOutput(100), []
    for minute in range(2000):
        forwarded += output.feed(b"".join(printed % (minute * 20 + n) for n in range(20)), minute * 60.0)
    forwarded += output.finish(1e9)
    assert len(forwarded) <= 100 + 40 + 21


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


def test_sparks_info_lines_cost_no_budget_and_are_not_counted_as_held_back():
    """They are in the record; the job's own lines have the whole budget."""
    output = JobOutput(3, SparkFilter("WARN"))
    info = b"26/11/20 20:57:05 INFO TaskSetManager: Starting task %d.0\n"
    chunk = b"".join(info % n for n in range(1000))
    assert output.feed(chunk + b"own\n" + chunk, 0) == ["own"]
    assert output.feed(b"26/11/20 20:57:05 WARN TaskSetManager: slow\nlast\n", 0) == [
        "26/11/20 20:57:05 WARN TaskSetManager: slow",
        "last",
    ]
    assert output.finish(0) == []
    assert output.total_lines == 2003


def test_evidence_is_found_among_lines_that_are_not_shown():
    """What the log leaves out may still say what went wrong."""
    output = JobOutput(10, SparkFilter("ERROR"))
    assert output.feed(b"26/11/20 20:57:05 WARN TaskSetManager: Lost task 3.0\n", 0) == []
    assert "Lost task 3.0" in output.evidence()


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


@pytest.mark.parametrize(
    ("line", "forwarded"),
    [
        (b"26/11/20 20:57:05 INFO TaskSetManager: Starting task %d.0\n", 0),
        (b"26/11/20 20:57:05 WARN TaskSetManager: Starting task %d.0\n", 10_001),
        (b"own line %d\n", 10_001),
    ],
)
def test_the_hundred_thousandth_line_costs_no_more_than_the_first(line, forwarded):
    """Whether they are left out, or beyond the budget."""
    output = JobOutput(10_000, SparkFilter("WARN"))
    chunk = b"".join(line % n for n in range(1000))
    for _ in range(99):
        output.feed(chunk, 0)
    assert calls_of(lambda: output.feed(chunk, 0)) / 1000 < 20
    assert (output.total_lines, output.forwarded) == (100_000, forwarded)


def test_a_bar_spends_none_of_the_budget():
    """Thirty hours of it, and then the rows that the user wants to see."""
    output = JobOutput(100)
    drawn = [
        line for second in range(0, 108_000, 5) for line in output.feed(b"%d%%\r" % second, float(second))
    ]
    assert 360 < len(drawn) < 2000
    assert len(output.feed(b"\n" + b"row\n" * 99, 108_000.0)) == 100
    assert output.finish(108_000.0) == []


def test_heartbeats_of_executors_spend_no_budget_and_are_no_evidence():
    """Workers of local[n] write them into the job's output; what only quotes one stays."""
    beat = b'SPARK_GUARD_HEARTBEAT {"w": 7, "t": 1.5, "n": 1}\n'
    output = JobOutput(3)
    assert output.feed(beat * 500, 0) == []
    assert output.feed(b"one\n" + beat * 10 + b"SPARK_GUARD_HEARTBEAT is ours\ntwo\n", 0) == [
        "one",
        "SPARK_GUARD_HEARTBEAT is ours",
        "two",
    ]
    output.feed(beat * 500, 0)
    assert output.finish(0) == []
    assert output.evidence() == "one\nSPARK_GUARD_HEARTBEAT is ours\ntwo"


def test_the_limit_that_is_named_is_the_users():
    """However much of it messages have taken."""
    output = JobOutput(10)
    messages = MessageBudget.beside(output)
    for _ in range(4):
        messages.take("loss=1", 0.0)
    assert len(output.feed(b"row\n" * 6, 0)) == 6
    output.feed(b"late\n" * 2, 0)
    assert output.finish(1)[0] == (
        "[guard] 1 of 8 lines of output were held back (limit: log_lines=10, 4 of them for messages); "
        "the last ones:"
    )


def test_sparks_lines_behind_the_whole_budget_are_not_held_back():
    """Nothing of the job was; a word on it would be false."""
    output = JobOutput(10, SparkFilter("WARN"))
    assert len(output.feed(b"row\n" * 10, 0)) == 10
    assert output.feed(b"26/11/29 12:00:00 INFO SparkContext: Stopping\n" * 30, 0) == []
    assert output.finish(1) == []


def test_the_last_lines_held_back_are_the_jobs():
    """Not what Spark says on its way out, and none that was shown."""
    output = JobOutput(10, SparkFilter("WARN"))
    output.feed(b"".join(b"row %d\n" % n for n in range(100)), 0)
    output.feed(b"FINAL rows=5\n" + b"26/11/29 12:00:00 INFO SparkContext: Stopping\n" * 25, 1)
    last = output.finish(2)
    assert last[0].startswith("[guard] 90 of 101 lines of output were held back")
    assert last[1:] == [*(f"row {n}" for n in range(80, 99)), "FINAL rows=5"]


def test_what_a_job_logs_at_info_may_be_its_evidence():
    """Python's logging; Spark's own INFO is left out."""
    output = JobOutput(1000)
    output.feed(b"2026-11-29 12:00:00,123 INFO my_job: no rows for 2026-11-28\n", 0)
    output.feed(b"26/11/29 12:00:00 INFO SparkContext: Stopping\n" * 30, 0)
    for text in (output.evidence(), output.evidence(failed=False), output.ended()):
        assert text == "2026-11-29 12:00:00,123 INFO my_job: no rows for 2026-11-28"


def test_a_job_cannot_speak_as_the_guard():
    """Its line is indented."""
    output = JobOutput(10)
    assert output.feed(b"[guard] STALLED: it stands still\n\x1b[guard] x\n", 0) == [
        "    [guard] STALLED: it stands still",
        "    [guard] x",
    ]


def test_evidence_folds_nothing_away():
    """The exception stands below it."""
    output = JobOutput(10)
    output.feed(b"Traceback (most recent call last):\nValueError: ::group::x\n", 0)
    assert "[group]x" in output.evidence()
    assert "::group::" not in output.ended()


def test_secrets_are_masked_in_the_lines_that_are_forwarded():
    """By their names, their forms, and by value; in pieces, in a bar, and in what was held back."""
    output = JobOutput(3)
    with KNOWN.at_work():
        KNOWN.learn(["hunter2"])
        lines = output.feed(b"password=abc\nit is hun", 0)
        lines += output.feed(b"ter2\n\rdrawn hunter2 1/2\rdrawn hunter2 2/2\r", 0)
        lines += output.feed(b"\nheld hunter2 token=abc\n", 0)
        lines += output.finish(0)
    assert lines[:2] == ["password=******", "it is ******"]
    assert not any("hunter2" in line or "abc" in line for line in lines)
    assert lines[-1] == "held ****** token=******"


def test_a_line_without_an_end_shows_no_half_of_a_secret():
    """Its beginning goes out when nobody knows yet how it goes on."""
    with KNOWN.at_work():
        KNOWN.learn(["hunter2-hunter3"])
        for shift in range(20):
            output = JobOutput(100)
            first = output.feed(b"x" * (4090 - shift) + b"hunter2-", 0)
            rest = output.feed(b"hunter3 and more" + b"y" * 5000 + b"\n", 0)
            assert not any("hunt" in line for line in [*first, *rest]), shift


def test_the_evidence_has_no_known_value():
    """A traceback may hold it in a line that is cut."""
    with KNOWN.at_work():
        KNOWN.learn(["hunter2-hunter3"])
        output = JobOutput(100)
        message = b"ValueError: " + b"x" * 980 + b" hunter2-hunter3\n"
        output.feed(b'Traceback (most recent call last):\n  File "a", line 1, in x\n' + message, 0)
        output.feed(b"after\n" * 300, 0)
        assert "hunt" not in output.evidence()
        assert "ValueError" in output.evidence()
