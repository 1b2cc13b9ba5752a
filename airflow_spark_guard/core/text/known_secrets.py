"""The secret values that this process knows, wherever and in whatever form they turn up.

A job prints a password without its name, in an address, in JSON; a server quotes it in an error. Whoever has
a secret in hand (configuration, connection, environment, arguments) tells :data:`KNOWN` of it, and every text
that is shown or recorded is masked by value. There is one such book for the process, as Airflow's masker is
one: texts are made in a hundred places and on several threads, and none of them can forget to ask.
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
# How the job's side says that a text goes on.
_LEFT_OUT = re.compile(r"( \.\.\. \(\d+ characters\)|\n\.\.\. \d+ characters left out \.\.\.\n)")


@dataclass(frozen=True)
class _Book:
    """What is known at one moment."""

    texts: tuple[str, ...]
    reversed: tuple[str, ...]
    raw: tuple[bytes, ...]
    pattern: re.Pattern[str]
    raw_pattern: re.Pattern[bytes]

    @classmethod
    def of(cls, forms: Iterable[str]) -> _Book:
        texts = tuple(sorted(forms, key=len, reverse=True))
        raw = tuple(text.encode(errors="surrogateescape") for text in texts)
        # A number within a longer one is another number.
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
    """A book of secret values, for any thread.

    They are forgotten as soon as nobody is at work any more (:meth:`at_work`): a process may run many tasks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work = 0
        self._forms: frozenset[str] = frozenset()
        self._book: _Book | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While somebody is within, what is learnt stays known."""
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
        """Know these values from now on."""
        forms = {form for value in values for form in forms_of(value)}
        with self._lock:
            new = forms - self._forms
            if new:
                self._forms |= new
                self._book = _Book.of(self._forms)

    @property
    def longest(self) -> int:
        """Bytes of the longest form."""
        book = self._book
        return max(map(len, book.raw), default=0) if book is not None else 0

    def mask(self, text: str) -> str:
        """The text without the values that are known."""
        book = self._book
        if book is None or not any(map(text.__contains__, book.texts)):
            return text
        return book.pattern.sub(MASK, text)

    def mask_raw(self, data: bytes) -> bytes:
        """The same of bytes."""
        book = self._book
        if book is None or not any(map(data.__contains__, book.raw)):
            return data
        return book.raw_pattern.sub(MASK.encode(), data)

    def mask_end(self, data: bytes) -> bytes:
        """Bytes that were cut off behind, without the beginning of a value at their end."""
        book = self._book
        length = _begun_at_the_end(data, book.raw) if book is not None else 0
        return data[:-length] + MASK.encode() if length else data

    def mask_cut(self, text: str) -> str:
        """A text that may have been cut off in a value, at its end or where something was left out."""
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
    """How much of a form stands at the end of a text, at least four characters of it; else 0."""
    for form in forms:
        begin, window = form[: SHORTEST - 1], text[-len(form) + 1 :]
        at = window.find(begin)
        while at >= 0:
            if form.startswith(window[at:]):
                return len(window) - at
            at = window.find(begin, at + 1)
    return 0


KNOWN: Final = KnownSecrets()
