"""How an application ended, from its event log alone: the first sentence, the cause, where, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.failure.classify import diagnose
from airflow_spark_guard.core.failure.failure_text import raised, worker_place
from airflow_spark_guard.core.history.alerts.places import job_place, stage_place
from airflow_spark_guard.core.history.labels import descriptions, stage_label
from airflow_spark_guard.core.quantity import counted
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.history.model import ApplicationHistory, JobHistory

_SHUT_DOWN: Final = "cancelled because SparkContext was shut down"  # org.apache.spark.scheduler.DAGScheduler
_LONGEST: Final = 500
_SAME_AGAIN: Final = "Fix what raises it: Spark has tried it spark.task.maxFailures times."
_READ_IT: Final = "Read the driver's output at that time: it has the whole exception."
_WHO_STOPPED: Final = (
    "Look in the driver's output for what stopped Spark before its jobs were done: an error of the script, a "
    "signal, or stop(). A shell that is closed also stops it."
)
_HOW_IT_ENDED: Final = (
    "If it does not run any more, look at how its driver ended: its exit code, the end of its output, and "
    "the log of its host or pod."
)


@dataclass(frozen=True)
class Outcome:
    """How an application ended; texts are printable.

    Attributes:
        word: ``ENDED``, ``FAILED`` or ``NOT ENDED``.
        tone: ``bad``, ``good`` or ``neutral``.
        what: one sentence.
        got: the failure, or what ran at last; may be empty.
        place: the call of the user's code; may be empty.
        advice: what to do; may be empty.
    """

    word: str
    tone: str
    what: str
    got: str = ""
    place: str = ""
    advice: str = ""


def outcome_of(history: ApplicationHistory) -> Outcome:
    """The outcome, as far as the log has it."""
    name = one_line(history.name, _LONGEST) or "The application"
    failed = [job for job in history.jobs if job.failure]
    jobs = _jobs(history, failed)
    if history.ended is None:
        sentence = f"The log of {name if history.name else 'the application'} has no end; {jobs}"
        return _failed("NOT ENDED", sentence, history, failed) if failed else _cut(sentence, history)
    code = history.exit_code
    sentence = f"{name} ended{f' with exit code {code}' if code else ''}; {jobs}"
    if failed or code:
        return _failed("FAILED" if code else "ENDED", sentence, history, failed)
    return Outcome("ENDED", "neutral" if _running(history) else "good", sentence)


def _jobs(history: ApplicationHistory, failed: Sequence[JobHistory]) -> str:
    """What became of the jobs."""
    count, running = len(history.jobs), len(_running(history))
    if not count:
        return "it names no Spark job." if history.stages else "it ran no Spark job."
    if not failed and not running:
        return "its Spark job succeeded." if count == 1 else f"its {count:,} Spark jobs succeeded."
    shut = sum(_SHUT_DOWN in job.failure for job in failed)
    open_ones = "running at its last event" if history.ended is None else "without an end in the log"
    states = (
        (len(failed) - shut, "failed"),
        (shut, f"{_was(shut)} cut off by its shutdown"),
        (running, f"{_was(running)} {open_ones}"),
    )
    (first, what), *others = [(number, text) for number, text in states if number]
    more = "".join(f", {number:,} {text}" for number, text in others)
    return f"{first:,} of its {counted(count, 'Spark job')} {what}{more}."


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _failed(word: str, sentence: str, history: ApplicationHistory, failed: Sequence[JobHistory]) -> Outcome:
    """With the first failure; jobs that the shutdown has cut off are its consequence."""
    if not failed:
        return Outcome(word, "bad", sentence, advice=_READ_IT)
    own = [job for job in failed if _SHUT_DOWN not in job.failure]
    first = min(own or failed, key=lambda job: (job.completed is None, job.completed or 0.0, job.job))
    line = worker_place(first.failure)
    diagnosis = diagnose(first.failure)
    advice = _WHO_STOPPED if not own else diagnosis.advice if diagnosis else _SAME_AGAIN if line else _READ_IT
    got = one_line(raised(first.failure).removesuffix("Driver stacktrace:"), _LONGEST)
    named = got if got.startswith(f"Job {first.job} ") else f"Job {first.job}: {got}"
    return Outcome(word, "bad", sentence, named, line or _call(history, first), advice)


def _call(history: ApplicationHistory, job: JobHistory) -> str:
    """The call of the stage that failed, else of the job."""
    stages = [stage for stage in history.stages if job.job in stage.jobs]
    worst = max(stages, key=lambda stage: (bool(stage.failure), stage.failed), default=None)
    line = stage_place(history, worst).line if worst is not None else ""
    return line or job_place(history, job).line


def _cut(sentence: str, history: ApplicationHistory) -> Outcome:
    """With the stage that ran when the log was cut."""
    described = descriptions(history)
    open_ones = [stage for stage in history.stages if stage.submitted is not None and stage.completed is None]
    running = _running(history)
    if not running or not open_ones:
        return Outcome("NOT ENDED", "neutral", sentence, advice=_HOW_IT_ENDED)
    last = max(open_ones, key=lambda stage: stage.submitted or 0.0)
    label = one_line(stage_label(last, described), _LONGEST)
    got = f"Stage {last.stage} ({label}) had done {last.done:,} of {counted(last.tasks, 'task')}."
    return Outcome("NOT ENDED", "neutral", sentence, got, last.call, _HOW_IT_ENDED)


def _running(history: ApplicationHistory) -> list[JobHistory]:
    return [job for job in history.jobs if job.completed is None and not job.failure]
