"""One measurement of the job's instruments, from a message of the channel or a line of a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, get_args

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.protocol import What
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.protocol import Message

MOST_CAPTURED: Final = 5
_LONGEST_NAME, _LONGEST_LINE, _LONGEST_WARNING = 200, 300, 1000
_HUGE: Final = 1e15
# All fields of ``values`` that are read: numbers, and texts.
_NUMBERS: Final[Mapping[What, tuple[str, ...]]] = {
    "closure": ("bytes",),
    "frame": ("columns", "partitions", "depth", "rdd_depth", "nodes", "bytes", "rows"),
    "checkpoint": ("depth_before", "depth_after", "seconds"),
    "broadcast": ("bytes",),
    "stage": (
        *("stage", "attempt", "tasks", "result_bytes", "spill_bytes", "input_bytes"),
        *("shuffle_read_bytes", "shuffle_write_bytes", "run_s", "max_s", "median_s", "skew", "gc_share"),
    ),
}
_TEXTS: Final[Mapping[What, tuple[str, ...]]] = {"checkpoint": ("how",), "broadcast": ("type",)}


@dataclass(frozen=True)
class Captured:
    """An object that a closure captures.

    Attributes:
        path: how the closure reaches it, such as ``self.model``.
        type: its class.
        bytes: its part of the pickled closure; None if it is not known.
    """

    path: str
    type: str
    bytes: float | None


@dataclass(frozen=True)
class Instrument:
    """One measurement. Texts are safe to show: one line each, bounded, secrets masked.

    Attributes:
        what: ``closure``, ``frame``, ``checkpoint``, ``broadcast`` or ``stage``.
        name: of the function, DataFrame, broadcast or stage.
        line: of the user's script, such as ``job.py:38``; empty if it is not known.
        warning: one sentence; empty if nothing is wrong.
        wall: when it was measured, by the driver's clock.
        skipped: number of measurements left out before it.
        numbers: the numbers of its values that are known, at least 0; ``core/protocol.py`` names them.
        texts: the texts of its values, likewise.
        captured: the largest objects that a closure captures.
    """

    what: What
    name: str
    line: str = ""
    warning: str = ""
    wall: EpochTime = EpochTime(0.0)
    skipped: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    captured: tuple[Captured, ...] = ()

    @classmethod
    def of(cls, message: Message) -> Instrument | None:
        """The measurement of a message that was checked; None for a message of another kind."""
        return _instrument(message.fields, message.sent_at) if message.kind == "instrument" else None

    @classmethod
    def from_json(cls, value: object) -> Instrument:
        """A line of ``instruments.jsonl``.

        Raises:
            ValueError: it is not a measurement.
        """
        if not isinstance(value, dict) or value.get("what") not in get_args(What):
            msg = "not a measurement of the instruments"
            raise ValueError(msg)
        return _instrument(value, EpochTime(_number(value.get("wall")) or 0.0))

    def to_json(self) -> dict[str, Any]:
        """The line of ``instruments.jsonl``."""
        rows = [{"path": one.path, "type": one.type, "bytes": one.bytes} for one in self.captured]
        return {
            "wall": round(self.wall, 3),
            "what": self.what,
            "name": self.name,
            "line": self.line,
            "warning": self.warning,
            "values": {**self.numbers, **self.texts, **({"captured": rows} if rows else {})},
            **({"skipped": self.skipped} if self.skipped else {}),
        }

    def number(self, name: str) -> float | None:
        """A number of its values; None if it is not known."""
        return self.numbers.get(name)


def _instrument(fields: Mapping[str, Any], wall: EpochTime) -> Instrument:
    what: What = fields["what"]
    given = fields.get("values")
    values: Mapping[str, Any] = given if isinstance(given, dict) else {}
    numbers = {name: _number(values.get(name)) for name in _NUMBERS[what]}
    return Instrument(
        what,
        _text(fields.get("name"), _LONGEST_NAME),
        _text(fields.get("line"), _LONGEST_LINE),
        _text(fields.get("warning"), _LONGEST_WARNING),
        wall,
        int(_number(fields.get("skipped")) or 0),
        {name: number for name, number in numbers.items() if number is not None},
        {name: text for name in _TEXTS.get(what, ()) if (text := _text(values.get(name), _LONGEST_NAME))},
        _captured(values.get("captured")) if what == "closure" else (),
    )


def _captured(rows: object) -> tuple[Captured, ...]:
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return tuple(
        Captured(
            _text(row.get("path"), _LONGEST_LINE),
            _text(row.get("type"), _LONGEST_NAME),
            _number(row.get("bytes")),
        )
        for row in found[:MOST_CAPTURED]
    )


def _number(value: object) -> float | None:
    """A number of at least 0 that can be calculated with; None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and 0 <= value < _HUGE else None  # type: ignore[operator,return-value]


def _text(value: object, length: int) -> str:
    return one_line(value[: 4 * length], length) if isinstance(value, str) else ""
