"""An autopsy on a thread of its own, so that the caller can read the output meanwhile."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy

# For the steps of an autopsy after its budget.
_MARGIN = 1.0


class Examination:
    """One autopsy; abandoned when its time is up: the thread is a daemon and dies with this process.

    Args:
        look: takes the autopsy.
        budget: seconds.
    """

    def __init__(self, look: Callable[[], Autopsy | None], budget: float) -> None:
        self._results: list[Autopsy | None] = []
        self._limit = time.monotonic() + budget + _MARGIN
        self._thread = threading.Thread(
            target=lambda: self._results.append(look()), name="spark-guard-autopsy", daemon=True
        )
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether it has finished, or its time is up."""
        return not self._thread.is_alive() or time.monotonic() >= self._limit

    @property
    def autopsy(self) -> Autopsy | None:
        """Its result; None while it runs, and if it had none in time."""
        return self._results[0] if self._results else None
