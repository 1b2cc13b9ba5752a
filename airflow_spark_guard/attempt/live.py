"""Serves those who look at an attempt while it runs: writes ``live.json`` and answers requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from airflow_spark_guard.attempt.examination import Examination
from airflow_spark_guard.core.clock import LaunchTime, epoch_now
from airflow_spark_guard.core.live.request import ENDED, ENDED_BY_A_USER, KINDS, MOST, Answer
from airflow_spark_guard.core.live.state import Moment
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.process.request_folder import RequestFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.attempt.watch import Watch
    from airflow_spark_guard.core.live.request import Request, State
    from airflow_spark_guard.core.live.state import LiveState, Phase
    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
    from airflow_spark_guard.core.watch.channel_state import ChannelState
    from airflow_spark_guard.process.record import NoRecord, Record

NAME: Final = "live.json"
EVERY: Final = 2.0
"""Seconds between two writes, at least."""
# Between two stack samples, each of which stops the job's processes for a moment.
_PAUSE = 5.0


class Sampler(Protocol):
    """Takes a stack sample of a job that goes on."""

    def sample(self, channel_state: ChannelState, now: LaunchTime) -> Autopsy:
        """The sample; called on a thread of its own."""


class Requests(Protocol):
    """Where requests come from."""

    def take(self) -> Request | None:
        """The next request; None if there is none."""

    def close(self) -> None:
        """Take no more."""


class NoRequests:
    """For an attempt without a record."""

    def take(self) -> Request | None:
        """None."""

    def close(self) -> None:
        """Do nothing."""


def requests_of(record: Record | NoRecord) -> Requests:
    """Requests in the folder of this record."""
    return RequestFolder(record.folder) if record.folder.is_absolute() else NoRequests()


def ended_by(user: str, now: LaunchTime) -> Finding:
    """The finding that ends an attempt because a user wants it; Airflow does not try it again."""
    return Finding(
        Verdict.KILLED,
        f"{user} ended the job on Airflow's page Spark guard.",
        0.0,
        now,
        advice=ENDED_BY_A_USER,
        suspect="any",
        retry=False,
    )


@dataclass
class Live:
    """What a page shows of one attempt, and what it asks for.

    Args:
        record: of the attempt.
        watch: of the attempt.
        state: what was observed of it so far.
        requests: of users.
        log: takes lines for the task log.

    Attributes:
        ender: the user who ends the attempt; empty if none does.
    """

    record: Record | NoRecord
    watch: Watch
    state: LiveState
    requests: Requests
    log: Callable[[str], None]
    ender: str = field(default="", init=False)
    _written: float = float("-inf")
    _phase: Phase = "running"
    _answered: int = 0
    _asked: Request | None = None
    _ending: Request | None = None
    _examination: Examination | None = None
    _sampled: float = float("-inf")

    def show(self, now: LaunchTime, channel_state: ChannelState, phase: Phase = "running") -> None:
        """Write ``live.json`` if the last one is 2 s old, or if the phase is another one."""
        phase = "collecting" if self._examination is not None else phase
        if now - self._written < EVERY and phase == self._phase:
            return
        self._written, self._phase = now, phase
        application = self.watch.application(channel_state)
        moment = Moment(
            now,
            epoch_now(),
            phase,
            application.id if application is not None else "",
            channel_state.inside,
            self.watch.standing(now),
            KINDS,
        )
        self.record.json_file(NAME, self.state.fields(moment), droppable=True)

    def asked(
        self, now: LaunchTime, channel_state: ChannelState, sampler: Sampler, budget: float
    ) -> Finding | None:
        """Answer a request; returns the finding that ends the attempt if a user wants that."""
        if self._examination is not None:
            self._finish(now, channel_state)
            return None
        request = self.requests.take()
        if request is None:
            return None
        self._answered += 1
        if request.kind == "end":
            self.ender, self._ending = request.by, request
            self._answer(request, "working", "The job is being ended: its stacks are collected first.")
            self.log(f"{request.by} ends the job on Airflow's page Spark guard.")
            return ended_by(request.by, now)
        if refusal := self._refusal(now):
            self._answer(request, "refused", refusal)
            return None
        self._answer(request, "working", f"Collecting for at most {budget:g} s.")
        self.log(f"{request.by} takes a stack sample on Airflow's page Spark guard.")
        self._asked = request
        self._examination = Examination(lambda: sampler.sample(channel_state, now), budget)
        self.show(now, channel_state)
        return None

    @property
    def is_sampling(self) -> bool:
        """Whether a stack sample is being taken: the watch must not look meanwhile."""
        return self._examination is not None

    def close(self) -> None:
        """Take no more requests; those that were not finished are answered."""
        self.requests.close()
        if self._ending is not None:
            self._answer(self._ending, "done", ENDED)
            self._ending = None
        if self._asked is not None:
            self._answer(self._asked, "refused", "The job ended before the sample was complete.")
            self._asked = self._examination = None
        while (request := self.requests.take()) is not None:
            self._answer(request, "refused", "The job had ended before the request was read.")

    def _refusal(self, now: LaunchTime) -> str:
        if self._answered > MOST:
            return f"This attempt has answered {MOST} requests (limit: {MOST}); it can still be ended."
        if now - self._sampled < _PAUSE:
            return f"The last sample is {now - self._sampled:.0f} s old (limit: {_PAUSE:g} s between two)."
        return ""

    def _finish(self, now: LaunchTime, channel_state: ChannelState) -> None:
        examination, request = self._examination, self._asked
        if examination is None or request is None or not examination.over:
            return
        autopsy = examination.autopsy
        self._examination = self._asked = None
        self._sampled = now
        self.watch.forget_samples()
        if autopsy is None:
            self._answer(request, "refused", "The sample was not complete in time; nothing was ended.")
        else:
            self.record.text_file(request.sample_name, autopsy.text)
            where = f"The line is {autopsy.place}." if autopsy.place else "No line of the user's was found."
            self._answer(request, "done", where, autopsy)
        self.show(now, channel_state)

    def _answer(self, request: Request, state: State, text: str, autopsy: Autopsy | None = None) -> None:
        place = autopsy.place if autopsy is not None else ""
        answer = Answer(request, state, text, epoch_now(), place, has_sample=autopsy is not None)
        self.record.json_file(answer.name, answer.json())
