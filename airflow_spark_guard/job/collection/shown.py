"""Names, texts and numbers of the data, as they appear in messages, tables and pictures."""

from __future__ import annotations

import unicodedata

_FOUR_DIGITS, _PLAIN = 1e3, 1e12


def shown(text: str, most: int = 30) -> str:
    """A name or text of the data as one short line: it may hold anything, also what moves a cursor."""
    # C*: control, format (also the marks that turn the reading direction), unassigned; Zl, Zp: line ends.
    clean = "".join("\ufffd" if _moves(character) else character for character in text[: most + 1])
    return clean if len(text) <= most else clean[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def shown_number(value: float) -> str:
    """A number with four digits, or all before the point where there are more."""
    if _FOUR_DIGITS <= abs(value) < _PLAIN:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _moves(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
