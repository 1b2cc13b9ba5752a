"""Long lines of a message, wrapped for a log's pane."""

from __future__ import annotations

import textwrap

# What a log's pane shows of a line without being scrolled to the side.
_WIDTH = 100
_INDENT = "    "


def wrapped(text: str) -> list[str]:
    """Lines of at most 100 columns; no word is broken, so that paths and addresses stay whole."""
    lines = []
    for line in text.split("\n"):
        parts = textwrap.wrap(
            line, _WIDTH, subsequent_indent=_INDENT, break_long_words=False, break_on_hyphens=False
        )
        lines += parts if len(line) > _WIDTH else [line]
    return lines
