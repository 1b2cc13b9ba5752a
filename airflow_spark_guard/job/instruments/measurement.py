"""One measurement, in the form in which it is kept, shown and sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

What: TypeAlias = Literal["closure", "frame", "checkpoint", "broadcast", "stage"]
# The figure of each kind by which a second measurement of one name is compared with the first.
SIZE: Mapping[What, str] = {
    "closure": "bytes",
    "frame": "depth",
    "checkpoint": "depth_before",
    "broadcast": "bytes",
    "stage": "run_s",
}


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured of one function, DataFrame, broadcast or stage.

    Attributes:
        what: which of them.
        name: its name.
        values: the figures as plain JSON values; sizes in bytes, times in seconds.
        line: ``file:line`` of the user's code; empty if it is not known.
        warning: a sentence; empty if nothing is wrong.
        result: what the measurement returned, for those who use it from Python.
    """

    what: What
    name: str
    values: Mapping[str, Any]
    line: str = ""
    warning: str = ""
    result: Any = field(default=None, compare=False, repr=False)

    @property
    def size(self) -> float:
        """The figure that is compared."""
        value = self.values.get(SIZE[self.what])
        return float(value) if isinstance(value, int | float) else 0.0
