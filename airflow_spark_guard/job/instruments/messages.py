"""Where measurements go: to the attempt's channel, and as text to standard output or error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from airflow_spark_guard.job.wire import open_channel, write_to_stderr

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_NAME, _LONGEST_WARNING = 200, 1000


class Sink(Protocol):
    """Takes what the instruments measure."""

    def measured(self, what: str, name: str, values: Mapping[str, Any], line: str, warning: str) -> None:
        """Take a measurement.

        Args:
            what: ``closure``, ``frame``, ``checkpoint``, ``broadcast`` or ``stage``.
            name: of the function, DataFrame or value.
            values: the figures, plain JSON values.
            line: ``file:line`` of the user's code; empty if it is not known.
            warning: a sentence; empty if nothing is wrong.
        """

    def say(self, text: str) -> None:
        """Show text to the reader of the job's output."""


class ChannelSink:
    """The attempt's channel; outside an attempt, warnings go to standard error."""

    def measured(self, what: str, name: str, values: Mapping[str, Any], line: str, warning: str) -> None:
        """Send a measurement; it is left out if it cannot be sent."""
        channel, text = open_channel(), warning[:_LONGEST_WARNING]
        try:
            channel.send(
                "instrument",
                what=what,
                name=name[:_LONGEST_NAME],
                values=dict(values),
                line=line[:_LONGEST_NAME],
                warning=text,
            )
        except (TypeError, ValueError) as error:
            write_to_stderr(f"spark-guard: A measurement of {name[:60]!r} was left out: {error}\n")
        if text and not channel.is_open:
            write_to_stderr(f"spark-guard: {text}\n")

    def say(self, text: str) -> None:
        """Print it; output that is closed or full takes nothing from the job."""
        try:
            print(text, flush=True)
        except (OSError, ValueError):
            write_to_stderr(f"spark-guard: {len(text)} characters could not be printed.\n")


class ListSink:
    """Keeps everything, for tests of jobs that use the instruments.

    Attributes:
        rows: what was measured: (what, name, values, line, warning).
        texts: what was to be shown.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, dict[str, Any], str, str]] = []
        self.texts: list[str] = []

    def measured(self, what: str, name: str, values: Mapping[str, Any], line: str, warning: str) -> None:
        """Keep a measurement."""
        self.rows.append((what, name, dict(values), line, warning))

    def say(self, text: str) -> None:
        """Keep a text."""
        self.texts.append(text)

    @property
    def warnings(self) -> list[str]:
        """The warnings so far."""
        return [warning for *_, warning in self.rows if warning]
