"""Lines of a stream."""

from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.sources.event_log_lines import Lines


def stream(*chunks, damage=""):
    yield from chunks
    return damage


@given(st.lists(st.sampled_from([b"a", b"bb", b"\n", b"\r", b"c\nd", b""]), max_size=30))
def test_lines_are_those_of_the_whole_text(chunks):
    """Wherever the chunks begin and end."""
    lines = Lines(stream(*chunks))
    *expected, rest = b"".join(chunks).split(b"\n")
    assert list(lines) == expected
    assert (lines.rest, lines.too_long) == (rest, 0)


def test_a_line_that_is_too_long_is_left_out():
    """Neither does it fill the memory, nor does it take the next line with it."""
    lines = Lines(stream(b"a\nbbb", b"bbb", b"bbb\ncc\n", b"dddd", b"dddd"), longest=5)
    assert list(lines) == [b"a", b"cc"]
    assert (lines.too_long, lines.rest) == (2, b"")


def test_what_is_wrong_with_the_stream_is_known_at_its_end():
    lines = Lines(stream(b"a\n", damage="It is cut."))
    assert list(lines) == [b"a"]
    assert lines.damage == "It is cut."
