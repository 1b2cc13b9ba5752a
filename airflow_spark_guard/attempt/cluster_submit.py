"""spark-submit in cluster mode: runs under the reaper until it has submitted the application."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.attempt.spec import ignore
from airflow_spark_guard.core.clock import LaunchTime, monotonic_now
from airflow_spark_guard.core.errors import KilledError, SubmitError
from airflow_spark_guard.core.failure.ending import submit_failure
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.process.attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.failure.reaper_report import Reason
    from airflow_spark_guard.core.output.output import JobOutput
    from airflow_spark_guard.process.attempt import Launch

_TICK = 0.25
_LONGEST_LINE = 4096


@dataclass(frozen=True)
class Handover:
    """How spark-submit ended.

    Attributes:
        exit_status: of spark-submit; None if it was not collected.
        reason: the reaper's; None if the reaper was killed.
        application_id: as spark-submit printed it; empty if it did not.
        evidence: the relevant part of its output.
        orphans: processes that could not be confirmed as ended.
    """

    exit_status: int | None
    reason: Reason | None
    application_id: str
    evidence: str
    orphans: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether spark-submit itself reports that it has submitted the application."""
        return self.reason == "ended" and self.exit_status == 0

    def failure(self, orphans: tuple[str, ...], *, killed: bool, limit: float) -> AttemptError:
        """The exception for a spark-submit that did not submit its application.

        Args:
            orphans: what could not be confirmed as ended.
            killed: whether the task was killed meanwhile.
            limit: how long spark-submit may take, in seconds.
        """
        seen: dict[str, Any] = {"evidence": self.evidence, "orphans": orphans}
        if killed:
            return KilledError("The task was killed while its job was being submitted.", **seen)
        if self.reason == "deadline":
            return SubmitError(
                f"spark-submit did not submit the application within {readable_duration(limit)}.",
                expected="a manager that accepts the application",
                advice="Usually it waits for an address that does not answer: read the lines below.",
                **seen,
            )
        return submit_failure(self.exit_status, **seen)


@dataclass
class ClusterSubmit:
    """One spark-submit.

    Args:
        launch: what to start, and how long it may take (``backstop``).
        output: decides which lines are shown.
        show: takes the lines to show.
        record: takes the raw output.
        printed_id: finds the application's id in a piece of the output; empty if there is none.
        on_start: takes the attempt, to end it from a signal's handler.
        late_after: seconds after which ``on_late`` is called, once.
        on_late: reports that it takes long.
    """

    launch: Launch
    output: JobOutput
    show: Callable[[list[str]], None]
    record: Callable[[bytes], None]
    printed_id: Callable[[bytes], str]
    on_start: Callable[[Attempt], None]
    late_after: LaunchTime = LaunchTime(math.inf)
    on_late: Callable[[], None] = ignore
    _is_late: bool = False
    _application_id: str = ""
    _rest: bytes = b""

    def run(self) -> Handover:
        """Run it to its end; its processes are gone when this returns, whatever ended it."""
        with Attempt(self.launch) as attempt:
            self.on_start(attempt)
            while not attempt.over and attempt.now < self.launch.backstop:
                self._take(attempt.poll(_TICK))
                self._report_late(attempt.now)
            late = not attempt.over and not attempt.kill_requested
            orphans = attempt.end(self._take)
            while chunk := attempt.poll(0.0):
                self._take(chunk)
            self.show(self.output.finish(monotonic_now()))
            report = attempt.report
        return Handover(
            exit_status=report["exit"] if report else None,
            reason="deadline" if late else report["reason"] if report else None,
            application_id=self._application_id,
            evidence=self.output.evidence(failed=True),
            orphans=orphans + tuple(report["left"] if report else ()),
        )

    def _report_late(self, now: LaunchTime) -> None:
        if now >= self.late_after and not self._is_late:
            self._is_late = True
            self.on_late()

    def _take(self, chunk: bytes) -> None:
        self.record(chunk)
        self.show(self.output.feed(chunk, monotonic_now()))
        text = self._rest + chunk
        self._application_id = self.printed_id(text) or self._application_id
        self._rest = text[text.rfind(b"\n") + 1 :][-_LONGEST_LINE:]
