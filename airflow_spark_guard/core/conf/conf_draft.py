"""A conf during the merge: the profile's values, the user's values, and what was left out and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_setting import UNSET
from airflow_spark_guard.core.conf.conf_table import SETTINGS
from airflow_spark_guard.core.conf.spark_value import number
from airflow_spark_guard.core.text.masking import mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.conf.spark_value import Kind

_BESIDE: dict[str, tuple[Kind, str]] = {
    "spark.buffer.size": ("size", "b"),
    "spark.kryoserializer.buffer": ("size", "k"),
    "spark.sql.execution.python.udf.maxRecordsPerBatch": ("int", ""),
    "spark.storage.blockManagerHeartbeatTimeoutMs": ("duration", "ms"),
}
"""Keys that the profile does not set, but that its rules read: kind, and unit of a bare number."""


@dataclass(frozen=True)
class ConfValue:
    """A value and its origin.

    Attributes:
        value: the text for Spark.
        origin: ``"profile"``, or the name of the user's layer.
    """

    value: str
    origin: str


@dataclass
class Draft:
    """The state of a merge. Rules remove keys from ``ours``; ``user`` does not change."""

    ours: dict[str, str]
    user: Mapping[str, ConfValue]
    _reasons: dict[str, list[str]] = field(default_factory=dict)
    _warnings: list[str] = field(default_factory=list)

    def drop(self, reason: str, *keys: str) -> None:
        """Remove keys from ``ours``; other keys are ignored."""
        gone = [key for key in keys if self.ours.pop(key, None) is not None]
        if gone:
            self._reasons.setdefault(reason, []).extend(gone)

    def warn(self, note: str) -> None:
        """Add a note about the user's own values."""
        self._warnings.append(note)

    def text(self, key: str) -> str | None:
        """The value that Spark will use: the user's, ours, or Spark's default; None if unset."""
        if key in self.user:
            return self.user[key].value
        own = SETTINGS[key].default if key in SETTINGS else UNSET
        return self.ours.get(key, None if own.startswith("<") else own)

    def number(self, key: str) -> float | None:
        """The value in seconds, bytes or as a count; None also if Spark could not read it."""
        text, row = self.text(key), SETTINGS.get(key)
        kind, bare = (row.kind, row.bare) if row else _BESIDE[key]
        try:
            return None if text is None else number(kind, text, bare)
        except ValueError:
            return None

    def shown(self, key: str) -> str:
        """``conf sets spark.x = 1``: origin and value of the user's key, for a reason."""
        found = self.user[key]
        return f"{found.origin} sets {key} = {mask(key, found.value)}"

    def notes(self) -> tuple[str, ...]:
        """One sentence for each reason, then the warnings."""
        gone = [
            f"{reason} Left out of the profile: {', '.join(keys)}." for reason, keys in self._reasons.items()
        ]
        return (*gone, *self._warnings)
