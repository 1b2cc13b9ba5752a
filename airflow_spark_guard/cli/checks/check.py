"""A check: what it looks at, how long it may take, and the lines that it reports."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.cli.checks.setup import Setup

State = Literal["ok", "warning", "error"]
_LONGEST = 1000
_REPORT = "Report it with this line, and look at the other lines."


@dataclass(frozen=True)
class Line:
    """One line of the report.

    Attributes:
        check: name of the check.
        state: whether a job can run like this.
        what: what was found.
        fix: what to do; empty if nothing is to be done.
    """

    check: str
    state: State
    what: str
    fix: str = ""


class Check(ABC):
    """One check. It may raise anything: that is an error line of its own.

    Attributes:
        name: shown in its lines.
        limit: seconds that it may take.
    """

    name: ClassVar[str]
    limit: ClassVar[float] = 10.0

    @abstractmethod
    def look(self, setup: Setup) -> Iterable[Line]:
        """The lines to report, at least one."""

    def ok(self, what: str) -> Line:
        """A line that needs nothing to be done."""
        return Line(self.name, "ok", what)

    def warning(self, what: str, fix: str) -> Line:
        """A line about something that works, but not well."""
        return Line(self.name, "warning", what, fix)

    def error(self, what: str, fix: str) -> Line:
        """A line about something that fails."""
        return Line(self.name, "error", what, fix)

    def of(self, error: SparkGuardError) -> Line:
        """The line for an exception that a job would end with."""
        got = f" Got: {error.got}." if error.got else ""
        expected = f" Expected: {error.expected}." if error.expected else ""
        return self.error(f"{error.what}{got}{expected}", error.advice)

    def run(self, setup: Setup) -> tuple[Line, ...]:
        """The lines, safe to print; an error line if it fails or takes too long.

        A check that is late stays behind on a thread that does not keep the process alive.
        """
        found: list[Line] = []
        thread = threading.Thread(target=self._try, args=(setup, found), name=self.name, daemon=True)
        thread.start()
        thread.join(self.limit)
        if thread.is_alive():
            late = f"The check took longer than {readable_duration(self.limit)}."
            found = [self.error(late, "Look for what does not answer here: a disk, a server, a program.")]
        elif not found:
            found = [self.error("The check reported nothing.", _REPORT)]
        return tuple(
            Line(line.check, line.state, one_line(line.what, _LONGEST), one_line(line.fix, _LONGEST))
            for line in found
        )

    def _try(self, setup: Setup, found: list[Line]) -> None:
        try:
            found.extend(list(self.look(setup)))
        except SparkGuardError as error:
            found.append(self.of(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the other checks run
            what = f"The check itself failed: {type(error).__name__}: {error}"
            found.append(self.error(what, _REPORT))
