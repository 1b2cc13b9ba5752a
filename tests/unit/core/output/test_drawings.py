"""Progress bars become few lines, and their end is always shown."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.output.output import JobOutput

BARS = [b"[Stage 3:%s> (%d + 2) / 200]" % (b"=" * (n // 10), n) for n in range(200)]


def shown(chunks, seconds=0.0):
    output = JobOutput(1000)
    lines = [line for n, chunk in enumerate(chunks) for line in output.feed(chunk, n * seconds)]
    return lines + output.finish(1e9)


def test_of_a_bar_its_first_drawing_and_its_last_are_shown():
    """The others would be drawn over."""
    lines = shown([bar + b"\r" for bar in BARS] + [b"\n", b"done\n"])
    assert lines == [BARS[0].decode(), BARS[-1].decode(), "done"]


def test_a_bar_that_goes_on_is_shown_every_ten_seconds():
    """One drawing a second, for 200 s."""
    assert len(shown([b"\r" + bar for bar in BARS], seconds=1.0)) == 21


def test_a_bar_that_is_blanked_out_leaves_the_line_that_follows():
    """As Spark's own bar does."""
    lines = shown([BARS[3] + b"\r", b"\r" + b" " * 40 + b"\rdone\n"])
    assert lines == ["done"]


@pytest.mark.parametrize("cut", range(1, 16))
def test_windows_line_ends_are_lines_wherever_a_chunk_ends(cut):
    """A return at the end of a chunk may still become a newline."""
    data = b"one\r\ntwo\r\n\r\nthree"
    assert shown([data[:cut], data[cut:]]) == ["one", "two", "", "three"]


def test_tqdm_ends_with_its_last_drawing():
    """It writes the return first."""
    drawings = b"".join(b"\r%3d%%|#| %d/100" % (n, n) for n in range(101))
    assert shown([drawings, b"\n"])[-1] == "100%|#| 100/100"
