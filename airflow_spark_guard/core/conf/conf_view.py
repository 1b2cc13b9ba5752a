"""A merged conf as Spark will see it: values, defaults, units, and the cluster manager that it goes to."""

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

READABLE: dict[str, str] = {
    **{str(kind): text for kind, text in EXPECTED.items()},
    "long": EXPECTED["int"],
    "double": "a number, such as 0.6",
}
"""By kind of a known key: what a value may look like, for messages."""

_DOUBLE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[df]?", re.ASCII)
_RANGE = {"int": 1 << 31, "long": 1 << 63}
_SHOWN = 200


@dataclass(frozen=True)
class Problem:
    """Something wrong with a conf.

    Attributes:
        severity: ``error`` for what Spark certainly refuses or what certainly kills the job; ``warning``.
        key: the key, or the environment variable, that it is about.
        text: one sentence: what is wrong.
        expected: what would have been right.
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
    """What the rules of the lint look at.

    Attributes:
        values: key -> value and origin.
        known: Spark's own keys.
        master: Spark's master URL; empty where it is not known.
        version: (major, minor) of Spark, or None.
        stall: seconds after which the guard calls a stage stalled, or None.
    """

    values: Mapping[str, ConfValue]
    known: KnownConfs
    master: str = ""
    version: tuple[int, ...] | None = None
    stall: float | None = None

    @property
    def manager(self) -> str:
        """``local``, ``local-cluster``, ``standalone``, ``yarn``, ``kubernetes``; empty for any other."""
        return manager_of(self.master)

    def text(self, key: str) -> str | None:
        """The value that Spark will use: set, set by an old spelling, or its own; None where it has none."""
        for name in (key, *self.known.old_spellings(key)):
            if name in self.values:
                return self.values[name].value
        row = self.known.get(key)
        return None if row is None or not row.kind or row.default.startswith("<") else row.default

    def number(self, key: str) -> float | None:
        """The same in seconds, bytes, as a count, or 1 and 0; None also where it cannot be known."""
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
        """Whether the user has set one of them: the profile alone is never at fault."""
        return any(key in self.values and self.values[key].origin != PROFILE for key in keys)

    def said(self, key: str) -> str:
        """``spark.x = 1 (conf)``: which value stands, and who set it."""
        found, name = self.values.get(key), _short(key)
        if found is None:
            return f"{name} = {self.text(key)} (Spark's own)"
        return f"{name} = {_short(mask(key, found.value))} ({found.origin})"


def _short(text: str) -> str:
    shown = safe_text(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def manager_of(master: str) -> str:
    """``local``, ``local-cluster``, ``standalone``, ``yarn``, ``kubernetes``; empty for any other master."""
    for start, name in (
        ("local-cluster", "local-cluster"), ("local", "local"), ("spark://", "standalone"),
        ("yarn", "yarn"), ("k8s://", "kubernetes"),
    ):  # fmt: skip
        if master.startswith(start):
            return name
    return ""


def read(kind: str, text: str, bare: str = "") -> float:
    """Seconds, bytes, a count, or 1 and 0, as Spark reads them.

    Raises:
        ValueError: Spark cannot read it, it is text, or only Spark can (``${...}``).
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
