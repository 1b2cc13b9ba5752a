"""The texts that a secret value may turn up as, and which values can be masked wherever they stand."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from typing import Final
from urllib.parse import quote, quote_plus

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


def plain_forms_of(value: str) -> set[str]:
    """Itself, and as it stands within the text of a list or a mapping; none where it is not worth it."""
    value = value.strip()
    if not is_worth_masking(value):
        return set()
    return {value, repr(value)[1:-1], json.dumps(value)[1:-1]}


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
