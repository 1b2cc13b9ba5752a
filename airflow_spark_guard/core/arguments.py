"""The arguments of an operator that hold more than one value, and text: checked after rendering.

A template that renders to text where a list or a mapping belongs is the usual mistake, and Python takes a
text for a list of letters.
"""

from __future__ import annotations

import datetime as dt
import enum
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from airflow_spark_guard.core.errors import ArgumentError
from airflow_spark_guard.core.output.masking import is_secret_key

_NATIVE: Final = (
    "A template renders to text unless the DAG has render_template_as_native_obj=True; XCom of another task: "
    "task.output."
)
# Options of several values, and what Spark wants between them.
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
_LONGEST: Final = 100
# What one word of a command line can be made of.
_SINGLE = (
    *(str, int, float, Decimal, UUID, os.PathLike),
    *(dt.date, dt.time, dt.timedelta),
)


def checked_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the submit hook as upstream wants them; what has no form here is left as it is.

    ``conf`` is only checked for being a mapping: ``core/conf/conf_check.py`` knows its values.

    Raises:
        ArgumentError: names the argument, and the place in it.
    """
    checked = dict(arguments)
    for name, value in arguments.items():
        if name in ("conf", "env_vars"):
            _check_mapping(name, value)
        elif name == "application_args" and value:
            checked[name] = words(name, value)
        elif name == "post_submit_commands" and value:
            checked[name] = [_text(f"{name}[{place}]", item) for place, item in _numbered(name, value)]
        elif name in _LISTS and value is not None:
            checked[name] = _joined(name, value)
        elif name in _TEXTS and value is not None:
            checked[name] = _text(name, value)
    if arguments.get("env_vars"):
        checked["env_vars"] = environment(arguments["env_vars"])
    return checked


def words(name: str, value: object) -> list[str]:
    """A list of arguments as text: numbers and truth values as Python writes them.

    Raises:
        ArgumentError: it is no list, or an item is not a single value.
    """
    return [_word(f"{name}[{place}]", item) for place, item in _numbered(name, value)]


def environment(value: Mapping[Any, Any]) -> dict[str, str]:
    """Variables of the environment as text.

    Raises:
        ArgumentError: a name that is none, or a value that is not a single value.
    """
    found = {}
    for key, item in value.items():
        if not isinstance(key, str) or not key or "=" in key or "\0" in key:
            raise ArgumentError(
                "env_vars has a name that no environment variable can have.",
                got=_shown(key),
                expected="text that is not empty and has no =",
                advice="Correct the name in env_vars.",
            )
        found[key] = _word(f"env_vars[{key!r}]", item, is_secret=is_secret_key(key))
    return found


def _check_mapping(name: str, value: object) -> None:
    if value and not isinstance(value, Mapping):
        example = '{"spark.executor.memory": "4g"}' if name == "conf" else '{"TZ": "UTC"}'
        raise ArgumentError(
            f"{name} is not a mapping.",
            got=type(value).__name__,  # its text may hold a password
            expected=f"a mapping (dict), such as {example}",
            advice=_NATIVE,
        )


def _numbered(name: str, value: object) -> list[tuple[int, Any]]:
    if isinstance(value, str | bytes | bytearray) or not isinstance(value, Sequence):
        kind = type(value).__name__
        raise ArgumentError(
            f"{name} is not a list.",
            got=f"{kind} of length {len(value)}" if isinstance(value, str) else kind,
            expected='a list of strings, such as ["--day", "2026-01-01"]',
            advice=f"Write one item for each word. {_NATIVE}",
        )
    return list(enumerate(value))


def _word(place: str, item: object, *, is_secret: bool = False) -> str:
    if isinstance(item, enum.Enum):
        item = item.value
    if not (isinstance(item, _SINGLE) or _is_scalar(item)):
        raise ArgumentError(
            f"{place} is not a single value.",
            got="None" if item is None else type(item).__name__,
            expected="text, a number or a truth value",
            advice="Leave it out, or give the empty text."
            if item is None
            else "Turn it into text first, for example with json.dumps() or bytes.decode().",
        )
    text = str.__str__(item) if isinstance(item, str) else str(item)
    if "\0" in text:
        raise ArgumentError(
            f"{place} has a NUL character.",
            got="a secret value" if is_secret else _shown(text),
            expected="text that a process can be given",
            advice="Remove it.",
        )
    return text


def _is_scalar(item: object) -> bool:
    """A number of numpy or of a library like it; numpy itself is not loaded for it."""
    return getattr(type(item), "shape", None) is not None and getattr(item, "shape", None) == ()


def _joined(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    separator = _LISTS[name]
    items = _numbered(name, [value] if isinstance(value, os.PathLike) else value)
    return separator.join(_text(f"{name}[{place}]", item) for place, item in items)


def _text(place: str, value: object) -> str:
    found = os.fspath(value) if isinstance(value, os.PathLike) else value
    if isinstance(found, str):
        return found
    raise ArgumentError(
        f"{place} is not text.",
        got=type(value).__name__,
        expected="text",
        advice=f"Correct the value. {_NATIVE}",
    )


def _shown(value: object) -> str:
    return repr(value)[:_LONGEST]
