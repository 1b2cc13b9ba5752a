"""A thread dump leaves the output, and nothing else does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.stacktraces.jvm_dump import JvmDumpSplitter, parse_dump
from airflow_spark_guard.core.stacktraces.jvm_stack import classify_thread, frames_of
from tests.support.paths import DATA

OUTPUT = (DATA / "stacks" / "sigquit.txt").read_bytes()


def split(data: bytes, size: int) -> tuple[bytes, str]:
    splitter = JvmDumpSplitter()
    out = b"".join(splitter.feed(data[at : at + size]) for at in range(0, len(data), size))
    return out + splitter.finish(), splitter.dump


@given(st.integers(1, 5000))
def test_the_dump_is_cut_out_of_the_output_wherever_the_chunks_end(size):
    """Five lines of Spark's log remain."""
    log, dump = split(OUTPUT, size)
    assert [line.split()[2] for line in log.splitlines()] == [b"INFO"] * 5
    assert dump.startswith("Full thread dump OpenJDK")
    assert dump.rstrip().endswith("reserved 1048576K")


def test_its_threads_are_read():
    """Java's, with state and stack; those of the JVM itself have neither."""
    threads = {thread.name: thread for thread in parse_dump(split(OUTPUT, 999)[1])}
    assert threads["main"].state == "WAITING"
    assert frames_of(threads["main"].stack)[0] == "java.lang.Object.wait(Native Method)"
    assert threads["G1 Main Marker"].stack == ()
    job = frames_of(threads["Thread-4"].stack)
    assert any("DAGScheduler.runJob" in frame for frame in job)
    assert classify_thread(job, threads["Thread-4"].state) == "waiting"


def test_of_two_dumps_the_last_one_counts():
    """A user may have asked for one before."""
    dump = split(OUTPUT, 999)[1]
    assert parse_dump(dump.replace('"main"', '"old"') + dump) == parse_dump(dump)
    assert parse_dump("no dump") == []


def test_lines_of_others_between_those_of_a_dump_stay_in_the_log():
    """Executors and the script write to the same pipe."""
    lines = OUTPUT.splitlines(keepends=True)
    begin = next(n for n, line in enumerate(lines) if line.startswith(b'"main"'))
    mixed = b"".join([*lines[: begin + 3], b"row 7 is done\n", *lines[begin + 3 :]])
    log, dump = split(mixed, 4096)
    assert b"row 7 is done\n" in log
    assert len(log.splitlines()) == 6
    assert len(parse_dump(dump)) == len(parse_dump(split(OUTPUT, 4096)[1]))


def test_a_job_that_prints_the_first_line_loses_little():
    """Its own lines are none of a dump's, and after fifty of them the dump counts as over."""
    own = [b"line %d\n" % number for number in range(100)]
    log, dump = split(b"".join([b"Full thread dump says the user\n", *own, b"\n", b"the end\n"]), 64)
    assert log == b"".join([*own, b"\n", b"the end\n"])
    assert dump == "Full thread dump says the user\n"


def test_output_without_a_dump_goes_through_unchanged():
    """Time stamps alone too, and a last line without an end."""
    text = b"2026-11-20 23:55:41\nplain\n2026-11-20 23:55:42\n\n  at home\nHeap\n{}\nlast"
    assert split(text, 7) == (text, "")
    assert split(b"2026-11-20 23:55:41\n", 7) == (b"2026-11-20 23:55:41\n", "")


def test_a_line_without_an_end_is_not_held_back_for_ever():
    """Progress bars write such lines."""
    splitter = JvmDumpSplitter()
    assert splitter.feed(b"x" * 5000) == b"x" * 5000
    assert splitter.feed(b"y\n") == b"y\n"


def test_what_is_kept_of_dumps_is_bounded():
    """A megabyte; the size says how much there was."""
    splitter = JvmDumpSplitter()
    splitter.feed(b"Full thread dump x\n" + b"\tat a.b.c(D.java:1)\n" * 100_000)
    assert splitter.size > 1 << 20
    assert len(splitter.dump) <= (1 << 20) + 4096


def test_a_heap_section_that_is_cut_short_ends_the_dump():
    """What follows it is the log again."""
    log, _ = split(b'Full thread dump x\n"main" #1\nHeap\n garbage-first heap\nback to work\n"quoted"\n', 11)
    assert log == b'back to work\n"quoted"\n'


@given(st.binary(max_size=300), st.integers(1, 50))
def test_bytes_that_are_no_dump_come_out_as_they_went_in(data, size):
    """Nothing lost, nothing added, order kept."""
    assert split(data.replace(b"Full thread dump ", b""), size)[0] == data.replace(b"Full thread dump ", b"")


def test_a_progress_bar_does_not_wait_for_its_line_end():
    """A slow one would be held back for minutes."""
    splitter = JvmDumpSplitter()
    assert splitter.feed(b"\r 1%|#") == b"\r"
    assert splitter.feed(b"\r 2%|#") == b" 1%|#\r"
    assert splitter.feed(b"\n2026-11-29 12:00:00\nFull thread dump x\n\tat a.b\r") == b" 2%|#\n"
    assert splitter.feed(b"\n\n") == b""
