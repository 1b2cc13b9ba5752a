"""The secret values that this process knows, masked wherever and in whatever form they appear.

A job may print a password without its name, in an address or in JSON; a server may quote it in an error. Code
that reads a secret (configuration, connection, environment, arguments) registers it with :data:`KNOWN`, and
every text that is shown or recorded is masked by value. Like Airflow's masker it is one registry for the
process: texts are created in many places and on several threads, and none of them can be forgotten.
"""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, AnyStr, Final

from airflow_spark_guard.core.text.secret_forms import SHORTEST, forms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MASK: Final = "******"
# How the job's side marks a text that was shortened.
_LEFT_OUT = re.compile(r"( \.\.\. \(\d+ characters\)|\n\.\.\. \d+ characters left out \.\.\.\n)")


@dataclass(frozen=True)
class _Book:
    """The known values at one moment."""

    texts: tuple[str, ...]
    reversed: tuple[str, ...]
    raw: tuple[bytes, ...]
    pattern: re.Pattern[str]
    raw_pattern: re.Pattern[bytes]

    @classmethod
    def of(cls, forms: Iterable[str]) -> _Book:
        texts = tuple(sorted(forms, key=len, reverse=True))
        raw = tuple(text.encode(errors="surrogateescape") for text in texts)
        # Digits within a longer number do not match.
        guarded = [rf"(?<!\d){text}(?!\d)" if text.isdecimal() else re.escape(text) for text in texts]
        pattern = "|".join(guarded)
        return cls(
            texts,
            tuple(text[::-1] for text in texts),
            raw,
            re.compile(pattern),
            re.compile(pattern.encode(errors="surrogateescape")),
        )


class KnownSecrets:
    """A registry of secret values; thread-safe.

    Values are forgotten when the last :meth:`at_work` context ends: a process may run many tasks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work = 0
        self._forms: frozenset[str] = frozenset()
        self._book: _Book | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Context in which registered values are kept."""
        with self._lock:
            self._at_work += 1
        try:
            yield
        finally:
            with self._lock:
                self._at_work -= 1
                if not self._at_work:
                    self._forms, self._book = frozenset(), None

    def learn(self, values: Iterable[str]) -> None:
        """Register values."""
        forms = {form for value in values for form in forms_of(value)}
        with self._lock:
            new = forms - self._forms
            if new:
                self._forms |= new
                self._book = _Book.of(self._forms)

    @property
    def longest(self) -> int:
        """Length of the longest form, in bytes."""
        book = self._book
        return max(map(len, book.raw), default=0) if book is not None else 0

    def mask(self, text: str) -> str:
        """The text with known values masked."""
        book = self._book
        if book is None or not any(map(text.__contains__, book.texts)):
            return text
        return book.pattern.sub(MASK, text)

    def mask_raw(self, data: bytes) -> bytes:
        """The bytes with known values masked."""
        book = self._book
        if book is None or not any(map(data.__contains__, book.raw)):
            return data
        return book.raw_pattern.sub(MASK.encode(), data)

    def mask_end(self, data: bytes) -> bytes:
        """Bytes whose end was cut off: mask the beginning of a value at their end."""
        book = self._book
        length = _begun_at_the_end(data, book.raw) if book is not None else 0
        return data[:-length] + MASK.encode() if length else data

    def mask_cut(self, text: str) -> str:
        """A text that may be cut off within a value: mask its parts at the end and at each shortened spot."""
        book = self._book
        if book is None:
            return text
        parts = _LEFT_OUT.split(text)
        for place in range(0, len(parts), 2):
            length = _begun_at_the_end(parts[place], book.texts)
            if length:
                parts[place] = parts[place][:-length] + MASK
            length = _begun_at_the_end(parts[place][::-1], book.reversed) if place else 0
            if length:
                parts[place] = MASK + parts[place][length:]
        return "".join(parts)


def _begun_at_the_end(text: AnyStr, forms: Sequence[AnyStr]) -> int:
    """Length of the beginning of a form at the end of a text, if at least four characters; else 0."""
    for form in forms:
        begin, window = form[: SHORTEST - 1], text[-len(form) + 1 :]
        at = window.find(begin)
        while at >= 0:
            if form.startswith(window[at:]):
                return len(window) - at
            at = window.find(begin, at + 1)
    return 0


KNOWN: Final = KnownSecrets()
