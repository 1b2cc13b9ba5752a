"""Finds functions of the script that are too large: above 1 MiB PySpark broadcasts them silently.

PySpark writes every broadcast of the driver's Python to a file in one folder first. For a function the file
holds its pickled bytes, pickled once more, which distinguishes it from the script's own broadcasts. Only
names, sizes and the first bytes of new files are read; in encrypted files nothing is found.
"""

from __future__ import annotations

import os
import re

LARGE = 1 << 20
MOST = 5  # warnings for one application
_HEAD = 64
# PROTO, then bytes (perhaps after a frame) that begin with PROTO and a frame of their own.
_FUNCTION = re.compile(rb"\x80[\x04\x05](?:\x95.{8})?(?:B.{4}|\x8e.{8})\x80[\x04\x05]\x95", re.DOTALL)


class LargeFunctions:
    """Inspects new files of the folder.

    Args:
        folder: the folder that PySpark writes broadcasts to.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        # Size by name: a file may not be complete yet.
        self._known: dict[str, int] = {}
        self._warned = 0

    def warnings(self) -> list[str]:
        """One line for each new large function; raises OSError if the folder is gone."""
        found = []
        with os.scandir(self._folder) as entries:
            sizes = {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}
        grown = [name for name, size in sizes.items() if self._known.get(name, 0) < LARGE <= size]
        self._known = sizes
        for name in grown:
            if self._warned < MOST and _is_function(os.path.join(self._folder, name)):  # noqa: PTH118
                self._warned += 1
                found.append(
                    f"A function that the script passes to Spark takes {sizes[name] / LARGE:.1f} MiB. If it "
                    "refers to a large object, pass that to SparkContext.broadcast() once, or load it inside."
                )
        return found


def _is_function(path: str) -> bool:
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs start-up time here
        return _FUNCTION.match(file.read(_HEAD)) is not None
