"""Observe mode: a finding is reported once, and again if it has gone and recurs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.finding import Finding

MOST: Final = 20
"""Maximum number of findings reported for one attempt: a condition may come and go for days."""


@dataclass
class News:
    """Findings that have not been reported yet.

    Attributes:
        standing: the current finding of each source, by the name of the source. A finding counts as one as
            long as its source reports it without a gap.
    """

    standing: dict[str, str] = field(default_factory=dict)
    _waiting: list[Finding] = field(default_factory=list)
    _count: int = 0

    def take(self, source: str, finding: Finding | None, key: str = "") -> None:
        """Add the current finding of a source.

        Args:
            source: name of a rule or of another source.
            finding: None if it finds nothing.
            key: distinguishes it from other findings of the source; by default the verdict.
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
        """The findings to report; each is returned once."""
        waiting = tuple(self._waiting)
        self._waiting.clear()
        return waiting
