"""How long and how much an attempt may take: one place for every limit, with unit and default."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from airflow_spark_guard.core.errors import LimitError
from airflow_spark_guard.core.quantity import readable_duration, seconds, size_in_bytes
from airflow_spark_guard.core.template import is_template, render

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_DEADLINE = 3600.0


class _Default(str):
    """A default that can be told from the same text set by a user."""

    __slots__ = ()


_STALL_TIMEOUT = _Default("10m")
END, WARN = "end", "warn"
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
            _check_names(given)
            return super().__new__(cls)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not is_template(value) and not hasattr(value, "resolve"):
                _check(field.name, value)
        _check_order(self)

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
        _check_names(limits)
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


def _check_names(given: Mapping[Any, Any]) -> None:
    known = [field.name for field in fields(GuardLimits)]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            raise LimitError(
                "GuardLimits has no such limit.",
                got=repr(name)[:100],
                expected=f"one of {', '.join(known)}",
                advice=f"Did you mean {near[0]!r}?" if near else "Name one of them, or leave it out.",
            )


def asdict_shallow(config: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, values as they are (an XComArg stays one)."""
    return {field.name: getattr(config, field.name) for field in fields(config)}


def _shown(value: object) -> str:
    try:
        return readable_duration(seconds(value))
    except ValueError:  # a template that is still to be rendered
        return str(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        msg = f"not a count: {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - text that is no number raises ValueError too
    return int(value)


# Smaller before larger. The defaults give way to each other: only two values that somebody chose contradict.
_ORDER = (
    ("evidence_window", "stall_timeout"),
    ("evidence_window", "driver_silence"),
    ("poll_interval", "stall_timeout"),
    ("stall_timeout", "deadline"),
    ("start_timeout", "deadline"),
    ("driver_silence", "deadline"),
    ("executors_gone", "deadline"),
    ("kill_grace", "deadline"),
)


def _check_order(limits: GuardLimits) -> None:
    chosen = {
        field.name: value
        for field in fields(limits)
        if not limits.is_default(field.name) and not is_template(value := getattr(limits, field.name))
    }
    for small, large in _ORDER:
        if small not in chosen or large not in chosen:
            continue
        if any(hasattr(chosen[name], "resolve") for name in (small, large)):
            continue
        if seconds(chosen[small]) >= seconds(chosen[large]):
            raise LimitError(
                f"GuardLimits.{small} and GuardLimits.{large} contradict each other.",
                got=f"{small}={chosen[small]!r}, {large}={chosen[large]!r}",
                expected=f"{small} < {large}: the inner limit must be able to pass first",
                advice=f"Lower {small}, or raise {large}.",
            )


# Largest values: Airflow's 5 s for a killed task; one line of the channel, quotes and escapes included.
_LARGEST = {"kill_grace": 4.0, "result_size": 512 * 1024, "autopsy_budget": 60.0}
_SMALLEST = {"executor_losses": 0, "record_size": 1 << 20}
_DURATION = 'a duration above 0, such as 90, "90s" or "10m"'
_MAY_BE_UNSET = ("deadline", "driver_silence", "executor_losses")
_CHECKS: Mapping[str, tuple[Callable[[object], float], str]] = {
    "deadline": (seconds, 'a duration above 0, such as 3600, "90m" or "2h"'),
    "start_timeout": (seconds, _DURATION),
    "stall_timeout": (seconds, _DURATION),
    "driver_silence": (seconds, _DURATION),
    "executor_losses": (_count, "a whole number, 0 or above"),
    "executor_window": (seconds, _DURATION),
    "executors_gone": (seconds, _DURATION),
    "end_timeout": (seconds, _DURATION),
    "evidence_window": (seconds, _DURATION),
    "poll_interval": (seconds, _DURATION),
    "autopsy_budget": (seconds, 'a duration above 0 and up to 60 s, such as 10 or "15s"'),
    "exit_timeout": (seconds, 'a duration above 0, such as 60 or "2m"'),
    "kill_grace": (seconds, 'a duration above 0 and up to 4 s, such as 3 or "2s"'),
    "result_size": (size_in_bytes, 'a size above 0 and up to 512k, such as 65536 or "64k"'),
    "log_lines": (_count, "a whole number above 0"),
    "record_size": (size_in_bytes, 'a size of 1m or more, such as "256m"'),
}


def check_on_finding(place: str, value: object) -> None:
    """Refuse a word that :attr:`GuardLimits.on_finding` does not know.

    Args:
        place: where it stands, as the message names it.
        value: the word.

    Raises:
        LimitError: neither ``"end"`` nor ``"warn"``.
    """
    if value not in (END, WARN):
        raise LimitError(
            f"{place} cannot be used.",
            got=repr(value)[:200],
            expected=f'"{END}" or "{WARN}"',
            advice=f'"{END}" ends a job whose limit has passed, "{WARN}" logs a warning and lets it go on.',
        )


def _check(name: str, value: object) -> None:
    if name == "on_finding":
        check_on_finding("GuardLimits.on_finding", value)
        return
    if value is None and name in _MAY_BE_UNSET:
        return
    parse, expected = _CHECKS[name]
    try:
        number = parse(value)
    except ValueError:
        number = -1
    # An endless limit is none, and no comparison holds for a NaN.
    smallest = _SMALLEST.get(name)
    enough = number > 0 if smallest is None else number >= smallest
    if not (enough and number < math.inf) or number > _LARGEST.get(name, math.inf):
        raise LimitError(
            f"GuardLimits.{name} cannot be used.",
            got=repr(value),
            expected=expected,
            advice="Mend the limit (after rendering, if it is a template) and clear the task.",
        )
