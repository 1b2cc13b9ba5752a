"""One watch over an application of another owner, without I/O.

:class:`Watching` is written as generators: each yields a question to its surroundings (:class:`Port`), is
sent the answer, and returns what is known. :func:`run` drives one by calls that wait, :func:`run_async` by
coroutines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from airflow_spark_guard.core.clock import EpochTime, epoch_now
from airflow_spark_guard.core.failure.observed_text import ObservedFindings
from airflow_spark_guard.core.failure.verdict_summary import VERDICT_KEY
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.remote.outcome import Outcome, found_in
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.remote.submitting_task import nothing_reported, state_from, target_from
from airflow_spark_guard.core.verdict_table import never

if TYPE_CHECKING:
    from airflow_spark_guard.core.remote.plan import Plan
    from airflow_spark_guard.core.remote.remote_watch import RemoteWatch
    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.core.web.snapshot import Snapshot

T = TypeVar("T")
MEMORY_KEY: Final = "spark_guard_watch"
_SUBMITTER_PAUSE = 5.0
_ADVICE: Final = never("The sensor waits on: nothing has failed.")


class Port(Protocol):
    """The surroundings of a watch. Its methods wait for the answer, or all of them are coroutines."""

    def pull(self, map_index: int) -> Any:
        """What the submitting task with this index has pushed as ``spark_guard_application``, or None."""

    def find(self, target: Target) -> Any:
        """A ``Snapshot`` with the id of the application of the target's name, or why it has none."""

    def look(self, target: Target) -> Any:
        """The next ``Snapshot`` of the application."""

    def remember(self, memory: dict[str, Any]) -> Any:
        """Keep this for another process that goes on with the watch; :func:`recalled` reads it."""

    def warn(self, text: str) -> Any:
        """Write a line into the task log."""

    def publish(self, summary: dict[str, Any]) -> Any:
        """Push the XCom ``spark_guard_verdict``; why that failed, empty if it did not."""

    def pause(self, most: float) -> Any:
        """Wait until the next look is due, at most so many seconds."""


Steps = Generator[Callable[[Any], Any], Any, T]


def run(steps: Steps[T], port: Port) -> T:
    """What the generator returns, by calls that wait."""
    answer = None
    while True:
        try:
            question = steps.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        answer = question(port)


async def run_async(steps: Steps[T], port: Port) -> T:
    """The same by coroutines."""
    answer = None
    while True:
        try:
            question = steps.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        answer = await question(port)


def recalled(kept: object) -> Memory:
    """Where another process has stopped; what is not of this version is as good as nothing."""
    try:
        return Memory.from_json(kept)
    except ValueError:
        return Memory()


@dataclass
class Watching:
    """The watch of one sensor.

    Args:
        plan: what is watched.
        began: when the watch began.
        map_index: of the sensor's task.
        patient: whether another process goes on after each look: a silent driver is then asked again until it
            is clear what that means.
        clock: the time of day.
        memory: where another process has stopped; then what the next one needs, as it was kept last.
    """

    plan: Plan
    began: EpochTime
    map_index: int
    patient: bool = False
    clock: Callable[[], EpochTime] = epoch_now
    memory: Memory = field(default_factory=Memory)
    _watch: RemoteWatch | None = None
    _observed: ObservedFindings = field(default_factory=ObservedFindings)

    def look(self, complete: Callable[[Target], Target]) -> Steps[Outcome | None]:
        """One look; None while the application may go on.

        Args:
            complete: adds what the Airflow connection says of a target.

        Raises:
            ApplicationError: it cannot be watched.
        """
        named = yield from self._named()
        if named is None:
            return None
        return (yield from self._look(complete(named).check()))

    def follow(self, complete: Callable[[Target], Target]) -> Steps[Outcome]:
        """Look after look to the end; arguments and errors as of :meth:`look`."""
        while (named := (yield from self._named())) is None:
            yield methodcaller("pause", _SUBMITTER_PAUSE)
        while (outcome := (yield from self._look(complete(named).check()))) is None:
            yield methodcaller("pause", math.inf)
        return outcome

    def _named(self) -> Steps[Target | None]:
        """Which application; None until the task that submits it has published it."""
        if not self.plan.task_id:
            return self.plan.target
        reported = yield from self._reported()
        if reported is not None:
            return target_from(reported, self.plan.target)
        if self.clock() - self.began >= self.plan.patience.start:
            raise nothing_reported(self.plan.task_id, readable_duration(self.plan.patience.start))
        return None

    def _reported(self) -> Steps[object]:
        """What the submitting task has pushed."""
        for index in self.plan.map_indexes(self.map_index):
            reported = yield methodcaller("pull", index)
            if reported is not None:
                return reported
        return None

    def _look(self, target: Target) -> Steps[Outcome | None]:
        watch, target = self._begun(target)
        if not target.application_id:
            snapshot: Snapshot = yield methodcaller("find", target)
            if not snapshot.application_id:
                return (yield from self._judge(watch, target, snapshot))
            target = replace(target, application_id=snapshot.application_id)
        while True:
            snapshot = yield methodcaller("look", target)
            outcome = yield from self._judge(watch, target, snapshot)
            if outcome is not None or not (self.patient and watch.course.undecided):
                return outcome
            yield methodcaller("pause", math.inf)

    def _begun(self, target: Target) -> tuple[RemoteWatch, Target]:
        """The watch, and the target with the id that is known already."""
        if self._watch is None:
            self._watch = self.plan.watch(
                self.began, history_server=bool(target.history_server), alone=target.has_history_alone
            )
            self._watch.recall(self.memory)
        known = self._watch.memory.application_id
        return self._watch, replace(target, application_id=known or target.application_id)

    def _judge(self, watch: RemoteWatch, target: Target, snapshot: Snapshot) -> Steps[Outcome | None]:
        if snapshot.driver is None and self.plan.task_id:
            state = state_from((yield from self._reported()), snapshot.application_id)
            snapshot = replace(snapshot, task=state)
        found = watch.observe(snapshot, self.clock())
        news = [
            self._observed.take(found_in(watch.memory.application_id, one), _ADVICE)
            for one in watch.take_observed()
        ]
        for line in (*watch.take_notices(), *(text for text, _ in news)):
            yield methodcaller("warn", line)
        if news and (problem := (yield methodcaller("publish", news[-1][1]))):
            yield methodcaller("warn", f"The XCom {VERDICT_KEY} could not be pushed: {problem}")
        if watch.memory != self.memory:  # on change alone: each is a write to Airflow's database
            self.memory = watch.memory
            yield methodcaller("remember", self.memory.to_json())
        return None if found is None else Outcome.of(found, watch.memory, target)
