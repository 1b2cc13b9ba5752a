"""Secrets out of everything that is shown: log lines, messages, rendered fields."""

from __future__ import annotations

import re

MASK = "******"

# The first line is Spark's own spark.redaction.regex. A provider of credentials is a class or a path.
_SECRET_KEY = re.compile(
    r"secret|password|token|access[.]?key"
    r"|passwd|passphrase|credential(?!s?[._]provider)|authorization"
    r"|(?:account|private|shared|api|encryption)[._-]?key"
    r"|(?:^|[._-])(?:sas|pwd)(?:$|[._-])",
    re.IGNORECASE,
)
# Possessive, and anchored by the look-behind: a line of a megabyte is still read once.
_NAME = re.compile(r"""(?<![\w.\-])([\w.\-]++)(["']?\s*+[=:]\s*+|\s++)""")
_VALUE = re.compile(r"""(?:bearer|basic)\s+\S+|"(?:[^"\\]|\\.)*+"|'[^']*+'|[^\s"']\S*+""", re.IGNORECASE)
_URL = re.compile(r"(://[^\s/:@]*+:)[^\s/]+@")
_BEARER = re.compile(r"(\bbearer\s+)[\w.~+/=\-]{16,}", re.IGNORECASE)
_COUNT = re.compile(r"\d+(?:\.\d+)?")


def is_secret_key(key: str) -> bool:
    """Whether the value of this key must not be shown."""
    return _SECRET_KEY.search(key) is not None


def mask(key: str, value: str) -> str:
    """The value as it may be shown: stars for a secret's, else without the secrets inside it."""
    return MASK if is_secret_key(key) else mask_text(value)


def mask_text(line: str) -> str:
    """Free text without passwords in URLs, bearer tokens and values of secret names (``a.password=x``)."""
    line = _BEARER.sub(rf"\1{MASK}", _URL.sub(rf"\1{MASK}@", line))
    parts, done = [], 0
    for name in _NAME.finditer(line):
        # A blank parts an option from its value, anything else from the next word.
        if name.start() < done or not is_secret_key(name[1]) or (name[2].isspace() and name[1][:2] != "--"):
            continue
        value = _VALUE.match(line, name.end())
        if value is None or _is_count(name[1], value[0]):
            continue
        quote = value[0][0] if value[0][0] in "\"'" else ""
        parts += [line[done : name.end()], quote, MASK, quote]
        done = value.end()
    return "".join([*parts, line[done:]])


def _is_count(name: str, value: str) -> bool:
    # Training jobs log "num_tokens=512"; no secret is called so and is a number.
    return "tokens" in name.lower() and _COUNT.fullmatch(value.rstrip(",;)]}")) is not None
