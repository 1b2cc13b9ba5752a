"""An autopsy on a thread of its own, so that somebody reads the output meanwhile."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy

# For the steps of an autopsy that come behind its budget.
_MARGIN = 1.0


class Examination:
    """One autopsy. It is left behind when its time is over: its thread dies with this process.

    Args:
        look: takes it.
        budget: seconds.
    """

    def __init__(self, look: Callable[[], Autopsy | None], budget: float) -> None:
        self._found: list[Autopsy | None] = []
        self._limit = time.monotonic() + budget + _MARGIN
        self._thread = threading.Thread(
            target=lambda: self._found.append(look()), name="spark-guard-autopsy", daemon=True
        )
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether nothing more is to come of it."""
        return not self._thread.is_alive() or time.monotonic() >= self._limit

    @property
    def autopsy(self) -> Autopsy | None:
        """What it has shown; None while it goes on, and where it showed nothing in time."""
        return self._found[0] if self._found else None
