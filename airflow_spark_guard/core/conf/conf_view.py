"""A merged conf as Spark will see it: values, defaults, units, and the cluster manager."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from airflow_spark_guard.core.conf.effective_conf import PROFILE
from airflow_spark_guard.core.conf.spark_value import EXPECTED, number
from airflow_spark_guard.core.text.masking import mask
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.conf.conf_draft import ConfValue
    from airflow_spark_guard.core.conf.known_confs import KnownConfs
    from airflow_spark_guard.core.conf.spark_value import Kind

Severity = Literal["error", "warning"]
Manager = Literal["local", "local-cluster", "standalone", "yarn", "kubernetes", ""]
"""What runs the executors of a master; empty for a master that Spark itself does not know."""

READABLE: dict[str, str] = {
    **{str(kind): text for kind, text in EXPECTED.items()},
    "long": EXPECTED["int"],
    "double": "a number, such as 0.6",
}
"""The form of valid values by kind of a known key, for messages."""

_DOUBLE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[df]?", re.ASCII)
_RANGE = {"int": 1 << 31, "long": 1 << 63}
_SHOWN = 200
_MASTERS: tuple[tuple[str, Manager], ...] = (
    ("local-cluster", "local-cluster"),
    ("local", "local"),
    ("spark://", "standalone"),
    ("yarn", "yarn"),
    ("k8s://", "kubernetes"),
)


@dataclass(frozen=True)
class Problem:
    """A problem of a conf.

    Attributes:
        severity: ``error`` if Spark certainly refuses it or it certainly kills the job; else ``warning``.
        key: the key or the environment variable.
        text: what is wrong, in one sentence.
        expected: what would be valid.
        advice: what to do.
    """

    severity: Severity
    key: str
    text: str
    expected: str = ""
    advice: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.text, self.advice) if part)


@dataclass(frozen=True)
class ConfView:
    """The input of the rules of the lint.

    Attributes:
        values: key -> value and origin.
        known: Spark's own keys.
        master: Spark's master URL; empty if unknown.
        version: (major, minor) of Spark; None if unknown.
        stall: the guard's stall limit, in seconds; None if not known.
    """

    values: Mapping[str, ConfValue]
    known: KnownConfs
    master: str = ""
    version: tuple[int, ...] | None = None
    stall: float | None = None

    @property
    def manager(self) -> Manager:
        """The manager of the master."""
        return manager_of(self.master)

    def text(self, key: str) -> str | None:
        """The value that Spark will use: set, set by an old spelling, or its default; None if it has none."""
        for name in (key, *self.known.old_spellings(key)):
            if name in self.values:
                return self.values[name].value
        row = self.known.get(key)
        return None if row is None or not row.kind or row.default.startswith("<") else row.default

    def number(self, key: str) -> float | None:
        """The value in seconds, bytes, as a count, or 1 and 0; None also if it cannot be read."""
        row, text = self.known.get(key), self.text(key)
        if row is None or text is None:
            return None
        try:
            return read(row.kind, text, row.bare)
        except ValueError:
            return None

    def is_on(self, key: str) -> bool:
        """Whether a key is true."""
        return self.number(key) == 1

    def is_users(self, *keys: str) -> bool:
        """Whether the user has set at least one of them: the profile alone is never at fault."""
        return any(key in self.values and self.values[key].origin != PROFILE for key in keys)

    def shown(self, key: str) -> str:
        """``spark.x = 1 (conf)``: the value in effect and its origin."""
        found, name = self.values.get(key), _short(key)
        if found is None:
            return f"{name} = {self.text(key)} (Spark's default)"
        return f"{name} = {_short(mask(key, found.value))} ({found.origin})"


def _short(text: str) -> str:
    shown = safe_text(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def manager_of(master: str) -> Manager:
    """What runs the executors of this master."""
    return next((name for start, name in _MASTERS if master.startswith(start)), "")


def read(kind: str, text: str, bare: str = "") -> float:
    """Seconds, bytes, a count, or 1 and 0, as Spark reads them.

    Raises:
        ValueError: Spark cannot read it, it is text, or only Spark can resolve it (``${...}``).
    """
    plain = text.strip().lower()
    if kind == "double":
        found = float(plain.rstrip("df")) if _DOUBLE.fullmatch(plain) else math.nan
    else:
        found = number(cast("Kind", "int" if kind == "long" else kind), plain, bare)
    if math.isnan(found) or not -_RANGE.get(kind, math.inf) <= found < _RANGE.get(kind, math.inf):
        msg = f"not a Spark {kind}: {text!r}"
        raise ValueError(msg)
    return found
