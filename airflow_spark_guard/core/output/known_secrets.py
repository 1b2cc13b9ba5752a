"""The secret values that this process knows, wherever and in whatever form they turn up.

A job prints a password without its name, in an address, in JSON; a server quotes it in an error. Whoever has
a secret in hand (configuration, connection, environment, arguments) tells :data:`KNOWN` of it, and every text
that is shown or recorded is masked by value. There is one such book for the process, as Airflow's masker is
one: texts are made in a hundred places and on several threads, and none of them can forget to ask.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK: Final = "******"
SHORTEST: Final = 5
# A value of more lines or characters is known by its lines and by pieces of this length: whoever prints half
# of it prints half of a secret.
_PIECE = 512
_SHORTEST_LINE = 8
# Of more pieces, the pieces alone: each look at the output costs as much as there are forms.
_MOST_ESCAPED = 64
_LARGEST = 1 << 16
# In so many logs that masking them would hide what the log says, and secret to nobody.
_ORDINARY = frozenset(
    [
        *("true", "false", "none", "null", "default", "empty", "enabled", "disabled", "always"),
        *("never", "required", "optional", "simple", "basic", "bearer", "digest", "plain"),
        *("kerberos", "token", "password", "passwd", "secret", "credential", "credentials"),
        *("access", "client", "cluster", "local", "localhost", "spark", "pyspark", "hadoop"),
        *("airflow", "python", "java", "scala", "yarn", "admin", "administrator", "postgres"),
        *("postgresql", "mysql", "oracle", "public", "private", "hidden", "masked", "redacted"),
        *("string", "value", "error", "warning", "debug", "latest"),
    ]
)
# Figures, durations and sizes; names of classes; the mask itself, rulers.
_FIGURE = re.compile(
    r"\d{1,5}|\d{1,9}(?:\.\d+)? ?(?:ms|us|s|sec|m|min|h|d|b|k|kb|m|mb|g|gb|t|tb)", re.IGNORECASE
)
_CLASS = re.compile(r"(?:[a-z]\w*\.){2,}[A-Z]\w*")
_SCHEME = re.compile(r"(?:bearer|basic|negotiate|token|apikey)\s+(?=\S)", re.IGNORECASE)
_SIGNS_ALONE = re.compile(r"[\W_]*")


def is_worth_masking(value: str) -> bool:
    """Whether a secret's value can be masked wherever it stands, without making a log unreadable."""
    return (
        len(value) >= SHORTEST
        and value.casefold() not in _ORDINARY
        and not any(kind.fullmatch(value) for kind in (_FIGURE, _CLASS, _SIGNS_ALONE))
    )


def forms_of(value: str) -> set[str]:
    """The texts that stand for a secret value: itself, escaped, encoded; none where it is not worth it."""
    value = _without_scheme(value[:_LARGEST].strip())
    if not is_worth_masking(value):
        return set()
    parts = [piece for line in _lines(value) for piece in _pieces(line)]
    if len(parts) == 1:
        whole = value.encode(errors="surrogateescape")
        coded = {
            base64.b64encode(whole).decode().rstrip("="),
            base64.urlsafe_b64encode(whole).decode().rstrip("="),
        }
        return {*_escaped(value), *coded}
    long_enough = [part for part in parts if len(part) >= _SHORTEST_LINE and is_worth_masking(part)]
    if len(parts) > _MOST_ESCAPED:
        return set(long_enough)
    return {form for part in long_enough for form in _escaped(part)}


def _without_scheme(value: str) -> str:
    """Of a header's value, what may stand without the scheme too."""
    scheme = _SCHEME.match(value)
    return value if scheme is None else value[scheme.end() :]


def _lines(value: str) -> list[str]:
    """Those of the value, and those that it will have when its escapes are read."""
    lines = value.splitlines()
    if "\\n" in value:
        lines += value.replace("\\r", "").replace("\\n", "\n").splitlines()
    return [line.strip() for line in lines]


def _pieces(line: str) -> list[str]:
    """Of about the same length, none of them short: the last one has what is left over."""
    starts = list(range(0, max(1, len(line) - _PIECE + 1), _PIECE))
    return [line[begin:end] for begin, end in zip(starts, [*starts[1:], len(line)], strict=True)]


def _escaped(text: str) -> set[str]:
    """As URLs, JSON, Python, HTML and shells write it."""
    raw = text.encode(errors="surrogateescape")
    in_json = json.dumps(text)[1:-1]
    in_urls = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    for_html = in_json
    for char in "<>&='":
        for_html = for_html.replace(char, f"\\u{ord(char):04x}")
    return {
        text,
        *in_urls,
        *(re.sub("%..", lambda code: code[0].lower(), url) for url in in_urls),
        in_json,
        in_json.replace("/", "\\/"),
        for_html,
        json.dumps(text, ensure_ascii=False)[1:-1],
        json.dumps(in_json)[1:-1],
        repr(text)[1:-1],
        repr(raw)[2:-1],
        html.escape(text),
        shlex.quote(text).strip("'"),
    }


@dataclass(frozen=True)
class _Book:
    """What is known at one moment."""

    texts: tuple[str, ...]
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
        return cls(texts, raw, re.compile(pattern), re.compile(pattern.encode(errors="surrogateescape")))


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

    def learn(self, values: Iterable[str]) -> list[str]:
        """Know these values from now on; the forms of them that were not known yet."""
        forms = {form for value in values for form in forms_of(value)}
        with self._lock:
            new = forms - self._forms
            if new:
                self._forms |= new
                self._book = _Book.of(self._forms)
        return sorted(new)

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
        for form in book.raw if book is not None else ():
            for length in range(min(len(form) - 1, len(data)), 0, -1):
                if data.endswith(form[:length]):
                    if length >= SHORTEST - 1:
                        return data[:-length] + MASK.encode()
                    break
        return data


KNOWN: Final = KnownSecrets()
