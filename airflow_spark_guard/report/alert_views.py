"""Alerts as the page shows them; their texts hold names from the job and are made printable here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.history.alerts.alert import Alert

_TONES = {"critical": "bad", "warning": "warn", "info": "neutral"}
_LONGEST = 1000


@dataclass(frozen=True)
class AlertView:
    """One alert.

    Attributes:
        severity: ``critical``, ``warning`` or ``info``.
        tone: its colour.
        title: kind and place.
        what: one sentence with figure and limit.
        line: the user's line; may be empty.
        cure: what to do; empty if ``what`` says it.
    """

    severity: str
    tone: str
    title: str
    what: str
    line: str
    cure: str


def alert_views(alerts: Sequence[Alert]) -> tuple[AlertView, ...]:
    """The alerts in their order."""
    return tuple(
        AlertView(
            severity=str(alert.severity),
            tone=_TONES.get(str(alert.severity), "neutral"),
            title=one_line(f"{alert.kind}: {alert.where}" if alert.where else alert.kind, _LONGEST),
            what=one_line(alert.what, _LONGEST),
            line=one_line(alert.line, _LONGEST),
            cure=one_line(alert.cure, _LONGEST),
        )
        for alert in alerts
    )
