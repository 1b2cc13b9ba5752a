"""The executors' Python against the driver's, as rows and as text."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LONGEST = 60
_MOST_ROWS = 100
_OTHER_PYTHON = re.compile(
    r"Python in worker has different version:? \(?(\d+(?:\.|, )\d+)\)? "
    r"than that in driver:? \(?(\d+(?:\.|, )\d+)"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that an executor has otherwise than the driver.

    Attributes:
        what: ``python``, the name of a distribution, or ``module`` and the name of one.
        driver: version, or a hash of the source.
        executor: the same of the executor; ``missing`` if it has none.
        host: the executor's.
        cure: what to do.
    """

    what: str
    driver: str
    executor: str
    host: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentReport:
    """What a check has found.

    Attributes:
        hosts: of the executors that answered, one entry for each executor.
        executors: how many the application has; None if it is not known, as with Spark Connect.
        driver: what the driver has, by name: Python, distributions, modules.
        differences: at most 100.
        failure: why no executor answered; empty if one did.
    """

    hosts: tuple[str, ...]
    executors: int | None
    driver: Mapping[str, str]
    differences: tuple[Difference, ...]
    failure: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether executors answered, and have what the driver has."""
        return bool(self.hosts) and not self.differences

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "driver": dict(self.driver), "is_equal": self.is_equal}

    def __str__(self) -> str:
        of = "" if self.executors is None else f" of {self.executors}"
        lines = [f"Executors that answered: {len(self.hosts)}{of} ({', '.join(_counted(self.hosts)) or '-'})"]
        if self.failure:
            lines.append(f"Failure: {self.failure}")
        if self.is_equal:
            lines.append("They have what the driver has:")
            lines += table([("what", "driver"), *self.driver.items()])
        elif self.differences:
            rows = [(row.what, row.driver, row.executor, row.host, row.cure) for row in self.differences]
            lines += table([("what", "driver", "executor", "host", "do"), *rows])
        return "\n".join(lines)


def report_of(
    driver: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], executors: int | None
) -> EnvironmentReport:
    """Compare the answers of tasks with the driver's own; several of one executor count once.

    Args:
        driver: of ``environment_probe.probe``.
        answers: the same of each task.
        executors: how many the application has, if known.
    """
    own = _flat(driver)
    unique = {(answer["host"], answer["executor"], str(_flat(answer))): answer for answer in answers}
    hosts = {(answer["host"], answer["executor"]) for answer in answers}
    rows = [
        Difference(
            what, shown(mine, _LONGEST), shown(theirs, _LONGEST) or "missing", host, _cure(what, theirs)
        )
        for answer in unique.values()
        for host in [shown(str(answer["host"]), _LONGEST)]
        for what, theirs in _flat(answer).items()
        if (mine := own.get(what, "")) and mine != theirs
    ]
    return EnvironmentReport(
        hosts=tuple(sorted(shown(str(host), _LONGEST) for host, _ in hosts)),
        executors=executors,
        driver={what: shown(value, _LONGEST) for what, value in own.items() if value},
        differences=tuple(dict.fromkeys(rows))[:_MOST_ROWS],
    )


def report_of_failure(driver: Mapping[str, Any], error: str, executors: int | None) -> EnvironmentReport:
    """No task answered. Spark refuses executors of another minor version of Python: that is a difference."""
    match = _OTHER_PYTHON.search(error)
    rows: tuple[Difference, ...] = ()
    if match:
        theirs, mine = (part.replace(", ", ".") for part in match.groups())
        rows = (Difference("python", mine, theirs, "-", _cure("python", theirs)),)
    last = [line.strip() for line in error.splitlines() if line.strip()]
    return EnvironmentReport(
        hosts=(),
        executors=executors,
        driver={what: shown(value, _LONGEST) for what, value in _flat(driver).items() if value},
        differences=rows,
        failure=shown(last[0] if last else "unknown", 300),
    )


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with aligned columns, indented by two."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _flat(answer: Mapping[str, Any]) -> dict[str, str]:
    modules = {f"module {name}": str(value) for name, value in answer["modules"].items()}
    versions = {str(name): str(value) for name, value in answer["distributions"].items()}
    return {"python": str(answer["python"]), **versions, **modules}


def _cure(what: str, theirs: str) -> str:
    if what == "python":
        return "set PYSPARK_PYTHON to the driver's version on executors"
    if what.startswith("module "):
        verb = "send it" if not theirs else "send the driver's"
        return (
            f"{verb} with ship_modules(spark, {shown(what[len('module ') :].partition('.')[0], _LONGEST)!r})"
        )
    return "install the driver's version on executors" if theirs else "install it on executors"


def _counted(hosts: Sequence[str]) -> list[str]:
    return [
        host if hosts.count(host) == 1 else f"{host} x{hosts.count(host)}" for host in dict.fromkeys(hosts)
    ]
