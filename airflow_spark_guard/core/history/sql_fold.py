"""The SQL executions of an application while its log is read, within a bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from airflow_spark_guard.core.history.event_time import epoch
from airflow_spark_guard.core.history.model import SqlHistory
from airflow_spark_guard.core.history.shortened import shortened
from airflow_spark_guard.core.history.sql_plan import accumulators_of, nodes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.history.event_kinds import Plan, SqlEnded, SqlPlanned, SqlStarted

MOST_EXECUTIONS = 10_000
MOST_NODES = 10_000
"""Operators that are kept, of all executions; of more, the shortest executions lose theirs."""
_UNSETTLED = 50
"""Executions that have ended and still wait for what accumulators hold: some of it comes later."""
_MOST_VALUES = 100_000
_LONGEST = 2000


@dataclass(slots=True)
class _Execution:
    """One SQL execution; times in milliseconds."""

    execution: int
    description: str = ""
    started: int | None = None
    ended: int | None = None
    failure: str = ""
    plan: Plan = ()
    values: Mapping[int, float] | None = None

    @property
    def span(self) -> int:
        """How long it took; 0 if unknown."""
        return (self.ended or 0) - (self.started or 0) if self.started and self.ended else 0

    def history(self, values: Mapping[int, float]) -> SqlHistory:
        """What was folded; ``values`` are used if it was not settled."""
        return SqlHistory(
            self.execution,
            self.description,
            epoch(self.started),
            epoch(self.ended),
            self.failure,
            nodes_of(self.plan, values if self.values is None else self.values),
        )


class SqlFold:
    """Takes the events about SQL executions.

    Attributes:
        left_out: executions that were one too many to keep: the first ones.
        stripped: executions whose plans were too many to keep.
    """

    def __init__(self) -> None:
        self.left_out = self.stripped = 0
        self._all: dict[int, _Execution] = {}
        self._unsettled: dict[int, _Execution] = {}
        self._values: dict[int, float] = {}
        self._nodes = 0

    def start(self, event: SqlStarted) -> None:
        """Take the start of an execution."""
        found = self._execution(event.execution)
        found.description, found.started = event.description[:_LONGEST], event.at
        self._set_plan(found, event.plan)

    def plan(self, event: SqlPlanned) -> None:
        """Take a new plan."""
        if event.plan:
            self._set_plan(self._execution(event.execution), event.plan)

    def end(self, event: SqlEnded) -> None:
        """Take the end of an execution."""
        found = self._execution(event.execution)
        found.ended, found.failure = event.at, shortened(event.failure)
        self._unsettled[found.execution] = found
        if len(self._unsettled) > _UNSETTLED:
            self._settle(self._unsettled.pop(next(iter(self._unsettled))))

    def hold(self, values: Mapping[int, float]) -> None:
        """Take what accumulators hold."""
        self._values.update(values)
        if len(self._values) > _MOST_VALUES:
            for accumulator in list(islice(self._values, _MOST_VALUES // 2)):
                del self._values[accumulator]

    def unended(self) -> int:
        """Executions that have started and not ended."""
        return sum(found.started is not None and found.ended is None for found in self._all.values())

    def description(self, execution: int | None) -> str:
        """The call or the statement of an execution; empty if unknown."""
        found = None if execution is None else self._all.get(execution)
        return "" if found is None else found.description

    def history(self, values: Mapping[int, float]) -> tuple[SqlHistory, ...]:
        """All, by id; ``values`` are what accumulators of unfinished stages hold."""
        held = {**values, **self._values}
        return tuple(self._all[execution].history(held) for execution in sorted(self._all))

    def _execution(self, execution: int) -> _Execution:
        found = self._all.get(execution)
        if found is None:
            found = self._all[execution] = _Execution(execution)
            if len(self._all) > MOST_EXECUTIONS:
                self._leave_out()
        return found

    def _set_plan(self, found: _Execution, plan: Plan) -> None:
        self._nodes += len(plan) - len(found.plan)
        found.plan = plan
        if self._nodes > MOST_NODES:
            self._strip()

    def _settle(self, found: _Execution) -> None:
        """Keep what the metrics of an execution hold, and nothing else of that."""
        wanted = accumulators_of(found.plan)
        found.values = {key: self._values.pop(key) for key in wanted if key in self._values}

    def _leave_out(self) -> None:
        """Forget the first tenth."""
        for execution in list(islice(self._all, MOST_EXECUTIONS // 10)):
            self._set_plan(self._all.pop(execution), ())
            self._unsettled.pop(execution, None)
            self.left_out += 1

    def _strip(self) -> None:
        """Forget the plans of the shortest executions, until half of the operators are left."""
        planned = [found for found in self._all.values() if found.plan]
        for found in sorted(planned, key=lambda found: (found.ended is None, found.span)):
            if self._nodes <= MOST_NODES // 2:
                return
            self._nodes -= len(found.plan)
            found.plan, found.values = (), {}
            self.stripped += 1
