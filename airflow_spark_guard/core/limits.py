"""How long and how much an attempt may take: one place for every limit, with unit and default."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.errors import LimitError
from airflow_spark_guard.core.quantity import readable_duration, seconds, size_in_bytes
from airflow_spark_guard.core.template import is_template, render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_DEADLINE = 3600.0


@dataclass(frozen=True)
class GuardLimits:
    """The limits of one attempt. Durations: seconds, ``timedelta``, or text such as ``"90s"``, ``"2h"``.

    Every field is templated. A template is checked when the task has rendered it, anything else at once.

    Attributes:
        deadline: wall clock from the launch. Unset: 1 h, or none of its own where the task has an
            ``execution_timeout`` (which then holds alone).
        exit_timeout: how long the process may stay after the script has ended. A healthy driver may need a
            while to close: the profile gives the listener bus and streaming queries 60 s each.
        kill_grace: time between SIGTERM and SIGKILL. More than 4 s does not fit into the 5 s that
            Airflow gives a killed task.
        result_size: largest result that goes to XCom, in bytes of JSON.
        log_lines: lines of job output forwarded to the task log; beyond them a sample and the last lines.
    """

    deadline: Any = None
    exit_timeout: Any = "5m"
    kill_grace: Any = "3s"
    result_size: Any = "64k"
    log_lines: Any = 10_000

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not is_template(value) and not hasattr(value, "resolve"):
                _check(field.name, value)

    def resolve(self, context: Mapping[str, Any]) -> GuardLimits:
        """Airflow's templater calls this in the task: a new object, every template rendered and checked."""
        return replace(self, **render(asdict_shallow(self), context))

    def serialize(self) -> dict[str, Any]:
        """What Airflow's UI and API show as the rendered field."""
        return {name: str(value) for name, value in asdict_shallow(self).items() if value is not None}

    def deadline_seconds(self, execution_timeout: float | None = None) -> float | None:
        """Seconds that the guard itself allows; None where ``execution_timeout`` alone holds."""
        if self.deadline is not None:
            return seconds(self.deadline)
        return None if execution_timeout is not None else DEFAULT_DEADLINE

    def __str__(self) -> str:
        limit = "execution_timeout" if self.deadline is None else _shown(self.deadline)
        return f"deadline {limit}, exit_timeout {_shown(self.exit_timeout)}"


def checked_limits(limits: object) -> GuardLimits:
    """The limits to use, after rendering: the given ones, or the defaults for None.

    Raises:
        LimitError: something else than limits, such as the text that a template left.
    """
    if limits is None:
        return GuardLimits()
    if isinstance(limits, GuardLimits):
        return limits
    raise LimitError(
        "The limits of the operator cannot be used.",
        got=repr(limits),
        expected='GuardLimits(deadline="2h", ...); templates go into its fields',
        advice="Give a GuardLimits object.",
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


# Largest values: Airflow's 5 s for a killed task; one line of the channel, quotes and escapes included.
_LARGEST = {"kill_grace": 4.0, "result_size": 512 * 1024}
_CHECKS: Mapping[str, tuple[Callable[[object], float], str]] = {
    "deadline": (seconds, 'a duration above 0, such as 3600, "90m" or "2h"'),
    "exit_timeout": (seconds, 'a duration above 0, such as 60 or "2m"'),
    "kill_grace": (seconds, 'a duration above 0 and up to 4 s, such as 3 or "2s"'),
    "result_size": (size_in_bytes, 'a size above 0 and up to 512k, such as 65536 or "64k"'),
    "log_lines": (_count, "a whole number above 0"),
}


def _check(name: str, value: object) -> None:
    if value is None and name == "deadline":
        return
    parse, expected = _CHECKS[name]
    try:
        number = parse(value)
    except ValueError:
        number = 0
    # An endless limit is none, and no comparison holds for a NaN.
    if not 0 < number < math.inf or number > _LARGEST.get(name, math.inf):
        raise LimitError(
            f"GuardLimits.{name} cannot be used.",
            got=repr(value),
            expected=expected,
            advice="Mend the limit (after rendering, if it is a template) and clear the task.",
        )
