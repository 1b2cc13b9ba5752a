"""Names a stage, an executor or an execution, and finds the user's line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.alerts.alert import Place
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.history.model import (
        ApplicationHistory,
        ExecutorHistory,
        JobHistory,
        SqlHistory,
        StageHistory,
    )

LONGEST: Final = 200
_READ: Final = 4000
_PYTHON: Final = re.compile(r"\.py:\d+")
_AROUND: Final = re.compile(r"[\s()\"']+")


def text(of_the_job: str, length: int = LONGEST) -> str:
    """Text of the job for an alert: masked, one line, bounded."""
    return one_line(of_the_job, length)


def capital(sentence: str) -> str:
    """The sentence with a capital letter; the rest stays as it is."""
    return sentence[:1].upper() + sentence[1:]


def stage_place(history: ApplicationHistory, stage: StageHistory) -> Place:
    """A stage and its line."""
    where = f"stage {stage.stage}" + (f", attempt {stage.attempt}" if stage.attempt else "")
    names = (stage.call, stage.name, stage.details)
    return Place(where, _line(names) or _line([_described(history, stage.execution)]) or _first(names))


def execution_place(history: ApplicationHistory, execution: SqlHistory) -> Place:
    """An SQL execution and its line: its own, else that of a stage of it."""
    number = execution.execution
    calls = (one.call for one in history.stages if one.execution == number)
    line = _line([execution.description]) or _line(calls) or _first([execution.description])
    return Place(f"execution {number}", line)


def job_place(history: ApplicationHistory, job: JobHistory) -> Place:
    """A job and its line: its own, else that of a stage of it."""
    calls = (one.call for one in history.stages if job.job in one.jobs)
    return Place(f"job {job.job}", _line([job.description]) or _line(calls) or _first([job.description]))


def executor_name(executor: ExecutorHistory) -> str:
    """An executor with its host."""
    host = f" on {text(executor.host)}" if executor.host else ""
    return f"executor {text(executor.id)}{host}"


def _described(history: ApplicationHistory, execution: int | None) -> str:
    return next((one.description for one in history.executions if one.execution == execution), "")


def _line(texts: Iterable[str]) -> str:
    """The first line of Python in these texts; empty if there is none."""
    for one in texts:
        for line in one[:_READ].split("\n"):
            if found := _PYTHON.search(line):
                call = line[: found.end()]
                return text(call if " at " in call else _AROUND.split(call)[-1])
    return ""


def _first(texts: Iterable[str]) -> str:
    """The first text, which is Spark's own call or the user's description."""
    return text(next(filter(None, texts), ""))
