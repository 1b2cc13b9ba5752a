"""The chart library as a page carries it: plotly's own file, compressed, unpacked by the browser."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class ChartLibrary:
    """A script that pages carry.

    Attributes:
        packed: its text, gzip and base64; empty if it is not installed.
        digest: the Content-Security-Policy source for it: ``sha256-...``.
    """

    packed: str
    digest: str


def source_of(script: bytes) -> str:
    """The Content-Security-Policy source that allows exactly this inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script).digest()).decode()


@cache
def chart_library() -> ChartLibrary:
    """Read once per process. A page without it has its tables, and says why it has no charts."""
    found = find_spec("plotly")  # the package itself is not imported: it takes half a second
    if found is None or found.origin is None:
        return ChartLibrary("", "")
    file = Path(found.origin).parent / "package_data" / "plotly.min.js"
    try:
        script = file.read_bytes()
    except OSError:
        return ChartLibrary("", "")
    packed = base64.b64encode(gzip.compress(script, compresslevel=1, mtime=0)).decode()
    return ChartLibrary(packed, source_of(script))
