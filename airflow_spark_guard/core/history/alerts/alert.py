"""An alert, and what every kind of alert has: a name, limits with their source, and a search."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_spark_guard.core.history.model import ApplicationHistory

Severity = Literal["info", "warning", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical")
"""The mildest first."""


@dataclass(frozen=True)
class Alert:
    """One finding. Texts of the job are in it, masked and on one line.

    Attributes:
        kind: name of its kind, such as ``skew``.
        severity: how much it matters.
        where: ``stage 4``, ``executor 2 on host``, ``execution 3``, ``after job 5`` or ``application``.
        line: the line of the user's Python (``count at job.py:12``), else Spark's call; empty if unknown.
        figure: what was measured, with its unit.
        limit: the limit that the figure is over, with its unit.
        what: one sentence or two with the figure and the limit.
        cure: what to do: a key of Spark's configuration, or a change of the code.
        wasted_core_seconds: core-seconds that it cost, at most; None if unknown. Those of several alerts
            overlap.
    """

    kind: str
    severity: Severity
    where: str
    line: str
    figure: str
    limit: str
    what: str
    cure: str
    wasted_core_seconds: float | None = None


@dataclass(frozen=True)
class Limits:
    """A figure above one of these raises an alert.

    Attributes:
        figure: what is compared with them, as a column of ``docs/alerts.md``.
        shown: writes a figure or a limit with its unit.
        source: where the limits come from.
        only_if: what else must hold; empty for nothing.
        info: the limit of severity info; None without one.
        warning: the limit of severity warning.
        critical: the limit of severity critical.
    """

    figure: str
    shown: Callable[[float], str]
    source: str
    only_if: str = ""
    info: float | None = None
    warning: float | None = None
    critical: float | None = None

    def passed(self, figure: float) -> tuple[Severity, float] | None:
        """The most severe limit that the figure is over; None if it is over none."""
        limits: tuple[tuple[Severity, float | None], ...] = (
            ("critical", self.critical),
            ("warning", self.warning),
            ("info", self.info),
        )
        return next(((name, limit) for name, limit in limits if limit is not None and figure > limit), None)


class Place(NamedTuple):
    """Where something is: the two fields of :class:`Alert`."""

    where: str
    line: str = ""


APPLICATION: Final = Place("application")


class Said(NamedTuple):
    """The sentence around the figure: ``before`` 12x (limit: 10x) ``after``."""

    before: str
    after: str


class Rule(ABC):
    """A kind of alert.

    Attributes:
        name: of the kind.
        about: what is wrong then, in one sentence.
        limits: from which figure on.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    limits: ClassVar[Limits]

    @abstractmethod
    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """What it finds. A figure that is unknown raises none."""

    def raised(
        self, figure: float, place: Place, said: Said, cure: str, wasted: float | None = None
    ) -> Iterator[Alert]:
        """One alert if the figure is over a limit, else none."""
        passed = self.limits.passed(figure)
        if passed is None:
            return
        severity, limit = passed
        shown, limit_shown = self.limits.shown(figure), self.limits.shown(limit)
        yield Alert(
            kind=self.name,
            severity=severity,
            where=place.where,
            line=place.line,
            figure=shown,
            limit=limit_shown,
            what=f"{said.before} {shown} (limit: {limit_shown}){said.after}",
            cure=cure,
            wasted_core_seconds=wasted,
        )
