"""The limits of an attempt, each with its unit and default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from airflow_spark_guard.core.errors import LimitError
from airflow_spark_guard.core.limit_checks import END, WARN, check_limit, check_names, check_order
from airflow_spark_guard.core.quantity import readable_duration, seconds
from airflow_spark_guard.core.template import is_template, render

if TYPE_CHECKING:
    from airflow_spark_guard.core.quantity import Count, Duration, Size
    from airflow_spark_guard.core.template import Resolvable

DEFAULT_DEADLINE = 3600.0


class _Default(str):
    """A default that can be distinguished from equal text that a user has set."""

    __slots__ = ()


_STALL_TIMEOUT = _Default("10m")
_EXECUTORS_GONE = _Default("60s")
_ON_FINDING = _Default(END)
# Named sets of limits.
_NAMED = {"observe": {"on_finding": WARN}}


@dataclass(frozen=True)
class GuardLimits:
    """The limits of one attempt. Durations: seconds, ``timedelta``, or text such as ``"90s"``, ``"2h"``.

    Every field is templated. Templates are checked when the task has rendered them, other values at once.

    Attributes:
        deadline: wall-clock time from the launch. Unset: 1 h, or no deadline if the task has an
            ``execution_timeout`` (which then applies alone).
        start_timeout: how long a Spark job may wait for its first task to start (STARVED).
        stall_timeout: how long all counters of an active stage may stand still before the stage counts as
            hung (STALLED), if its workers are seen to be blocked; three times as long if they are busy, wait
            in a loop that sleeps, stand still beside background threads of a library that move, or cannot be
            seen. A value that you set is used as set. The default
            widens to 3 executor heartbeats or 5 times the stage's median task, as does any value if the
            workers cannot be seen; the log and the verdict then give the reason. A Spark job without an
            active stage has three times as long, at least ``start_timeout``.
        driver_silence: how long the driver may run without a Spark job, without ``heartbeat()`` and without
            ending (DRIVER_SILENT), if it is seen to be blocked; three times as long if it computes. While
            processes that it has started work, or its JVM reads and writes, it is not silent.
            Off unless set: only the author knows how long a model fit may take.
        executor_losses: number of executor losses allowed within ``executor_window`` (EXECUTORS_LOST).
            Losses on one host or at the same moment count once. Executors removed by dynamic allocation or
            by the cluster, and those whose node goes away, do not count. Unset: 3, or 1 for every 10
            executors if there are more than 30. A number that you set is used as set.
        executor_window: see ``executor_losses``.
        executors_gone: how long a running Spark job may be without any executor after it had one. Unset:
            60 s, and at least ``start_timeout`` if its node went away, which the cluster must replace.
        end_timeout: how long a history server or a master may take to report that an application has
            succeeded once its driver no longer answers; for sensors, which have no process to watch.
        evidence_window: time between the two samples of a stage's workers that distinguish blocked from
            busy; must be shorter than ``stall_timeout`` and ``driver_silence``.
        poll_interval: maximum time between two requests to the driver's REST API.
        autopsy_budget: time for collecting diagnostics before a hung job is ended.
        exit_timeout: how long the process may stay after the script has ended, counted anew from the last
            Spark job that its threads run. A healthy driver may need a while to close: the profile allows the
            listener bus and streaming queries 60 s each.
        kill_grace: time between SIGTERM and SIGKILL. At most 4 s, to fit into the 5 s that Airflow allows
            a killed task.
        result_size: maximum size of a result for XCom, in bytes of JSON.
        log_lines: lines of job output that the task log shows as they come, without Spark's own below WARN;
            after that one line a minute (at most 40) and the last 20. What the job reports (metrics,
            warnings, progress) shares the budget.
        record_size: maximum size of the attempt's record, in bytes; beyond it the middle of the output is
            left out.
        on_finding: what happens when a limit is exceeded. ``"end"`` ends the job. ``"warn"`` is observe mode:
            the verdict is logged, recorded and pushed as XCom, and the job runs on. Unset: the value of
            Airflow's option ``[spark_guard] on_finding``, else ``"end"``.
    """

    deadline: Duration | Resolvable | None = None
    start_timeout: Duration | Resolvable = "5m"
    stall_timeout: Duration | Resolvable = _STALL_TIMEOUT
    driver_silence: Duration | Resolvable | None = None
    executor_losses: Count | Resolvable | None = None
    executor_window: Duration | Resolvable = "10m"
    executors_gone: Duration | Resolvable = _EXECUTORS_GONE
    end_timeout: Duration | Resolvable = "2m"
    evidence_window: Duration | Resolvable = "60s"
    poll_interval: Duration | Resolvable = "30s"
    autopsy_budget: Duration | Resolvable = "10s"
    exit_timeout: Duration | Resolvable = "5m"
    kill_grace: Duration | Resolvable = "3s"
    result_size: Size | Resolvable = "64k"
    log_lines: Count | Resolvable = 10_000
    record_size: Size | Resolvable = "256m"
    on_finding: str | Resolvable = _ON_FINDING

    if not TYPE_CHECKING:  # type checkers derive the signature from the fields

        def __new__(cls, *_: Any, **given: Any) -> Self:
            """Report a misspelt name with a suggestion, which Python's own error lacks."""
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
        """Return a new object with every template rendered and checked. Airflow's templater calls this."""
        given = {
            name: value for name, value in asdict_shallow(self).items() if not isinstance(value, _Default)
        }
        return replace(self, **render(given, context))

    def serialize(self) -> dict[str, Any]:
        """The rendered field as Airflow's UI and API show it."""
        return {name: str(value) for name, value in asdict_shallow(self).items() if value is not None}

    def is_default(self, name: str) -> bool:
        """Whether the field was not set and has its default."""
        value, default = getattr(self, name), type(self).__dataclass_fields__[name].default
        return isinstance(value, _Default) if isinstance(default, _Default) else bool(value == default)

    @property
    def observes(self) -> bool:
        """Whether an exceeded limit is only reported (observe mode)."""
        return bool(self.on_finding == WARN)

    def unless_set(self, on_finding: str) -> GuardLimits:
        """A copy with this ``on_finding`` if the field was not set; an empty value changes nothing."""
        if not on_finding or not self.is_default("on_finding"):
            return self
        return replace(self, on_finding=on_finding)

    def deadline_seconds(self, execution_timeout: float | None = None) -> float | None:
        """The guard's own deadline in seconds; None if only ``execution_timeout`` applies."""
        if self.deadline is not None:
            return seconds(self.deadline)
        return None if execution_timeout is not None else DEFAULT_DEADLINE

    def budget(self, execution_timeout: float | None) -> float:
        """Seconds that the attempt may take: the smaller of its deadline and ``execution_timeout``."""
        limits = (self.deadline_seconds(execution_timeout), execution_timeout)
        return min(limit for limit in limits if limit is not None)

    def backstop(self, execution_timeout: float | None) -> float:
        """Seconds after which the attempt is ended in any case; infinite if it never is."""
        if self.observes:
            return math.inf if execution_timeout is None else execution_timeout
        return self.budget(execution_timeout)

    def __str__(self) -> str:
        limit = "execution_timeout" if self.deadline is None else _shown(self.deadline)
        text = f"deadline {limit}, exit_timeout {_shown(self.exit_timeout)}"
        return f"{text}, on_finding {self.on_finding}" if self.observes else text


def checked_limits(limits: object) -> GuardLimits:
    """The limits to use, after rendering: the argument, or the defaults for None.

    Raises:
        LimitError: it is not a set of limits, but for example the text of a template.
    """
    if limits is None:
        return GuardLimits()
    if isinstance(limits, GuardLimits):
        return limits
    if isinstance(limits, str) and limits.strip() in _NAMED:
        return GuardLimits(**_NAMED[limits.strip()])
    advice = "Use a GuardLimits object (templates go into its fields), or one of the names."
    if isinstance(limits, Mapping):
        check_names(limits, GuardLimits.__dataclass_fields__)
        advice = f"Write GuardLimits({', '.join(f'{name}=...' for name in limits)})."
    raise LimitError(
        "The operator's limits are not valid.",
        got=repr(limits)[:200],
        expected=f'GuardLimits(deadline="2h", ...), or {" or ".join(map(repr, _NAMED))}',
        advice=advice,
    )


def check_literal_limits(limits: object) -> None:
    """Check limits in the DAG file; templates and results of other tasks are checked once rendered.

    Raises:
        LimitError: see :func:`checked_limits`.
    """
    if not is_template(limits) and not hasattr(limits, "resolve"):
        checked_limits(limits)


def asdict_shallow(config: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, with unchanged values (an XComArg stays one)."""
    return {field.name: getattr(config, field.name) for field in fields(config)}


def _shown(value: object) -> str:
    try:
        return readable_duration(seconds(value))
    except ValueError:  # a template that is still to be rendered
        return str(value)
