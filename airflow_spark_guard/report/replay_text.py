"""What the watchdog would have done, in sentences."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_spark_guard.core.quantity import readable_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.clock import EpochTime
    from airflow_spark_guard.core.history.replay import Acted, Replayed

_MOST = 10


def replay_sentences(replayed: Replayed, started: EpochTime | None) -> Iterator[str]:
    """The first moment would have ended the job; later ones would have come if it had not.

    Args:
        replayed: what the watchdog would have done.
        started: when the application started; None if unknown.
    """
    if not replayed.acted:
        yield "The watchdog would not have ended this application."
    for number, acted in enumerate(replayed.acted[:_MOST]):
        would = "The watchdog would have ended it" if number == 0 else "Otherwise again"
        finding = acted.finding
        yield f"{would} {_when(acted, started)}: {finding.verdict}: {finding.what} {finding.got}".rstrip()
        if finding.advice and number == 0:
            yield f"What to do: {finding.advice}"
    yield from replayed.caveats


def _when(acted: Acted, started: EpochTime | None) -> str:
    clock = datetime.fromtimestamp(acted.at, UTC).strftime("%H:%M:%S UTC")
    after = "" if started is None else f", {readable_duration(max(0.0, acted.at - started))} after its start"
    return f"at {clock}{after}"
