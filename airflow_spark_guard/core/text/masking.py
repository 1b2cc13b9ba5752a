"""Masks secrets in everything that is shown: log lines, messages, records, XCom values."""

from __future__ import annotations

from typing import Any

from airflow_spark_guard.core.text.known_secrets import KNOWN, MASK
from airflow_spark_guard.core.text.secret_names import is_secret_key
from airflow_spark_guard.core.text.secret_patterns import secret_spans

__all__ = ["MASK", "is_secret_key", "mask", "mask_known", "mask_text", "secrets_in"]

_DEEPEST = 50


def mask(key: str, value: str) -> str:
    """The value as it may be shown: stars if its key names a secret, else with the secrets in it masked."""
    return MASK if is_secret_key(key) else mask_text(value)


def mask_text(text: str) -> str:
    """Free text with known secrets and whatever looks like a secret masked.

    That is: values after a secret name (``a.password=x``), passwords and tokens in URLs, bearer and web
    tokens, signatures, and private keys.
    """
    text = KNOWN.mask(text)
    parts, done = [], 0
    for begin, end in secret_spans(text):
        parts += [text[done:begin], MASK]
        done = end
    return "".join([*parts, text[done:]])


def secrets_in(text: str) -> list[str]:
    """What :func:`mask_text` takes for a secret by its form."""
    return [text[begin:end] for begin, end in secret_spans(text)]


def mask_known(value: Any, depth: int = _DEEPEST) -> Any:
    """A JSON value with known secrets masked; the object itself if it contains none."""
    if isinstance(value, str):
        return KNOWN.mask(value)
    if depth and isinstance(value, dict):
        masked = {mask_known(key, 0): mask_known(item, depth - 1) for key, item in value.items()}
        return value if masked == value else masked
    if depth and isinstance(value, list | tuple):
        items = [mask_known(item, depth - 1) for item in value]
        return value if items == list(value) else type(value)(items)
    return value
