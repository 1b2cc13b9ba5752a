"""Recognises names of secrets: keys of a configuration, variables, options, fields."""

from __future__ import annotations

import functools
import re

# The first line is Spark's own spark.redaction.regex, but excludes tokenizers. A credentials provider is a
# class or a path.
_SECRET = re.compile(
    r"secret(?!ar)|password|token(?!i[sz])|access[._-]?key"
    r"|passwd|pass[._-]?(?:phrase|code|word|wd\b)|credential(?!s?[._]provider)|authorization"
    r"|(?:account|private|shared|api|encryption|signing|master|ssh|service)[._-]?key"
    r"|(?:^|[._-])(?:sas|pwd?|jwt|psk)(?:$|[._-])|keyfile[._-]?dict"
    # As the last word of a name: "pass_rate" is a rate, "bypass" and "passes" are words of their own.
    r"|(?:^|[._-])(?:pass\d*|cookie)$"
    r"|(?:db|user|usr|root|admin|ldap|smtp|jdbc|sql|pg|ssh|login|store|proxy)pass$"
    r"|(?-i:(?<=[a-z])(?<!by)(?:Pass|Pwd|Pw|Jwt)$)",
    re.IGNORECASE,
)
# Values that are not passwords: a number of passes, a boolean.
_FEW = re.compile(r"\d{1,4}(?:\.\d+)?|true|false", re.IGNORECASE)
_COUNTS = re.compile(r"\d+(?:\.\d+)?|\[[\d\s,.]*+\]")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?%?", re.IGNORECASE)
_MEASURED = re.compile(
    r"(?:^|[._-])(?:n|num|number|count|max|min|mean|avg|total|acc|accuracy|loss|rate|ratio|per|len|length|size|bits|"
    r"limit|budget|used|usage|ttl|timeout|interval)(?:$|[._-])",
    re.IGNORECASE,
)
# Names of things about a secret: its location, its provider, whether it exists.
_ABOUT_ONE = re.compile(
    r"(?:file|path|dir|directory|location|provider|class|type|name|url|uri|endpoint|enabled|interval|length)s?$",
    re.IGNORECASE,
)
_LONGEST_KEPT = 200
_END = ",;)]}"


def is_secret_key(key: str) -> bool:
    """Whether the value of this key must not be shown."""
    return _is_secret(key) if len(key) <= _LONGEST_KEPT else _SECRET.search(key) is not None


# Keys repeat often; names in a job's output may have any length.
@functools.lru_cache(maxsize=2048)
def _is_secret(key: str) -> bool:
    return _SECRET.search(key) is not None


def is_figure(name: str, value: str) -> bool:
    """Whether a value with the name of a secret is just a figure: training jobs log ``num_tokens=512``."""
    if _MEASURED.search(name) and _NUMBER.fullmatch(value.rstrip(_END)):
        return True
    bare = value.rstrip(_END) if value[:1] != "[" else value
    if "tokens" in name.lower() and _COUNTS.fullmatch(bare):
        return True
    return name.lower() == "pass" and _FEW.fullmatch(bare) is not None


def is_about_a_secret(name: str) -> bool:
    """Whether a value with this name is not a secret itself: a path in an error must stay readable."""
    return _ABOUT_ONE.search(name) is not None
