"""Observe mode: what was found is said once, and again when it has gone and come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.finding import Finding

MOST: Final = 20
"""Findings of one attempt that are said: a condition may come and go for days."""


@dataclass
class News:
    """Findings that have not been said yet.

    Attributes:
        standing: what each source says now, by the name of the source. A finding is the same as long as its
            source names it without a gap.
    """

    standing: dict[str, str] = field(default_factory=dict)
    _waiting: list[Finding] = field(default_factory=list)
    _count: int = 0

    def take(self, source: str, finding: Finding | None, key: str = "") -> None:
        """What the source says now.

        Args:
            source: a rule, or what else finds something.
            finding: None where it finds nothing.
            key: what tells it from another one of the same source; the verdict unless given.
        """
        if finding is None:
            self.standing.pop(source, None)
            return
        key = key or str(finding.verdict)
        is_known = self.standing.get(source) == key
        self.standing[source] = key
        if not is_known and self._count < MOST:
            self._count += 1
            self._waiting.append(finding)

    def out(self) -> tuple[Finding, ...]:
        """What is to be said; each is given once."""
        waiting = tuple(self._waiting)
        self._waiting.clear()
        return waiting
