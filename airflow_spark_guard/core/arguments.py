"""Checks the arguments of an operator that hold several values or text, after rendering.

The usual mistake is a template that renders to text instead of a list or a mapping: Python would treat the
text as a list of letters.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from airflow_spark_guard.core.errors import ArgumentError
from airflow_spark_guard.core.process_word import LONGEST_WORD, is_word
from airflow_spark_guard.core.text.masking import is_secret_key
from airflow_spark_guard.core.word import is_missing, word

_NATIVE: Final = (
    "A template renders to text unless the DAG has render_template_as_native_obj=True; XCom of another task: "
    "task.output."
)
# Options with several values, and the separator that Spark expects.
_LISTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("files", "py_files", "archives", "jars", "packages", "exclude_packages", "repositories"), ","
    ),
    "driver_class_path": os.pathsep,
}
_TEXTS: Final = (
    *("application", "java_class", "keytab", "principal", "proxy_user", "name", "properties_file"),
    *("yarn_queue", "spark_binary"),
)
_LONGEST: Final = 60


def checked_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the submit hook as upstream expects them; arguments without a check stay as they are.

    ``conf`` only has to be a mapping: ``core/conf/conf_check.py`` checks its values.

    Raises:
        ArgumentError: names the argument and the position in it.
    """
    checked = dict(arguments)
    for name, value in arguments.items():
        check = _CHECKS.get(name)
        # Not bool(value): arrays do not support it. A template may render to the empty text.
        if check is not None and value is not None and not (isinstance(value, str) and not value):
            checked[name] = check(name, value)
    return checked


def words(name: str, value: object) -> list[str]:
    """A list of arguments as text: numbers and booleans as Python writes them.

    Raises:
        ArgumentError: it is not a list, or an item is not a single value.
    """
    return [_word(f"{name}[{place}]", item) for place, item in _numbered(name, value)]


def environment(name: str, value: object) -> dict[str, str]:
    """Environment variables as text.

    Raises:
        ArgumentError: it is not a mapping, a name is not valid, or a value is not a single value.
    """
    found = {}
    for key, item in _mapping(name, value).items():
        if not isinstance(key, str) or not key or "=" in key or "\0" in key:
            raise ArgumentError(
                "env_vars has a name that is not valid for an environment variable.",
                got=_shown(key),
                expected="text that is not empty and does not contain =",
                advice="Correct the name in env_vars.",
            )
        found[key] = _word(f"env_vars[{key!r}]", item, is_secret=is_secret_key(key))
    return found


def _mapping(name: str, value: object) -> Mapping[Any, Any]:
    if isinstance(value, Mapping):
        return value
    example = '{"spark.executor.memory": "4g"}' if name == "conf" else '{"TZ": "UTC"}'
    raise ArgumentError(
        f"{name} is not a mapping.",
        got=type(value).__name__,  # its text may hold a password
        expected=f"a mapping (dict), such as {example}",
        advice=_NATIVE,
    )


def _texts(name: str, value: object) -> list[str]:
    return [_text(f"{name}[{place}]", item) for place, item in _numbered(name, value)]


def _numbered(name: str, value: object) -> list[tuple[int, Any]]:
    if isinstance(value, str | bytes | bytearray) or not isinstance(value, Sequence):
        kind = type(value).__name__
        raise ArgumentError(
            f"{name} is not a list.",
            got=f"{kind} of length {len(value)}" if isinstance(value, str) else kind,
            expected='a list of strings, such as ["--day", "2026-01-01"]',
            advice=f"Write each word as one item. {_NATIVE}",
        )
    return list(enumerate(value))


def _word(place: str, item: object, *, is_secret: bool = False) -> str:
    text = word(item)
    if text is None:
        kind = type(item).__name__
        missing = "None" if item is None else f"{item} ({kind})" if is_missing(item) else ""
        raise ArgumentError(
            f"{place} is not a single value.",
            got=missing or kind,
            expected="text, a number or a boolean",
            advice="Leave it out, or use the empty text; in a template: {{ x or '' }}."
            if missing
            else "Convert it to text first, for example with json.dumps() or bytes.decode().",
        )
    return _passable(place, text, is_secret=is_secret)


def _passable(place: str, text: str, *, is_secret: bool = False) -> str:
    """The text, if Linux accepts it as a word of a command line or as an environment variable."""
    if is_word(text):
        return text
    if "\0" in text:
        what, advice = "has a NUL character", "Remove it."
    elif len(text) >= LONGEST_WORD // 4:  # a character has four bytes at the most
        what, advice = "is too long for a process", "Write it to a file, and pass the file's path."
    else:
        what, advice = "has characters that are not valid text", "Decode it with the right encoding."
    raise ArgumentError(
        f"{place} {what}.",
        got="a secret value" if is_secret else _shown(text),
        expected=f"text of less than {LONGEST_WORD} bytes that can be passed to a process",
        advice=advice,
    )


def _joined(name: str, value: object) -> str:
    if isinstance(value, str):
        return _passable(name, value)
    separator = _LISTS[name]
    items = _numbered(name, [value] if isinstance(value, os.PathLike) else value)
    return separator.join(_text(f"{name}[{place}]", item) for place, item in items)


def _text(place: str, value: object) -> str:
    found = os.fspath(value) if isinstance(value, os.PathLike) else value
    if isinstance(found, str):
        return _passable(place, found)
    raise ArgumentError(
        f"{place} is not text.",
        got=type(value).__name__,
        expected="text",
        advice=f"Correct the value. {_NATIVE}",
    )


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


_CHECKS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "conf": _mapping,
    "env_vars": environment,
    "application_args": words,
    "post_submit_commands": _texts,
    **dict.fromkeys(_LISTS, _joined),
    **dict.fromkeys(_TEXTS, _text),
}
