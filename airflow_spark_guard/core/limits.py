"""How long and how much an attempt may take: one place for every limit, with unit and default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from airflow_spark_guard.core.errors import LimitError
from airflow_spark_guard.core.limit_checks import END, WARN, check_limit, check_names, check_order
from airflow_spark_guard.core.quantity import readable_duration, seconds
from airflow_spark_guard.core.template import is_template, render

DEFAULT_DEADLINE = 3600.0


class _Default(str):
    """A default that can be told from the same text set by a user."""

    __slots__ = ()


_STALL_TIMEOUT = _Default("10m")
_ON_FINDING = _Default(END)
# Names that stand for limits, as those of profiles do.
_NAMED = {"observe": {"on_finding": WARN}}


@dataclass(frozen=True)
class GuardLimits:
    """The limits of one attempt. Durations: seconds, ``timedelta``, or text such as ``"90s"``, ``"2h"``.

    Every field is templated. A template is checked when the task has rendered it, anything else at once.

    Attributes:
        deadline: wall clock from the launch. Unset: 1 h, or none of its own where the task has an
            ``execution_timeout`` (which then holds alone).
        start_timeout: how long a Spark job may wait for its first task to be started (STARVED).
        stall_timeout: how long every counter of an active stage may stand still before the stage counts as
            hung (STALLED) when its workers are seen to be blocked; where they are busy, wait in a loop that
            sleeps, or cannot be seen, three times as long. A value that you set holds as set. The default
            widens to 3 executor heartbeats or 5 times the stage's median task, as does any value where the
            workers cannot be seen; the log and the verdict then say why.
        driver_silence: how long the driver may run without a Spark job, without ``heartbeat()`` and without
            ending (DRIVER_SILENT) when it is seen to be blocked; three times as long when it computes.
            Off unless set: only the author knows how long a model fit may take.
        executor_losses: losses of executors that are allowed within ``executor_window`` (EXECUTORS_LOST).
            Executors that are lost on one host or at one moment count once. Executors that dynamic allocation
            or the cluster takes away, and those whose node goes away, do not count. Unset: 3, or 1 for every
            10 executors where there are more than 30. A number that is set holds as it is.
        executor_window: see ``executor_losses``.
        executors_gone: how long a running Spark job may be without any executor after it had one.
        end_timeout: how long a history server, or a master, may need to say that an application ended well
            once its driver has gone silent; for the sensors, which have no process to watch.
        evidence_window: time between the two looks at a stage's workers that tell blocked from busy; it lies
            within ``stall_timeout`` and ``driver_silence``.
        poll_interval: time between two looks at the driver's REST API, at the most.
        autopsy_budget: time for the last look before a hung job is ended.
        exit_timeout: how long the process may stay after the script has ended. A healthy driver may need a
            while to close: the profile gives the listener bus and streaming queries 60 s each.
        kill_grace: time between SIGTERM and SIGKILL. More than 4 s does not fit into the 5 s that
            Airflow gives a killed task.
        result_size: largest result that goes to XCom, in bytes of JSON.
        log_lines: lines of job output that the task log shows as they come, without Spark's own below WARN;
            beyond them one line a minute (40 at the most) and the last 20. What the job reports (metrics,
            warnings, progress) shares the budget.
        record_size: largest size of the attempt's record, in bytes; beyond it the middle of the output is
            left out.
        on_finding: what a limit that has passed does. ``"end"`` ends the job. ``"warn"`` is observe mode: the
            verdict is logged, recorded, pushed as XCom and nothing is ended, so that the job comes to its own
            end. Unset: what Airflow's option ``[spark_guard] on_finding`` says, else ``"end"``.
    """

    deadline: Any = None
    start_timeout: Any = "5m"
    stall_timeout: Any = _STALL_TIMEOUT
    driver_silence: Any = None
    executor_losses: Any = None
    executor_window: Any = "10m"
    executors_gone: Any = "60s"
    end_timeout: Any = "2m"
    evidence_window: Any = "60s"
    poll_interval: Any = "30s"
    autopsy_budget: Any = "10s"
    exit_timeout: Any = "5m"
    kill_grace: Any = "3s"
    result_size: Any = "64k"
    log_lines: Any = 10_000
    record_size: Any = "256m"
    on_finding: Any = _ON_FINDING

    if not TYPE_CHECKING:  # where the fields alone count

        def __new__(cls, *_: Any, **given: Any) -> Self:
            """A misspelt name is an error with advice instead of Python's own."""
            check_names(given, cls.__dataclass_fields__)
            return super().__new__(cls)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not is_template(value) and not hasattr(value, "resolve"):
                check_limit(field.name, value)
        check_order(
            {name: value for name, value in asdict_shallow(self).items() if not self.is_default(name)}
        )

    def resolve(self, context: Mapping[str, Any]) -> GuardLimits:
        """Airflow's templater calls this in the task: a new object, every template rendered and checked."""
        given = {
            name: value for name, value in asdict_shallow(self).items() if not isinstance(value, _Default)
        }
        return replace(self, **render(given, context))

    def serialize(self) -> dict[str, Any]:
        """What Airflow's UI and API show as the rendered field."""
        return {name: str(value) for name, value in asdict_shallow(self).items() if value is not None}

    def is_default(self, name: str) -> bool:
        """Whether the field has its default because nothing else was given."""
        value, default = getattr(self, name), type(self).__dataclass_fields__[name].default
        return isinstance(value, _Default) if isinstance(default, _Default) else bool(value == default)

    @property
    def observes(self) -> bool:
        """Whether a limit that has passed is only said."""
        return bool(self.on_finding == WARN)

    def unless_set(self, on_finding: str) -> GuardLimits:
        """The same with this ``on_finding`` where none was given; an empty one changes nothing."""
        if not on_finding or not self.is_default("on_finding"):
            return self
        return replace(self, on_finding=on_finding)

    def deadline_seconds(self, execution_timeout: float | None = None) -> float | None:
        """Seconds that the guard itself allows; None where ``execution_timeout`` alone holds."""
        if self.deadline is not None:
            return seconds(self.deadline)
        return None if execution_timeout is not None else DEFAULT_DEADLINE

    def budget(self, execution_timeout: float | None) -> float:
        """Seconds that the attempt is given: its deadline, or ``execution_timeout`` where that is less."""
        limits = (self.deadline_seconds(execution_timeout), execution_timeout)
        return min(limit for limit in limits if limit is not None)

    def backstop(self, execution_timeout: float | None) -> float:
        """Seconds after which the attempt is ended whatever it does; infinite where nothing ends it."""
        if self.observes:
            return math.inf if execution_timeout is None else execution_timeout
        return self.budget(execution_timeout)

    def __str__(self) -> str:
        limit = "execution_timeout" if self.deadline is None else _shown(self.deadline)
        text = f"deadline {limit}, exit_timeout {_shown(self.exit_timeout)}"
        return f"{text}, on_finding {self.on_finding}" if self.observes else text


def checked_limits(limits: object) -> GuardLimits:
    """The limits to use, after rendering: the given ones, or the defaults for None.

    Raises:
        LimitError: something else than limits, such as the text that a template left.
    """
    if limits is None:
        return GuardLimits()
    if isinstance(limits, GuardLimits):
        return limits
    if isinstance(limits, str) and limits.strip() in _NAMED:
        return GuardLimits(**_NAMED[limits.strip()])
    advice = "Give a GuardLimits object (templates go into its fields), or one of the names."
    if isinstance(limits, Mapping):
        check_names(limits, GuardLimits.__dataclass_fields__)
        advice = f"Write GuardLimits({', '.join(f'{name}=...' for name in limits)})."
    raise LimitError(
        "The limits of the operator cannot be used.",
        got=repr(limits)[:200],
        expected=f'GuardLimits(deadline="2h", ...), or {" or ".join(map(repr, _NAMED))}',
        advice=advice,
    )


def check_literal_limits(limits: object) -> None:
    """Check what a DAG's file says already; a template, or another task's result, is checked once rendered.

    Raises:
        LimitError: as of :func:`checked_limits`.
    """
    if not is_template(limits) and not hasattr(limits, "resolve"):
        checked_limits(limits)


def asdict_shallow(config: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, values as they are (an XComArg stays one)."""
    return {field.name: getattr(config, field.name) for field in fields(config)}


def _shown(value: object) -> str:
    try:
        return readable_duration(seconds(value))
    except ValueError:  # a template that is still to be rendered
        return str(value)
