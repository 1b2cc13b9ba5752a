"""Which cases become example reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from tools.faults.case import Case
from tools.faults.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENT: Final = {"deadline": 600, "start_timeout": 120, "exit_timeout": 60}
"""What an example shows is not how long this machine takes."""
JOBS: Final = Path(__file__).parent / "jobs"


class Example(NamedTuple):
    """One example.

    Attributes:
        case: what is run.
        scheme: colours of its picture.
    """

    case: Case
    scheme: Literal["light", "dark"] = "light"


def _of_matrix(name: str) -> Case:
    (found,) = [case for case in CASES if case.name == name]
    return replace(found, limits={**found.limits, **_PATIENT})


EXAMPLES: Final[Mapping[str, Example]] = {
    "hung-udf": Example(_of_matrix("UDF blocked on a socket that never answers")),
    "lost-executors": Example(_of_matrix("executors SIGKILLed one after another, budget 2"), "dark"),
    "driver-memory": Example(_of_matrix("driver Python out of memory")),
    "user-exception": Example(
        Case(
            "a row that a UDF cannot compute",
            (str(JOBS / "prices.py"), "100000"),
            "USER_CODE",
            limits=_PATIENT,
        )
    ),
    "healthy": Example(_of_matrix("healthy: skewed stage, last task 20 times the median")),
}
"""By the name of their files."""
