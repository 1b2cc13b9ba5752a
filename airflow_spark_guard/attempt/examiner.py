"""Autopsies of one attempt: what is collected before a hung job is ended, or while it is only observed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.stages import running_stages
from airflow_spark_guard.process import autopsy
from airflow_spark_guard.process.autopsy import AutopsyInput
from airflow_spark_guard.sources import log_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from airflow_spark_guard.attempt.log import AttemptLog
    from airflow_spark_guard.attempt.watch import Watch
    from airflow_spark_guard.core.clock import LaunchTime
    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
    from airflow_spark_guard.core.watch.channel_state import ChannelState
    from airflow_spark_guard.core.watch.finding import Suspect
    from airflow_spark_guard.core.watch.observation import Executor
    from airflow_spark_guard.process.leftovers import Tag

# The log and the steps after the autopsy need the rest of its budget.
_MARGIN = 0.9


@dataclass
class Examiner:
    """Takes the autopsies of one attempt and keeps them in its record.

    Args:
        tag: of the attempt's processes.
        stacks: the file that the driver's Python dumps its stack to.
        budget: seconds for one autopsy.
        log: of the attempt; it has the output, where the JVM and local workers dump their stacks.
        watch: of the attempt; it knows the driver and the executors.
    """

    tag: Tag
    stacks: Path
    budget: float
    log: AttemptLog
    watch: Watch
    _autopsies: list[str] = field(default_factory=list)

    def examine(self, finding: Finding, channel_state: ChannelState) -> Autopsy | None:
        """The autopsy of a job that is about to be ended; called on a thread of its own."""
        self.log.notice(f"{finding.verdict}: {finding.what} Collecting diagnostics before ending the job.")
        if self.watch.observer is not None:
            self.watch.observer.let_go()
        found = self._take(finding, channel_state)
        self.log.record.autopsy("\n\n".join((*self._autopsies, found.text)))
        return found

    def observe(self, finding: Finding, channel_state: ChannelState) -> Autopsy | None:
        """The autopsy of a job that goes on (observe mode); called on a thread of its own."""
        if self.watch.observer is not None:
            self.watch.observer.pause()
        found = self._take(finding, channel_state)
        self._autopsies.append(f"Observed after {readable_duration(finding.reached_at)}: {found.text}")
        self.log.record.autopsy("\n\n".join(self._autopsies))
        return found

    def sample(self, channel_state: ChannelState, now: LaunchTime) -> Autopsy:
        """What a user asks for while the job goes on; called on a thread of its own."""
        if self.watch.observer is not None:
            self.watch.observer.pause()
        stages, stuck = self.watch.suspects()
        suspect: Suspect = "worker" if stages else "any"
        asked = Finding(Verdict.UNKNOWN, "", 0.0, now, suspect=suspect, stages=stages, stuck=stuck)
        return self._take(asked, channel_state)

    def _take(self, finding: Finding, channel_state: ChannelState) -> Autopsy:
        driver, observer = self.watch.driver, self.watch.observer
        autopsy_input = AutopsyInput(
            tag=self.tag,
            suspect=finding.suspect,
            stacks=self.stacks,
            driver_pid=channel_state.pid or None,
            rest=observer.rest if observer is not None else None,
            tail=log_page.tail,
            jvm_dump=lambda: self.log.jvm_dump,
            executors=driver.executors if driver is not None else (),
            others=partial(self._executors_at_the_master, channel_state),
            stages=finding.stages or running_stages(driver, channel_state.inside),
            stuck=frozenset(finding.stuck),
            output=lambda: self.log.tail.decode(errors="replace"),
        )
        return autopsy.take(autopsy_input, self.budget * _MARGIN)

    def _executors_at_the_master(self, channel_state: ChannelState) -> Sequence[Executor]:
        """Those that a standalone master knows, the dead ones last; the driver may not know them."""
        if self.watch.observer is None:
            return ()
        application = self.watch.application(channel_state)
        page = self.watch.observer.page_of(application) if application is not None else None
        return (*page.unended, *page.ended) if page is not None else ()
