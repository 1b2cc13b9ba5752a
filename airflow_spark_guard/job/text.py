"""How names, numbers and sizes of the data are shown: as short lines, whatever they hold."""

from __future__ import annotations

import difflib
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LISTED = 20
_FOUR_DIGITS, _PLAIN = 1e3, 1e12


def listed(names: Sequence[str]) -> str:
    """The first names, and how many there are."""
    more = f", ... ({len(names)} in all)" if len(names) > _LISTED else ""
    return ", ".join(str(name) for name in names[:_LISTED]) + more


def nearest(name: object, known: Sequence[str], otherwise: str) -> str:
    """Advice for a name that does not exist: the one it is most like, if any is."""
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else otherwise


def shown(text: str, most: int = 30) -> str:
    """A name or text of the data as one short line: it may hold anything, also what moves a cursor."""
    # C*: control, format (also the marks that turn the reading direction), unassigned; Zl, Zp: line ends.
    moves = ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
    clean = "".join("\ufffd" if unicodedata.category(one) in moves else one for one in text[: most + 1])
    return clean if len(text) <= most else clean[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def shown_number(value: float) -> str:
    """A number with four digits, or all before the point where there are more."""
    if _FOUR_DIGITS <= abs(value) < _PLAIN:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def shown_bytes(size: float) -> str:
    """Bytes in the unit that makes them short."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
