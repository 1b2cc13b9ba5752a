r"""``java.util.Properties`` as Spark reads them: in UTF-8, values trimmed except line breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spark_guard.core.errors import ConfError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
_UNESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_SPARK = "spark."
_BLANKS = " \t\f"
_MUST_ESCAPE_KEY = re.compile(r"[\\\n\r\t\f =:#!\ud800-\udfff]")
_MUST_ESCAPE_VALUE = re.compile(r"[\\\n\r\t\f\ud800-\udfff]|\A[ =:#!]")
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
# Java ends a line at \n, \r and \r\n only; splitlines would also end it at U+2028 and others.
_LINE_END = re.compile(r"\r\n|\n|\r")
TRIMMED = "".join(chr(code) for code in range(33) if chr(code) not in "\r\n")
"""Characters that Spark removes from both ends of a value that it has read."""


def render(conf: Mapping[str, str]) -> str:
    """The text of a properties file with this conf, one ``key=value`` per line."""
    return "".join(
        f"{_MUST_ESCAPE_KEY.sub(_escape, key)}={_MUST_ESCAPE_VALUE.sub(_escape, value)}\n"
        for key, value in conf.items()
    )


def parse(text: str) -> dict[str, str]:
    r"""Keys and values of a properties file, as Spark sees them.

    Raises:
        ConfError: a ``\u`` without four hexadecimal digits; Java refuses the file.
    """
    return dict(_pairs(text))


def spark_properties(text: str) -> tuple[dict[str, str], int]:
    """The properties that Spark uses, with keys that begin with ``spark.``, and the number of other lines.

    spark-submit ignores the others. A template may name any file of the worker, so they are neither kept nor
    shown.

    Raises:
        ConfError: see :func:`parse`.
    """
    pairs = list(_pairs(text))
    ours = [(key, value) for key, value in pairs if key.startswith(_SPARK)]
    return dict(ours), len(pairs) - len(ours)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in _logical_lines(text):
        end = _key_end(line)
        rest = line[end:].lstrip(_BLANKS)
        if rest[:1] in {"=", ":"}:
            rest = rest[1:].lstrip(_BLANKS)
        yield _unescape(line[:end]), _unescape(rest).strip(TRIMMED)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if "\ud800" <= char <= "\udfff":
        return f"\\u{ord(char):04x}"
    return _ESCAPES.get(char, f"\\{char}")


def _logical_lines(text: str) -> Iterator[str]:
    pending: str | None = None
    for raw in _LINE_END.split(text.removeprefix("\ufeff")):
        line = raw.lstrip(_BLANKS)
        if pending is None and (not line or line[0] in "#!"):
            continue
        line = (pending or "") + line
        pending = line[:-1] if _continues(line) else None
        if pending is None and line:
            yield line
    if pending:
        yield pending


def _continues(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _key_end(line: str) -> int:
    at = 0
    while at < len(line) and line[at] not in "=: \t\f":
        at += 2 if line[at] == "\\" else 1
    return min(at, len(line))


def _unescape(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        found = match[1]
        if found == "u":
            raise ConfError(
                "A properties file contains a \\u escape that is not valid.",
                got=text[match.start() : match.start() + 6],
                expected="\\u and four hexadecimal digits",
                advice="Write a literal backslash twice.",
            )
        return chr(int(found[1:], 16)) if found[0] == "u" else _UNESCAPES.get(found, found)

    # Java writes a character beyond U+FFFF as two escapes, which only UTF-16 combines again.
    return _ESCAPED.sub(plain, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
