"""Untrusted text as it may be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.text.printable import one_line, safe_text, shown


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"\xff\xfeabc", "��abc"),
        (b"\x1b[31mred\x1b[0m", "[31mred[0m"),
        (b"over\rwritten\x07", "overwritten"),
        (b"a\tb", "a\tb"),
        ("größer".encode(), "größer"),
        (b"x" * 5000, "x" * 4096 + " ... (line cut)"),
        (b"::group::a", "[group]a"),
        (b"see ::endgroup::", "see [endgroup]"),
        (b"::\x1bgroup::a", "[group]a"),
        (b"##[group]a ##[endgroup]", "[group]a [endgroup]"),
        ("a\u202egnp.exe\u202c\u2066b\u2069\u200f".encode(), "agnp.exeb"),
        ("a\u2028b\u2029c\u0085d".encode(), "a b cd"),
        ("\u200b\u2066[guard] x".encode(), "    \u200b[guard] x"),
        ("שלום עולם".encode(), "שלום עולם"),
    ],
)
def test_untrusted_bytes_become_safe_text(line, text):
    """Invalid UTF-8 is replaced; nothing moves the reader's cursor; no line is endless."""
    assert shown(line) == text


def test_text_keeps_its_lines_and_loses_its_secrets():
    """Half a surrogate pair, control characters, a password."""
    assert safe_text("a\x1b\ud800\npassword=abc") == "a?\npassword=******"
    assert safe_text("a\u202e\u2028::group::\n##[group]b") == "a [group]\n[group]b"


@given(st.text(st.sampled_from("::##[]groupend\x1b\u202e\u2028\n \t\ud800x")) | st.text())
def test_no_text_folds_moves_or_turns_a_line(text):
    """Whatever is put together."""
    for safe in (safe_text(text), shown(text.encode(errors="replace")), one_line(text, 200)):
        assert "::group::" not in safe
        assert "::endgroup::" not in safe
        assert "##[group]" not in safe
        assert not set(safe) & {"\x1b", "\r", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\ud800"}
    assert len(one_line(text, 200).splitlines()) <= 1
    assert len(shown(text.encode(errors="replace").replace(b"\n", b"")).splitlines()) <= 1
