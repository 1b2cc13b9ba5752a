"""Secrets in a list of arguments. The words are separate, so the bounds of a value need not be guessed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.core.text.known_secrets import KNOWN, MASK
from airflow_spark_guard.core.text.masking import mask_text, secrets_in
from airflow_spark_guard.core.text.secret_names import is_about_a_secret, is_figure, is_secret_key
from airflow_spark_guard.core.text.secret_patterns import is_plain, plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# ``password``, ``-password``, ``--db.pass``, ``/secret``, ``password:``: the next word is the value.
_NAME = re.compile(r"(?P<name>(?:-{0,2}|/|\+)[A-Za-z_][\w.\-]*):?")
# ``--user-pw=x``, ``/secret:x``, ``-Da.pass=x``, ``password=x``: the rest of the word is the value.
_NAMED = re.compile(r"(?P<name>(?:-{0,2}|/|\+)[A-Za-z_][\w.\-]*)(?::?=|:)(?P<value>\S.*)", re.DOTALL)
# ``scott/tiger@db``, ``scott:tiger@host``; no folder before the slash, no version and no digest after the @.
_LOGIN = re.compile(
    r"[A-Za-z][\w.$#]*[/:](?P<value>[^/@\s]+)@(?:(?!v\d|sha\d)/{0,2}[A-Za-z][\w.\-]*(?:[:/].*)?)?", re.DOTALL
)
# Options whose value is ``user:password``; two numbers are ids of a user and a group.
_USERS = frozenset({"-u", "--user", "--userpwd", "--auth", "--login", "--proxy-user"})
_USER = re.compile(r"(?!\d+:\d+\Z)[^:\s/]+:(?P<value>[^/\s].*)", re.DOTALL)
_QUOTES = "\"'"


class _Part(NamedTuple):
    """A word as it may be shown, and the secrets in it."""

    shown: str
    secrets: list[str]


def masked_words(words: Sequence[str]) -> str:
    """The words as one line for a log, without the secrets in them."""
    return " ".join(KNOWN.mask(part.shown) for part in _parts(words))


def secrets_in_words(words: Sequence[str]) -> list[str]:
    """What :func:`masked_words` takes for a secret by its name or its form.

    For ``user/password@db`` that is the whole word, because ``org/repository@branch`` has the same form.
    """
    return [secret for part in _parts(words) for secret in part.secrets]


def _parts(words: Sequence[str]) -> Iterator[_Part]:
    name = before = ""
    for word in words:
        user = _USER.fullmatch(word) if before in _USERS else None
        before = word
        if name and not word:  # an empty value or an extra space: the next word may be the value
            yield _Part(word, [])
            continue
        if name and not word.startswith("--"):
            is_shown = is_figure(plain_name(name), word)
            # A word that begins with a dash may be the next option.
            is_none = is_shown or word.startswith("-") or is_about_a_secret(name)
            learnt = [] if is_none else [word.strip(_QUOTES)]
            yield _Part(word if is_shown else MASK, learnt)
            name = ""
            continue
        found = _NAME.fullmatch(word)
        name = found["name"] if found is not None and _is_secret(found["name"]) else ""
        if user is not None:
            yield _Part(f"{word[: user.start('value')]}{MASK}", [user["value"]])
        else:
            yield _Part(word, []) if name else _alone(word)


def _alone(word: str) -> _Part:
    """A word without a name before it."""
    if is_plain(word):
        return _Part(word, [])
    named = _NAMED.fullmatch(word)
    if named is not None and _is_secret(named["name"]) and not is_figure(named["name"], named["value"]):
        begin = named.start("value")
        learnt = [] if is_about_a_secret(named["name"]) else [named["value"].strip(_QUOTES)]
        return _Part(f"{word[:begin]}{MASK}", learnt)
    login = _LOGIN.fullmatch(word)
    if login is not None:
        begin, end = login.span("value")
        return _Part(f"{word[:begin]}{MASK}{word[end:]}", [word])
    return _Part(mask_text(word), secrets_in(word))


def _is_secret(name: str) -> bool:
    return is_secret_key(plain_name(name.lstrip("/+")))
