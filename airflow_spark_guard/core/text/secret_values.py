"""Collects the secret values of a task: from configuration, connection, environment and arguments.

Nothing here raises: values of the wrong type are refused elsewhere, with a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.text.argument_words import secrets_in_words
from airflow_spark_guard.core.text.masking import secrets_in
from airflow_spark_guard.core.text.secret_names import is_about_a_secret, is_figure, is_secret_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DEEPEST = 20


def values_of(given: object, name: str = "", depth: int = _DEEPEST) -> Iterator[str]:
    """The secrets in mappings, lists and texts: values with secret names, and whatever looks like a secret.

    Args:
        given: anything.
        name: its name; everything below the name of a secret is secret.
        depth: number of levels to search.
    """
    if isinstance(given, Mapping | list | tuple | set | frozenset):
        for key, value in _items(given, name) if depth else ():
            yield from values_of(value, key, depth - 1)
    elif isinstance(given, str | bytes | int) and not isinstance(given, bool):
        text = given.decode(errors="replace") if isinstance(given, bytes) else str(given)
        if is_secret_key(name) and not is_about_a_secret(name) and not is_figure(name, text):
            yield text
        yield from secrets_in(text)


def _items(given: Mapping[Any, object] | Iterable[object], name: str) -> Iterator[tuple[str, object]]:
    """Each item with its name: its own, or the name above it if only that is secret."""
    if not isinstance(given, Mapping):
        yield from ((name, value) for value in given)
        return
    for key, value in given.items():
        yield (name if is_secret_key(name) and not is_secret_key(str(key)) else str(key)), value


def values_of_words(given: object) -> Iterator[str]:
    """The secrets in a list of arguments."""
    if isinstance(given, list | tuple):
        yield from secrets_in_words([str(word) for word in given])
    else:
        yield from values_of(given)


def values_of_connection(extra: object, login: str | None, password: str | None) -> Iterator[str]:
    """The secrets of a connection: its password, also in the form for HTTP, and those of its extras."""
    if password:
        yield password
        yield f"{login or ''}:{password}"
    yield from values_of(extra)
    if isinstance(extra, Mapping):
        yield from values_of({"secret": extra.get("keytab")})
