"""Keys of objects that are files of records: ``dag/run/task/try-1/summary.json``. Others are left alone.

Whoever may write into the store chooses the keys, and a reader makes local files of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NAME: Final = r"[\w+:@=,.%~-]{1,130}"
_TRY: Final = r"(?:map-\d{1,9}-)?try-\d{1,9}"
_PREVIOUS: Final = r"(?:\.previous(?:-\d{1,20})?)?"
_ID: Final = r"[0-9a-f]{32}"
_FILE: Final = re.compile(
    r"summary\.json|live\.json|observations\.jsonl|output\.log|output\.tail\.\d{1,9}|autopsy\.txt"
    rf"|traceback\.txt|report\.html|(?:request|answer)-{_ID}\.json|sample-{_ID}\.txt",
    re.ASCII,
)
_PLACE: Final = re.compile(rf"{_NAME}/{_NAME}/{_NAME}/{_TRY}", re.ASCII)
_OLD_PLACE: Final = re.compile(rf"{_NAME}/{_NAME}/{_NAME}/{_TRY}{_PREVIOUS}", re.ASCII)


@dataclass(frozen=True)
class RecordKey:
    """A file of a record.

    Attributes:
        place: of the record, ``dag/run/task/try-1``.
        name: of the file.
    """

    place: str
    name: str

    @property
    def key(self) -> str:
        """Of the object, below the root of the store."""
        return f"{self.place}/{self.name}"


def record_key(key: str, *, with_previous: bool = False) -> RecordKey | None:
    """The file that a key stands for; None for anything that an attempt does not write.

    Args:
        key: below the root of the store; untrusted.
        with_previous: as for :func:`is_place`.
    """
    place, _, name = key.rpartition("/")
    is_ours = _FILE.fullmatch(name) is not None and is_place(place, with_previous=with_previous)
    return RecordKey(place, name) if is_ours else None


def is_place(place: str, *, with_previous: bool = False) -> bool:
    """Whether this is the place of a record; that of an earlier run of its try only if asked for."""
    form = _OLD_PLACE if with_previous else _PLACE
    return form.fullmatch(place) is not None and all(part.strip(".") for part in place.split("/"))
