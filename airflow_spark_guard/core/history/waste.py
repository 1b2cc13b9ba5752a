"""What an attempt has wasted: written into its summary at its end, read from there by page and metrics.

An attempt that fails is run again, so that all it held counts as wasted: what its tasks used is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.history.executor_time import total
from airflow_spark_guard.core.history.numbers import number_of

if TYPE_CHECKING:
    from airflow_spark_guard.core.history.cost import Receipt

_ROUNDING: Final = 1.0
"""Core-seconds by which parts that were rounded may exceed the whole."""
_MOST_LOSSES: Final = 10**9


@dataclass(frozen=True)
class Waste:
    """What was held, and the parts of it that were wasted, in core-seconds.

    Attributes:
        held: by all executors.
        idle: while no task used it.
        tasks: used by tasks that failed, and by those of repeated stages; None if unknown.
        thrown_away: used by other tasks of an attempt that failed.
    """

    held: float
    idle: float
    tasks: float | None
    thrown_away: float

    @property
    def wasted(self) -> float:
        """The sum of the known parts."""
        return self.idle + (self.tasks or 0.0) + self.thrown_away


def waste_of(receipt: Receipt, *, succeeded: bool) -> Waste | None:
    """What is wasted of a receipt; None if it does not know what was held and what was idle."""
    if receipt.held is None or receipt.idle is None:
        return None
    tasks = total((receipt.lost, receipt.repeated))
    rest = max(0.0, receipt.held - receipt.idle - (tasks or 0.0))
    return Waste(receipt.held, receipt.idle, tasks, 0.0 if succeeded else rest)


def cost_fields(receipt: Receipt, losses: int | None, *, succeeded: bool) -> dict[str, Any]:
    """The field ``cost`` of ``summary.json``; ``docs/records.md`` has its parts. None stands for unknown.

    Args:
        receipt: of the attempt.
        losses: executors that were lost; None if unknown.
        succeeded: whether the attempt did.
    """
    waste = waste_of(receipt, succeeded=succeeded)
    return {
        "held_core_s": _rounded(receipt.held),
        "used_core_s": _rounded(receipt.used),
        "idle_core_s": _rounded(receipt.idle),
        "lost_core_s": _rounded(receipt.lost),
        "repeated_core_s": _rounded(receipt.repeated),
        "thrown_away_core_s": _rounded(waste.thrown_away if waste is not None else None),
        "wasted_core_s": _rounded(waste.wasted if waste is not None else None),
        "executor_losses": losses,
    }


def waste_in(cost: object) -> Waste | None:
    """What the field ``cost`` of a summary says, untrusted; None without a figure to calculate with."""
    if not isinstance(cost, dict):
        return None
    held, idle, thrown_away = (
        _amount(cost.get(f"{name}_core_s")) for name in ("held", "idle", "thrown_away")
    )
    if held is None or idle is None or thrown_away is None:
        return None
    tasks = total(_amount(cost.get(f"{name}_core_s")) for name in ("lost", "repeated"))
    found = Waste(held, idle, tasks, thrown_away)
    return found if found.wasted <= held + _ROUNDING else None


def losses_in(cost: object) -> int | None:
    """How many executors were lost by the field ``cost`` of a summary; None if unknown."""
    value = cost.get("executor_losses") if isinstance(cost, dict) else None
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_LOSSES
    return value if is_count else None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _amount(value: object) -> float | None:
    """A number that is not negative; None for anything else."""
    number = number_of(value)
    return number if number is not None and number >= 0 else None
