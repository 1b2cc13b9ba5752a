"""The keys that Spark knows, with their versions, default and type.

The data is in ``known_confs.tsv``; ``tools/generate/known_confs.py`` creates it from Spark's registries.
"""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_COLUMNS = 7
_PREFIX = "prefix"
_NEAR = 0.88


@dataclass(frozen=True)
class KnownConf:
    """One key of Spark.

    Attributes:
        key: its name.
        since: first version that knows it, such as ``4.1.0``; empty if the registry does not list it.
        until: last version that knows it, such as ``4.0``; empty if the newest one does.
        default: Spark's default, as its registry writes it.
        kind: ``bool``, ``int``, ``long``, ``double``, ``duration``, ``size``, ``text``; empty if unknown.
        bare: the unit of a value without a unit.
        read_at_start: whether an unreadable value keeps every application from starting.
        note: ``old:<new key>`` (still read), ``deprecated:``, ``unused:`` or ``removed:`` with Spark's text.
    """

    key: str
    since: str = ""
    until: str = ""
    default: str = ""
    kind: str = ""
    bare: str = ""
    read_at_start: bool = False
    note: str = ""

    @property
    def new_key(self) -> str:
        """The key of which this one is an old spelling; empty if it is not."""
        return self.note.removeprefix("old:") if self.note.startswith("old:") else ""

    @property
    def why_dead(self) -> str:
        """Why it no longer has any effect, in Spark's words; empty if it has."""
        kind, _, text = self.note.partition(":")
        return text if kind in {"unused", "removed"} else ""


class KnownConfs:
    """All keys of Spark.

    Args:
        rows: the keys; a key that ends in ``.*`` stands for a family whose last part the user chooses.
    """

    def __init__(self, rows: Iterable[KnownConf]) -> None:
        found = list(rows)
        self._rows = {row.key: row for row in found if row.kind != _PREFIX}
        self._families = tuple(row.key.removesuffix("*") for row in found if row.kind == _PREFIX)
        self._lower = {key.lower(): key for key in self._rows}
        self._old: dict[str, tuple[str, ...]] = {}
        for row in self._rows.values():
            if row.new_key:
                self._old[row.new_key] = (*self._old.get(row.new_key, ()), row.key)

    @property
    def rows(self) -> Mapping[str, KnownConf]:
        """Key -> row, without the families."""
        return self._rows

    def get(self, key: str) -> KnownConf | None:
        """The row of a key; None for a key of a family, and for one that Spark does not know."""
        return self._rows.get(key)

    def is_known(self, key: str) -> bool:
        """Whether Spark knows the key or its family."""
        return key in self._rows or key.startswith(self._families)

    def old_spellings(self, key: str) -> tuple[str, ...]:
        """Other keys that Spark reads if this one is not set."""
        return self._old.get(key, ())

    def nearest(self, key: str) -> str | None:
        """The key that was probably meant; None if none is close enough."""
        same = self._lower.get(key.lower())
        near = [same] if same else difflib.get_close_matches(key, self._rows, n=1, cutoff=_NEAR)
        return near[0] if near else None


def parse(text: str) -> KnownConfs:
    """The table from the text of its file."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return KnownConfs(_row(line) for line in lines)


@functools.cache
def known_confs() -> KnownConfs:
    """The table that ships with this package; read on first use."""
    return parse((files(__package__) / "known_confs.tsv").read_text(encoding="utf-8"))


def _row(line: str) -> KnownConf:
    cells = line.split("\t")
    key, since, until, default, kind, start, note = cells + [""] * (_COLUMNS - len(cells))
    kind, _, bare = kind.partition(":")
    return KnownConf(key, since, until, default, kind, bare, start == "1", note)
