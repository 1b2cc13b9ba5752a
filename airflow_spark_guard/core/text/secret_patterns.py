"""Finds secrets in a text by their context or by their own form.

Every pattern is possessive, bounded or anchored, so that a line of a megabyte takes linear time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spark_guard.core.text.secret_names import is_figure, is_secret_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    Span = tuple[int, int]

# The least that a secret needs: a sign or space after its name, or the length of a token.
_SIGN = re.compile(r"[=:@\s]")
_SHORTEST_TOKEN = 15
_NAME = re.compile(r"""(?<![\w.\-])([\w.\-]++)((?:\\*+["'])?\s*+[=:]++>?\s*+|\s++)""")
_SCHEME = r"(?:bearer|basic|negotiate|ntlm|token|apikey)[ \t]+[^\s\"']+"
# Credentials of several words: they go on to the end of the line.
_LONG_SCHEME = r"(?:digest|aws4-hmac-sha256|hawk|oauth|sharedkey(?:lite)?)[ \t][^\n]*+"
_VALUE = re.compile(
    # ``\"a\"`` in JSON within JSON; quotes; quotes that were cut off, which end with their line, because the
    # next line is another message; anything else up to white space.
    rf"""{_SCHEME}|{_LONG_SCHEME}|\\+(["'])[^"'\n]*+|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|["'][^\n]*+|[^\s"']\S*+""",
    re.IGNORECASE,
)
_REST_OF_LINE = re.compile(r"[^\n\"']*+")
_BRACKET = re.compile(r"[\[{(\]})]")
_OPENING, _CLOSING = "[{(", "]})"
# A bracket that is not closed within this distance counts as cut off.
_FARTHEST_BRACKET = 4096
# After a name without a sign: a word with letters and digits is a password, "is" and "5" are not. Words with
# a dot or an underscore are names.
_PASSWORD = re.compile(
    r"(?=[^\d\s]{0,200}+\d)(?=[^A-Za-z\s]{0,200}+[A-Za-z])[^\s_./:()\[\]\"',;]{8,200}+(?=[\s,;]|$)"
)

_URL = re.compile(r"://[^\s/:@]*+:([^\s/]+)@")
# With other schemes the part before the @ is a container, a user or an endpoint of Spark.
_TOKEN_URL = re.compile(r"\bhttps?://([^\s/:@?#\"'<>]++):?@", re.IGNORECASE)
# user/password of Oracle.
_ORACLE = re.compile(r"\bjdbc:oracle:\w{1,9}:[\w.$#-]{1,128}/([^\s@/]{1,256})@", re.IGNORECASE)
_EASY_CONNECT = re.compile(r"(?<![\w.$#/])[\w.$#]{1,128}+/([^\s@/]{1,256})@//\w")
_SIGNATURE = re.compile(
    r"(?:[?&;](?:sig|(?:x-amz-|x-goog-)?signature)=|(?<![\w.\-])sig(?:nature)?=(?=[\w%+/=\-]{16}))"
    r"([^&\s\"'<>;,)]++)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\bbearer\s+([\w.~+/=\-]{16,})", re.IGNORECASE)
# Tokens with a known prefix.
_TOKEN = re.compile(
    r"(?<![\w\-])(?:"
    r"eyJ[\w\-]{6,}+\.[\w\-]{6,}+(?:\.[\w\-]*+)*"  # a JSON web token
    r"|gh[pousr]_\w{20,}+|github_pat_\w{20,}+|glpat-[\w\-]{16,}+"  # GitHub, GitLab
    r"|xox[a-z]-[\w\-]{10,}+|sk-[\w\-]{20,}+|ya29\.[\w\-]{20,}+"  # Slack, OpenAI, Google
    r"|hf_\w{20,}+|dapi[0-9a-f]{32}|hvs\.[\w\-]{20,}+"  # Hugging Face, Databricks, Vault
    r")"
)
_KEY_BEGINS = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_KEY_ENDS = re.compile(r"-----END (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_LONGEST_KEY = 1 << 14
# Lines of a key whose beginning was cut off.
_KEY_LINES = re.compile(r"(?:^[A-Za-z0-9+/=]{1,80}\n){1,200}\Z", re.MULTILINE)


def secret_spans(text: str) -> list[Span]:
    """Begin and end of each secret in a text, in order; none overlaps another."""
    if is_plain(text):
        return []
    found: list[Span] = []
    for begin, end in sorted((*_named(text), *_by_form(text), *_private_keys(text))):
        if found and begin < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def is_plain(text: str) -> bool:
    """Whether it certainly contains no secret, by a quick check; true for most values of a configuration."""
    return len(text) < _SHORTEST_TOKEN and _SIGN.search(text) is None


def begins_a_key(text: str) -> bool:
    """Whether a private key begins in this text and does not end in it."""
    begins = [found.end() for found in _KEY_BEGINS.finditer(text)]
    return bool(begins) and _KEY_ENDS.search(text, begins[-1]) is None


def ends_a_key(text: str) -> bool:
    """Whether a private key ends in this text."""
    return _KEY_ENDS.search(text) is not None


def _named(text: str) -> Iterator[Span]:
    """Values of secret names: ``a.password=x``, ``"token": "x"``, ``--secret x``, ``Cookie: a=b; c=d``."""
    done = 0
    for name in _NAME.finditer(text):
        if name.start() < done or not is_secret_key(plain_name(name[1])):
            continue
        value = _value(text, name)
        if value is not None and not is_figure(name[1], text[value[0] : value[1]]):
            yield value
            done = value[1]


def plain_name(name: str) -> str:
    """The name in an option: ``-Dx``, ``--x`` and ``-x`` are all ``x``."""
    return name[2:] if name.startswith("-D") else name.lstrip("-")


def _value(text: str, name: re.Match[str]) -> Span | None:
    begin = name.end()
    if name[2].isspace() and not name[1].startswith("-"):
        # White space separates an option from its value; in prose it separates two words.
        found = _PASSWORD.match(text, begin)
        return found.span() if found is not None else None
    if name[2].isspace() and text.startswith("--", begin):
        return None
    if name[1].lower().endswith("cookie") and text[begin : begin + 1] not in {'"', "'", "\\"}:
        found = _REST_OF_LINE.match(text, begin)
        return found.span() if found is not None and found[0] else None
    if text[begin : begin + 1] in {"{", "[", "("}:
        return begin, _bracket_end(text, begin)
    value = _VALUE.match(text, begin)
    return None if value is None else _within_quotes(value)


def _within_quotes(value: re.Match[str]) -> Span:
    begin, end = value.span()
    if value[1]:  # quotes with a backslash
        return value.end(1), max(value.end(1), begin + len(value[0].rstrip("\\")))
    quote = value[0][0]
    if quote not in "\"'":
        return begin, end
    return begin + 1, end - 1 if len(value[0]) > 1 and value[0][-1] == quote else end


def _bracket_end(text: str, begin: int) -> int:
    depth = 0
    for bracket in _BRACKET.finditer(text, begin, begin + _FARTHEST_BRACKET):
        depth += 1 if bracket[0] in _OPENING else -1
        if depth <= 0:
            return bracket.end()
    end = text.find("\n", begin)
    return end if end >= 0 else len(text)


def _by_form(text: str) -> Iterator[Span]:
    if "@" in text:
        for pattern in (_URL, _TOKEN_URL, _ORACLE, _EASY_CONNECT):
            for found in pattern.finditer(text):
                yield found.span(1)
    for pattern in (_SIGNATURE, _BEARER):
        for found in pattern.finditer(text):
            yield found.span(1)
    for found in _TOKEN.finditer(text):
        yield found.span()


def _private_keys(text: str) -> Iterator[Span]:
    done = 0
    for start in _KEY_BEGINS.finditer(text) if "PRIVATE KEY" in text else ():
        if start.start() >= done:
            end = text.find("-----END", start.end(), start.end() + _LONGEST_KEY)
            done = end if end >= 0 else min(len(text), start.end() + _LONGEST_KEY)
            if done > start.end():
                yield start.end(), done
    done = 0
    for stop in _KEY_ENDS.finditer(text) if "PRIVATE KEY" in text else ():
        begin = max(done, stop.start() - _LONGEST_KEY)
        lines = _KEY_LINES.search(text[begin : stop.start()])
        if lines is not None:
            yield begin + lines.start(), stop.start()
        done = stop.end()
