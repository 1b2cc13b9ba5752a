"""Functions of the script that are too large: above 1 MiB PySpark broadcasts them without a word.

Every broadcast of the driver's Python is first a file in one folder. A function is there as its pickled bytes
pickled once more, which is how it is told from what the script broadcasts itself. Only names, sizes and the
first bytes of new files are read; where files are encrypted nothing is found.
"""

from __future__ import annotations

import os
import re

LARGE = 1 << 20
MOST = 5  # said in one application
_HEAD = 64
# PROTO, then bytes (a frame may stand before them) that begin with PROTO and a frame of their own.
_FUNCTION = re.compile(rb"\x80[\x04\x05](?:\x95.{8})?(?:B.{4}|\x8e.{8})\x80[\x04\x05]\x95", re.DOTALL)


class Closures:
    """Looks at the folder's new files.

    Args:
        folder: where PySpark writes broadcasts.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        # Size by name: a file may still be in the writing.
        self._known: dict[str, int] = {}
        self._said = 0

    def warnings(self) -> list[str]:
        """One line for each large function that was not there before; OSError when the folder is gone."""
        found = []
        with os.scandir(self._folder) as entries:
            sizes = {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}
        grown = [name for name, size in sizes.items() if self._known.get(name, 0) < LARGE <= size]
        self._known = sizes
        for name in grown:
            if self._said < MOST and _is_function(os.path.join(self._folder, name)):  # noqa: PTH118
                self._said += 1
                found.append(
                    f"A function that the script gives to Spark takes {sizes[name] / LARGE:.1f} MiB: an "
                    "object it refers to? Give that to SparkContext.broadcast() once, or load it inside."
                )
        return found


def _is_function(path: str) -> bool:
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs start-up time here
        return _FUNCTION.match(file.read(_HEAD)) is not None
