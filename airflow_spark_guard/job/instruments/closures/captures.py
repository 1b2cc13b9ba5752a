"""What a measured function captures, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

How = Literal[
    "global",
    "nonlocal",
    "default argument",
    "attribute of self",
    "partial argument",
    "function",
    "function attribute",
    "class",
    "class attribute",
    "member of a module",
]


@dataclass(frozen=True, slots=True)
class Captured:
    """One object that is sent with a function.

    Attributes:
        path: how the script writes it: ``self.model``, ``TABLE``, ``config["vocab"]``,
            ``default argument weights``, ``functools.partial argument 0``.
        how: the way in which it, or the variable that holds it, is captured.
        type_name: its type, with the module unless it is built in.
        size_bytes: of its own pickle. What it holds and is listed on its own is not counted again. An object
            that is reached in two ways is counted once, at the shorter one.
        share: of the whole function, from 0 to 1.
        through: the other function or class that uses it, which is sent as well; empty: the function itself.
        used: False if it comes along with ``self`` only: neither the function nor a method that it calls on
            ``self`` names it. None if that was not looked into.
    """

    path: str
    how: How
    type_name: str
    size_bytes: int
    share: float
    through: str = ""
    used: bool | None = None


@dataclass(frozen=True, slots=True)
class ClosureSize:
    """What Spark sends for one function.

    Attributes:
        name: the name that was passed, or the function's own.
        size_bytes: of the pickled command. What PySpark wraps around it (about 2 KiB for operations of RDDs)
            is not counted, nor the values of broadcasts, which it only refers to.
        captured: what it is made of, the largest first, at most 100. Numbers, and what is sent by reference
            (modules, functions and classes that executors import), are not listed.
        complete: False if the measurement ran out of time: the sizes are at least as large as reported.
        advice: what makes it large and what to do; empty up to the threshold.
    """

    name: str
    size_bytes: int
    captured: tuple[Captured, ...]
    complete: bool = True
    advice: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it; ``captured`` is a list of objects."""
        return {**asdict(self), "captured": [asdict(one) for one in self.captured]}
