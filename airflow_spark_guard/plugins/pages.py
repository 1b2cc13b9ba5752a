"""The files of the page, and the headers that they are served with."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "static"
KINDS: Final = {
    "live.css": "text/css",
    "common.js": "text/javascript",
    "list.js": "text/javascript",
    "week.js": "text/javascript",
    "attempt.js": "text/javascript",
    "limits.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "icon-dark.svg": "image/svg+xml",
}
"""Files that a page loads, with their types."""
_COMMON: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
PAGE_HEADERS: Final = {
    **_COMMON,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
}
"""Of our own pages: no inline script, no other host, no frame in a foreign page."""
REPORT_HEADERS: Final = {
    **_COMMON,
    "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'",
}
"""Of a stored report, which the job may have written: it has no origin, no cookie and no network."""
DATA_HEADERS: Final = {
    **_COMMON,
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
}
"""Of JSON and of plain text."""


@cache
def content(name: str) -> bytes:
    """A file of the page."""
    return (_FOLDER / name).read_bytes()
