"""The state of a driver on a standalone master, from its REST API or from spark-submit --status."""

from __future__ import annotations

import re
from typing import Final

# Spark's DriverState.
_STATES: Final = frozenset(
    ("SUBMITTED", "RUNNING", "FINISHED", "RELAUNCHING", "UNKNOWN", "KILLED", "FAILED", "ERROR")
)
_STATE = re.compile(r'"driverState"\s*:\s*"([^"\n]{0,40})"|State of driver \S+ is (?:now )?(\w{1,40})')
# An answer without a state: the master does not know the driver.
_ANSWER = re.compile(r'"submissionId"\s*:')


def driver_state(answer: str) -> str | None:
    """The driver's state as upstream names it; ``UNKNOWN`` for any other; None if the answer has none.

    Only ``FINISHED`` is a success.
    """
    found = [first or second for first, second in _STATE.findall(answer)]
    if found:
        state = found[-1].strip().upper()
        return state if state in _STATES else "UNKNOWN"
    return "UNKNOWN" if _ANSWER.search(answer) else None
