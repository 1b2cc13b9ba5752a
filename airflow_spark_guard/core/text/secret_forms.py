"""The forms in which a secret value may appear, and which values can be masked everywhere."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 5
# A value with more lines or characters is split into its lines and into pieces of this length, because even
# half of a secret must not be shown.
_PIECE = 512
_SHORTEST_LINE = 8
# With more pieces only the plain pieces are used: the cost of each search grows with the number of forms.
_MOST_ESCAPED = 64
_LARGEST = 1 << 16
# Common words: not secrets, and masking them would make logs unreadable.
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
    """Whether a value can be masked everywhere without making a log unreadable."""
    return (
        len(value) >= SHORTEST
        and value.casefold() not in _ORDINARY
        and not any(kind.fullmatch(value) for kind in (_FIGURE, _CLASS, _SIGNS_ALONE))
    )


def forms_of(value: str) -> set[str]:
    """The forms of a secret value: itself, escaped, encoded; empty if it is not worth masking."""
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


def plain_forms_of(value: str) -> set[str]:
    """The value, and its forms within the text of a list or a mapping; empty if not worth masking."""
    value = value.strip()
    if not is_worth_masking(value):
        return set()
    return {value, repr(value)[1:-1], json.dumps(value)[1:-1]}


def _without_scheme(value: str) -> str:
    """The value of a header without its scheme."""
    scheme = _SCHEME.match(value)
    return value if scheme is None else value[scheme.end() :]


def _lines(value: str) -> list[str]:
    """The lines of the value, and those it has after its escapes are resolved."""
    lines = value.splitlines()
    if "\\n" in value:
        lines += value.replace("\\r", "").replace("\\n", "\n").splitlines()
    return [line.strip() for line in lines]


def _pieces(line: str) -> list[str]:
    """Pieces of about the same length; the last one is longer instead of leaving a short rest."""
    starts = list(range(0, max(1, len(line) - _PIECE + 1), _PIECE))
    return [line[begin:end] for begin, end in zip(starts, [*starts[1:], len(line)], strict=True)]


def _escaped(text: str) -> set[str]:
    """The text as written in URLs, JSON, Python, HTML and shells."""
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
