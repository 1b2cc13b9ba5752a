"""How much the instruments report: an argument, else a variable of the environment, else warnings."""

from __future__ import annotations

import os
from enum import IntEnum
from typing import TYPE_CHECKING

from airflow_spark_guard.job.instruments.errors import OptionError
from airflow_spark_guard.job.text import shown
from airflow_spark_guard.job.wire import VERBOSITY_ENV

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = VERBOSITY_ENV


class Verbosity(IntEnum):
    """Levels; each includes those before it."""

    SILENT = 0
    WARNINGS = 1
    SUMMARY = 2
    STEPS = 3


def verbosity(value: int | None = None, environ: Mapping[str, str] | None = None) -> Verbosity:
    """The level to use.

    Args:
        value: 0 silent, 1 warnings, 2 a summary of each operation, 3 step by step; None: see ``environ``.
        environ: where ``SPARK_GUARD_VERBOSITY`` is looked up, else ``os.environ``. Unset or empty: 1.

    Raises:
        OptionError: it is not one of the four; also for ``True`` and ``"2"`` as an argument.
    """
    if value is not None:
        if isinstance(value, int) and not isinstance(value, bool) and value in list(Verbosity):
            return Verbosity(value)
        shows = shown(str(value)) if type(value) in {int, bool, str, float} else type(value).__name__
        raise _not_a_level("verbosity", f"{shows} ({type(value).__name__})")
    text = (os.environ if environ is None else environ).get(VARIABLE, "").strip()
    if not text:
        return Verbosity.WARNINGS
    if text not in {str(int(level)) for level in Verbosity}:
        raise _not_a_level(VARIABLE, repr(shown(text)))
    return Verbosity(int(text))


def _not_a_level(what: str, got: str) -> OptionError:
    return OptionError(
        f"{what} is not a level",
        got=got,
        expected="0 (silent), 1 (warnings), 2 (summary of each operation) or 3 (step by step)",
        advice=f"pass one of these numbers, or set {VARIABLE} to one of them",
    )
