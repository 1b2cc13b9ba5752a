"""Spark's reasons for a failure, shortened to what a reader needs: the begin, and the end of a traceback."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 2000
_READ: Final = 50_000
_FRAMES: Final = ("\tat ", "\t... ")
_LEFT_OUT: Final = "\n...\n"


def shortened(text: str) -> str:
    """At most :data:`LONGEST` characters: without frames of Java, then without the middle.

    The end of a Python traceback is the exception itself, so that the end counts more than the begin.
    """
    if len(text) <= LONGEST:
        return text
    read = text if len(text) <= 2 * _READ else text[:_READ] + _LEFT_OUT + text[-_READ:]
    plain = "\n".join(line for line in read.split("\n") if not line.startswith(_FRAMES))
    if len(plain) <= LONGEST:
        return plain
    begin = LONGEST // 4
    return plain[:begin] + _LEFT_OUT + plain[-(LONGEST - begin - len(_LEFT_OUT)) :]
