r"""Chooses how a value of the configuration is passed to Spark, so that it arrives unchanged.

Normally in a private properties file. Spark trims every value that it reads from one, after
``java.util.Properties`` has read it, so escapes do not help (``Utils.trimExceptCRLF``). A value with white
space at its ends is passed with ``--conf`` instead, where secrets are not allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.conf.properties import TRIMMED
from airflow_spark_guard.core.errors import ConfError
from airflow_spark_guard.core.process_word import is_word
from airflow_spark_guard.core.text.masking import is_secret_key, mask_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_spark_guard.core.conf.conf_draft import ConfValue

_SHOWN: Final = 60


def has_blank_ends(value: str) -> bool:
    """Whether the properties file would lose a part of the value."""
    return value != value.strip(TRIMMED)


def apart(conf: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The values for the properties file, and the options for the others."""
    in_file = {key: value for key, value in conf.items() if not has_blank_ends(value)}
    others = [(key, value) for key, value in conf.items() if key not in in_file]
    return in_file, [word for key, value in others for word in ("--conf", f"{key}={value}")]


def check_carried(conf: Mapping[str, ConfValue]) -> None:
    """Refuse values that can be passed in neither way.

    Raises:
        ConfError: names the key and the setting that holds it.
    """
    for key, found in conf.items():
        if "\0" in found.value:
            raise _refused(key, found, "has a NUL character", "text without it")
        if not has_blank_ends(found.value):
            continue
        for reason in _hindrances(key, found.value):
            raise _refused(
                key,
                found,
                f"has white space at its ends, which Spark removes, and {reason}",
                "a value without white space or control characters at its ends",
            )


def _hindrances(key: str, value: str) -> Iterator[str]:
    """The reasons why a value cannot be passed on the command line."""
    if is_secret_key(key) or mask_text(value) != value or mask_text(f"{key}={value}") != f"{key}={value}":
        yield "is a secret, which must not be passed on the command line instead"
    if "\r" in value:
        yield "a carriage return, which spark-submit removes from its command line"
    if not is_word(f"{key}={value}"):
        yield "is too long or not valid text for the command line"


def lost_in_a_file(conf: Mapping[str, ConfValue]) -> tuple[str, ...]:
    """A sentence about values that Spark itself trims when it passes them to a driver on the cluster."""
    keys = [key for key, found in conf.items() if has_blank_ends(found.value)]
    if not keys:
        return ()
    text = (
        f"White space at the ends of {', '.join(keys)} is lost: in cluster mode Spark passes the "
        "configuration to its driver in a file, and trims it."
    )
    return (text,)


def _refused(key: str, found: ConfValue, why: str, expected: str) -> ConfError:
    is_secret = is_secret_key(key) or mask_text(found.value) != found.value
    shown = "a secret value" if is_secret else ascii(found.value)
    return ConfError(
        f"{found.origin} sets {key} to a value that cannot be passed to Spark: it {why}.",
        got=shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}...",
        expected=expected,
        advice=f"Correct the value in {found.origin}, or let the job set it itself.",
    )
