"""Checks the user's configuration before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.conf.conf_table import SETTINGS
from airflow_spark_guard.core.conf.spark_value import EXPECTED, number
from airflow_spark_guard.core.errors import ConfError
from airflow_spark_guard.core.text.masking import mask, mask_text
from airflow_spark_guard.core.word import number as as_number

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_user_conf(conf: Mapping[Any, object], origin: str = "conf") -> dict[str, str]:
    """The conf as Spark expects it: text to text, keys stripped, ``True`` -> ``"true"``; line breaks stay.

    Args:
        conf: the user's values by key: text, bool, int or float, numpy's included, or Decimal.
        origin: name of the setting, for the message.

    Raises:
        ConfError: a key is not text or contains ``=`` or a control character, a value has another type, or
            Spark cannot read the value of a key that belongs to the profile.
    """
    checked = {}
    for raw, value in conf.items():
        if not isinstance(raw, str) or not raw.strip():
            raise ConfError(
                f"{origin} has a key that is not a name.",
                got=repr(raw),
                expected="text that is not empty, such as 'spark.executor.memory'",
                advice=f"Correct the key in {origin}.",
            )
        key = _name(raw, origin)
        checked[key] = _text(key, value, origin)
        _check_kind(key, checked[key], origin)
    return checked


def _name(raw: str, origin: str) -> str:
    """The stripped key; ``=`` and control characters are mistakes, and would end the key."""
    key = raw.strip()
    if "=" in key or not key.isprintable():
        raise ConfError(
            f"{origin} has a key that is not valid in Spark.",
            got=ascii(mask_text(key))[:200],
            expected="a name without = and without line breaks, such as 'spark.executor.memory'",
            advice=f"Correct the key in {origin}; the value belongs after the colon of the mapping.",
        )
    return key


def _text(key: str, value: object, origin: str) -> str:
    text = str.__str__(value) if isinstance(value, str) else as_number(value)
    if text is not None:
        return text
    try:
        shown = mask(key, repr(value))
    except Exception:  # noqa: BLE001 - the user's own type, or an integer with more digits than Python writes
        shown = "without a text form"
    raise ConfError(
        f"{origin} sets {key} to a value that is not valid in Spark.",
        got=f"{type(value).__name__} {shown}",
        expected="text, bool, int or float",
        advice="Leave the key out to keep the default; join a list with commas.",
    )


def _check_kind(key: str, text: str, origin: str) -> None:
    row = SETTINGS.get(key)
    if row is None or row.kind == "text":
        return
    try:
        number(row.kind, text, row.bare)
    except ValueError:
        raise ConfError(
            f"{origin} sets {key} to a value that Spark cannot read.",
            got=repr(text),
            expected=EXPECTED[row.kind],
            advice=f"Correct the value in {origin}, or leave the key out.",
        ) from None
