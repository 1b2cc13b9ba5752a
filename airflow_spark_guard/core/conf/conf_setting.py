"""One row of the anti-hanging profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.conf.spark_value import Kind

Version = tuple[int, int]

UNSET = "<undefined>"
_IN_WORDS = {
    "{minutes}min": "deadline + 2min",
    "{idle}": "600 or stall_timeout",
    "{dump}": "min(120, stall_timeout / 3, deadline / 3)",
}


@dataclass(frozen=True)
class Setting:
    """One Spark key: Spark's default, the guard's value, and the reason.

    Attributes:
        key: the name of the key.
        kind: how Spark reads its value.
        since: first Spark version that knows the key; None for a key that Spark's registry does not list
            but that every supported version reads.
        default: Spark's default, as Spark's registry writes it (4.3).
        values: profile name -> value. Profiles that are not named do not send the key. ``{idle}`` stands for
            600 s, or for ``stall_timeout`` if that is longer.
        reason: one or two sentences, for the log and for the documentation.
        bare: unit of a value without a unit.
        falls_back_to: keys whose value Spark uses if this one is not set. If a user sets one of them, this
            key is not sent, so that the user's value applies.
        needs_deadline: sent only if a deadline is known; ``{minutes}`` in the value stands for it, as
            ``{dump}`` does for the seconds between two dumps of a worker's stack.
        python_only: sent only for Python applications.
    """

    key: str
    kind: Kind
    since: Version | None
    default: str
    values: Mapping[str, str]
    reason: str
    bare: str = ""
    falls_back_to: tuple[str, ...] = ()
    needs_deadline: bool = False
    python_only: bool = False


def in_words(value: str) -> str:
    """A value for readers: placeholders are replaced by how they depend on the limits."""
    return _IN_WORDS.get(value, value)


def every(value: str, *, ml: str | None = None, strict: str | None = None) -> dict[str, str]:
    """One value for every profile, except the profiles that are named."""
    return {"default": value, "ml-training": ml or value, "strict": strict or value}


def only(*, ml: str | None = None, strict: str | None = None) -> dict[str, str]:
    """A value only for the named profiles."""
    return {name: value for name, value in (("ml-training", ml), ("strict", strict)) if value is not None}
