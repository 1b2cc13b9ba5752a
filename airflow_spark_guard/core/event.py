"""The event with which a trigger wakes its task: written in the triggerer, checked where it arrives."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any, Final, TypeVar

from airflow_spark_guard.core.codec import decode, encode
from airflow_spark_guard.core.errors import TriggerEventError

if TYPE_CHECKING:
    from collections.abc import Collection

T = TypeVar("T")
VERSION: Final = 1
_BRIEF = reprlib.Repr()
_BRIEF.maxdict = 12
_LONGEST = 300


def event_of(reported: object) -> dict[str, Any]:
    """A dataclass as the payload of an event."""
    return {"v": VERSION, **encode(reported)}


def read_event(kind: type[T], event: object, besides: Collection[str] = ()) -> T:
    """What the event reports.

    Args:
        kind: the dataclass that it was made of.
        event: as Airflow hands it over.
        besides: fields that another reader takes.

    Raises:
        TriggerEventError: None, another version, or something that :func:`event_of` does not write.
    """

    def error(problem: str) -> TriggerEventError:
        return TriggerEventError(
            f"The trigger's event cannot be understood: {problem}.",
            got=_BRIEF.repr(event)[:_LONGEST],
            expected=f"an event of version {VERSION} by this package's trigger",
            advice="Triggerer and workers run different versions of this package: restart them with one, "
            "then clear the task.",
        )

    version = event.get("v") if isinstance(event, dict) else None
    if not isinstance(event, dict) or type(version) is not int or version != VERSION:
        raise error("it has no version, or another one")
    return decode(kind, {name: item for name, item in event.items() if name not in {"v", *besides}}, error)
