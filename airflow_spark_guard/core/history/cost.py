"""What an application cost: core-seconds and GiB-seconds held, what became of them, money by given rates."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.errors import ArgumentError
from airflow_spark_guard.core.history.container_size import driver_container, executor_container, manager_of
from airflow_spark_guard.core.history.executor_time import (
    cpus_of_a_task,
    held_by,
    is_lost,
    seconds_of,
    stays_of,
    total,
    used_by,
)

if TYPE_CHECKING:
    from airflow_spark_guard.core.history.model import ApplicationHistory

_GIB: Final = 1 << 30
_HOUR: Final = 3600.0


@dataclass(frozen=True)
class Rates:
    """What an hour costs.

    Attributes:
        core_hour: of one core; None if cores are not charged.
        gib_hour: of one GiB of memory; None if memory is not charged.
        currency: text that is shown after an amount, such as ``EUR``.

    Raises:
        ArgumentError: a rate is negative or not a finite number.
    """

    core_hour: float | None = None
    gib_hour: float | None = None
    currency: str = ""

    def __post_init__(self) -> None:
        for name, rate in (("core_hour", self.core_hour), ("gib_hour", self.gib_hour)):
            if rate is not None and not (math.isfinite(rate) and rate >= 0):
                raise ArgumentError(
                    f"The rate {name} is not a price.",
                    got=str(rate),
                    expected="a number that is not negative",
                    advice="Pass the price of one hour, such as 0.05.",
                )

    def price(self, core_seconds: float | None, gib_seconds: float | None) -> float | None:
        """The price; None without a rate, or if what a rate applies to is unknown."""
        parts = [
            None if amount is None else amount / _HOUR * rate
            for amount, rate in ((core_seconds, self.core_hour), (gib_seconds, self.gib_hour))
            if rate is not None
        ]
        return total(parts)


@dataclass(frozen=True)
class Receipt:
    """What an application held and used. None means unknown.

    Where they are known: ``held = used + idle``, ``used = useful + repeated + lost``,
    ``lost = failed + speculative``, and ``idle_of_lost`` is a part of ``idle``. All are core-seconds, but
    ``held_gib`` and ``driver_gib``, and the prices.

    Attributes:
        held: cores of all executors times their time.
        used: run time of tasks times ``spark.task.cpus``, at most ``held``.
        idle: the rest.
        useful: run time of tasks that succeeded, in the first attempt of their stage.
        repeated: run time of tasks that succeeded in a later attempt of their stage: work done again.
        lost: run time of task attempts that failed or were killed.
        failed: the part of ``lost`` without speculation.
        speculative: the part of ``lost`` of copies that were slower than another attempt of their task.
        idle_of_lost: idle core-seconds of executors that were lost later.
        held_gib: GiB-seconds of all executors, with overhead, off-heap and Python's memory.
        driver: core-seconds of the driver, not part of ``held``; 0 in ``local[n]``, where it is the executor.
        driver_gib: GiB-seconds of the driver.
        price: of the executors, by the rates.
        driver_price: of the driver.
        wasted_price: the part of ``price`` for what was not useful.
        currency: of the prices.
        unknown: what is not known, and why: one sentence each.
    """

    held: float | None = None
    used: float | None = None
    idle: float | None = None
    useful: float | None = None
    repeated: float | None = None
    lost: float | None = None
    failed: float | None = None
    speculative: float | None = None
    idle_of_lost: float | None = None
    held_gib: float | None = None
    driver: float | None = None
    driver_gib: float | None = None
    price: float | None = None
    driver_price: float | None = None
    wasted_price: float | None = None
    currency: str = ""
    unknown: tuple[str, ...] = ()

    def share(self, part: float | None) -> float | None:
        """A part of ``held``, from 0 to 1; None if unknown."""
        return None if part is None or not self.held else part / self.held

    @property
    def wasted(self) -> float | None:
        """What was held and not useful; None if unknown."""
        return None if self.held is None or self.useful is None else self.held - self.useful


def receipt_of(history: ApplicationHistory, rates: Rates | None = None) -> Receipt:
    """The receipt of an application; prices only with rates, which have no default."""
    held, used = held_by(history), used_by(history)
    lost = _at_most(used, _task_time(history, _lost(history)))
    speculative = _at_most(lost, _task_time(history, _speculative(history)))
    rest = _difference(used, lost)
    repeated = _at_most(rest, _task_time(history, _repeated(history)))
    held_gib, seconds = _held_gib(history), seconds_of(history)
    driver, driver_gib = _driver(history, seconds)
    return _priced(
        Receipt(
            held=held,
            used=used,
            idle=_difference(held, used),
            useful=_difference(rest, repeated),
            repeated=repeated,
            lost=lost,
            failed=_difference(lost, speculative),
            speculative=speculative,
            idle_of_lost=_idle_of_lost(history, _difference(held, used)),
            held_gib=held_gib,
            driver=driver,
            driver_gib=driver_gib,
            unknown=_unknown(history),
        ),
        rates,
    )


def _priced(receipt: Receipt, rates: Rates | None) -> Receipt:
    if rates is None:
        return receipt
    price = rates.price(receipt.held, receipt.held_gib)
    part = receipt.share(receipt.wasted)
    return replace(
        receipt,
        price=price,
        driver_price=rates.price(receipt.driver, receipt.driver_gib),
        wasted_price=None if price is None or part is None else price * part,
        currency=rates.currency,
    )


def _difference(whole: float | None, part: float | None) -> float | None:
    return None if whole is None or part is None else max(0.0, whole - part)


def _at_most(whole: float | None, part: float | None) -> float | None:
    return part if whole is None or part is None else min(whole, part)


def _task_time(history: ApplicationHistory, seconds: float | None) -> float | None:
    return None if seconds is None else seconds * cpus_of_a_task(history)


def _lost(history: ApplicationHistory) -> float | None:
    """Where no task ran, none was lost."""
    if used_by(history) == 0:
        return 0.0
    return total(stage.lost_s for stage in history.stages)


def _speculative(history: ApplicationHistory) -> float | None:
    """Where no attempt was killed, no copy was."""
    if used_by(history) == 0:
        return 0.0
    return total(0.0 if not stage.killed else stage.speculative_s for stage in history.stages)


def _repeated(history: ApplicationHistory) -> float | None:
    if used_by(history) == 0:
        return 0.0
    again = [_difference(stage.run_s, stage.lost_s) for stage in history.stages if stage.attempt > 0]
    return total(again) if again or not history.stages else 0.0


def _idle_of_lost(history: ApplicationHistory, idle: float | None) -> float | None:
    stays = stays_of(history)
    if stays is None:
        return None
    gone = [stay for stay in stays if is_lost(stay.executor)]
    parts = [_difference(stay.core_seconds, _task_time(history, stay.executor.run_s)) for stay in gone]
    return _at_most(idle, total(parts)) if gone else 0.0


def _held_gib(history: ApplicationHistory) -> float | None:
    stays, container = stays_of(history), executor_container(history.conf)
    if stays is None or container is None:
        return None
    return sum(stay.seconds for stay in stays) * container.total / _GIB


def _driver(history: ApplicationHistory, seconds: float | None) -> tuple[float | None, float | None]:
    """Its core-seconds and GiB-seconds; outside cluster mode it reserves no core, and one is counted."""
    manager, container = manager_of(history.conf), driver_container(history.conf)
    if manager == "local":
        return 0.0, 0.0
    if seconds is None or container is None:
        return None, None
    cores = history.conf.get("spark.driver.cores", "1")
    known = cores.isascii() and cores.isdigit()
    return (seconds * int(cores) if known else None), seconds * container.total / _GIB


def _unknown(history: ApplicationHistory) -> tuple[str, ...]:
    """Why a figure is None."""
    reasons = (
        (
            stays_of(history) is None,
            "When executors came and went, or how many cores they have, is not known.",
        ),
        (used_by(history) is None, "How long tasks ran is not known."),
        (
            _lost(history) is None,
            "How long task attempts ran that failed or were killed is not known.",
        ),
        (_speculative(history) is None, "Which task attempts were killed by speculation is not known."),
        (
            executor_container(history.conf) is None,
            "The memory of an executor is not known: spark.master or a size is missing in the configuration.",
        ),
        (seconds_of(history) is None, "When the application started or ended is not known."),
    )
    return tuple(reason for missing, reason in reasons if missing)
