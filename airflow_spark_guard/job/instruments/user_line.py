"""The line of the user's script that is being executed."""

from __future__ import annotations

import os
import sys
import sysconfig

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - also inside a zip
_LIBRARY = sysconfig.get_paths()["stdlib"] + os.sep


def user_line() -> str:
    """``file:line`` of the innermost frame of user code; empty if there is none.

    Frames of PySpark, of this package, of py4j and of Python's standard library are passed over: they only
    carry out what the user's line asks for.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - Python documents it; inspect.stack() reads source files
    while frame is not None:
        code = frame.f_code
        if _is_users(code.co_filename):
            return f"{os.path.basename(code.co_filename)}:{frame.f_lineno}"  # noqa: PTH119
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def _is_users(file: str) -> bool:
    if file.startswith((_OURS, "<frozen ")) or _is_spark(file):
        return False
    return not file.startswith(_LIBRARY) or "site-packages" in file


def _is_spark(file: str) -> bool:
    # Also from Spark's own zip (python/lib/pyspark.zip), which spark-submit puts on the path.
    parts = file.replace(os.sep, "/").split("/")
    return any(name in parts for name in ("pyspark", "py4j", "pyspark.zip"))
