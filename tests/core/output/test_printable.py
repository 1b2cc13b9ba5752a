"""Untrusted text as it may be shown."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.output.printable import safe_text, shown


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"\xff\xfeabc", "��abc"),
        (b"\x1b[31mred\x1b[0m", "[31mred[0m"),
        (b"over\rwritten\x07", "overwritten"),
        (b"a\tb", "a\tb"),
        ("größer".encode(), "größer"),
        (b"x" * 5000, "x" * 4096 + " ... (line cut)"),
    ],
)
def test_untrusted_bytes_become_safe_text(line, text):
    """Invalid UTF-8 is replaced; nothing moves the reader's cursor; no line is endless."""
    assert shown(line) == text


def test_text_keeps_its_lines_and_loses_its_secrets():
    """Half a surrogate pair, control characters, a password."""
    assert safe_text("a\x1b\ud800\npassword=abc") == "a?\npassword=******"
