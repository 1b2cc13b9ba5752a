"""Serves those who look at an attempt in cluster mode: its state, and the end that a user asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.attempt.live import NAME
from airflow_spark_guard.core.clock import LaunchTime, epoch_now
from airflow_spark_guard.core.live.request import ENDED, Answer
from airflow_spark_guard.core.live.state import LiveState, Moment

if TYPE_CHECKING:
    from airflow_spark_guard.attempt.live import Requests
    from airflow_spark_guard.core.live.request import Request, State
    from airflow_spark_guard.core.live.state import Phase
    from airflow_spark_guard.core.watch.channel_state import ChannelState
    from airflow_spark_guard.process.record import NoRecord, Record

_NO_STACKS: Final = (
    "The driver runs on the cluster, where this guard reads no stacks: use the thread dump of Spark's UI."
)


@dataclass
class ClusterLive:
    """What a page shows of one attempt, and whether a user ends it.

    Args:
        record: of the attempt.
        state: what is known of it.
        requests: of users.

    Attributes:
        ender: the user who ends it; empty if none does.
    """

    record: Record | NoRecord
    state: LiveState
    requests: Requests
    ender: str = field(default="", init=False)
    _ending: Request | None = field(default=None, init=False)

    def show(self, now: LaunchTime, channel_state: ChannelState, application_id: str) -> None:
        """Write ``live.json``; called once for each poll of the manager."""
        phase: Phase = "ending" if self.ender else "running"
        moment = Moment(now, epoch_now(), phase, application_id, channel_state.inside, requests=("end",))
        self.record.json_file(NAME, self.state.fields(moment), droppable=True)

    def asked(self) -> str:
        """The user who ends the attempt; empty if none does. A stack sample is refused."""
        request = None if self.ender else self.requests.take()
        if request is not None and request.kind == "end":
            self.ender, self._ending = request.by, request
            self._answer(request, "working", "The cluster manager is asked to end the application.")
        elif request is not None:
            self._answer(request, "refused", _NO_STACKS)
        return self.ender

    def close(self) -> None:
        """Take no more requests; that of the user who ended it is answered."""
        self.requests.close()
        if self._ending is not None:
            self._answer(self._ending, "done", ENDED)
            self._ending = None

    def _answer(self, request: Request, state: State, text: str) -> None:
        answer = Answer(request, state, text, epoch_now())
        self.record.json_file(answer.name, answer.json())
