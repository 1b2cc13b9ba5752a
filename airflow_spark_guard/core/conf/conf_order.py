"""The pairs of time-outs that Spark requires in a certain order, or it refuses to start."""

from __future__ import annotations

from typing import NamedTuple

NETWORK = "spark.network.timeout"
INTERVAL = "spark.network.timeoutInterval"
HEARTBEAT = "spark.executor.heartbeatInterval"
BLOCK_MANAGER = "spark.storage.blockManagerHeartbeatTimeoutMs"


class Order(NamedTuple):
    """One requirement; as text ``low < high`` or ``low <= high``.

    Attributes:
        low: the key of the smaller value.
        high: the key of the larger one.
        strictly: whether equal values are refused too.
    """

    low: str
    high: str
    strictly: bool

    def holds(self, low: float | None, high: float | None) -> bool:
        """Whether Spark accepts these values; it reports by itself those that it cannot read (None)."""
        if low is None or high is None:
            return True
        return low < high if self.strictly else low <= high

    def __str__(self) -> str:
        return f"{self.low} {'<' if self.strictly else '<='} {self.high}"


def orders(*, block_manager: bool) -> tuple[Order, Order]:
    """What Spark checks at its start.

    Args:
        block_manager: whether ``spark.storage.blockManagerHeartbeatTimeoutMs`` is set: it then applies to
            executors in place of ``spark.network.timeout``.
    """
    upper = BLOCK_MANAGER if block_manager else NETWORK
    return Order(HEARTBEAT, NETWORK, strictly=True), Order(INTERVAL, upper, strictly=False)
