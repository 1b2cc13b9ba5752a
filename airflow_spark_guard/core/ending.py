"""How an attempt ended: from what was seen to a result, or to the exception that says it best."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.output import safe_text
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.protocol import Message

_DRIVER_TIMEOUT_EXIT = 124  # Spark's DriverTimeoutPlugin
_SHELL_SIGNAL_BASE = 128  # spark-submit's code for a driver Python that a signal ended


class Cause(StrEnum):
    """What made the attempt end."""

    COMMAND_ENDED = "the command ended"
    DEADLINE = "the deadline passed"
    NOT_EXITING = "the script ended, its process did not"
    KILLED = "somebody ended the task"
    GUARDIAN = "the supervisor above the task is gone"
    REAPER_GONE = "the reaper was killed"


@dataclass
class Heard:
    """What the job has said on the channel so far."""

    hello: bool = False
    bye_at: float | None = None
    has_result: bool = False
    result: Any = None
    error: Mapping[str, Any] | None = None
    application_id: str = ""
    ui_url: str = ""

    def hear(self, message: Message, now: float) -> None:
        """Take in one message; ``now`` in seconds of a monotonic clock."""
        fields = message.fields
        if message.kind == "hello":
            self.hello = True
            self.application_id = fields.get("application_id", self.application_id)
            self.ui_url = fields.get("ui_url") or self.ui_url
        elif message.kind == "result":
            self.has_result, self.result = True, fields["value"]
        elif message.kind == "error":
            cleaned = {key: safe_text(value) for key, value in fields.items() if isinstance(value, str)}
            self.error = {**fields, **cleaned}
        elif message.kind == "bye":
            self.bye_at = now


@dataclass(frozen=True)
class Ending:
    """Everything known when the attempt is over.

    Attributes:
        cause: what made it end.
        exit_status: of spark-submit, negative for a signal; None when it was never collected.
        heard: what came over the channel.
        speaks: whether the application runs under our launcher, and therefore says hello and bye.
        seconds: how long it ran.
        limit: the limit that ended it, in seconds.
        evidence: the telling part of the output.
        orphans: processes that could not be proven gone.
    """

    cause: Cause
    exit_status: int | None
    heard: Heard = field(default_factory=Heard)
    speaks: bool = True
    seconds: float = 0.0
    limit: float = 0.0
    evidence: str = ""
    orphans: tuple[str, ...] = ()


def failure(ending: Ending) -> AttemptError | None:
    """The exception for this ending, or None when the attempt is a success.

    Success of a Python application needs exit code 0 *and* the closing message; of any other, exit code 0.
    """
    if ending.cause is not Cause.COMMAND_ENDED:
        return _ended_by_us(ending)
    if ending.heard.error is not None:
        return _said_by_the_job(ending)
    if ending.exit_status == 0 and (ending.heard.bye_at is not None or not ending.speaks):
        return None
    if ending.exit_status == _DRIVER_TIMEOUT_EXIT:
        return errors.DeadlineError(
            "spark.driver.timeout has ended the driver.",
            advice="Raise it, or GuardLimits.deadline from which the profile derives it.",
            evidence=ending.evidence,
            orphans=ending.orphans,
        )
    if ending.heard.hello or _is_killed(ending.exit_status):
        return _driver_gone(ending)
    return _failed_without_a_word(ending)


def _failed_without_a_word(ending: Ending) -> AttemptError:
    if not ending.speaks:
        return errors.UserCodeError(
            "The application ended with a failure.",
            got=_exit_text(ending.exit_status),
            expected="exit code 0",
            advice="Read the lines below: only Python applications tell more.",
            evidence=ending.evidence,
            orphans=ending.orphans,
        )
    return errors.SubmitError(
        "spark-submit failed before the application started.",
        got=_exit_text(ending.exit_status),
        advice="Read the lines below; --verbose (verbose=True) shows the class path and every property.",
        evidence=ending.evidence,
        orphans=ending.orphans,
    )


def _ended_by_us(ending: Ending) -> AttemptError | None:
    seen: dict[str, Any] = {"evidence": ending.evidence, "orphans": ending.orphans}
    if ending.cause is Cause.DEADLINE:
        return errors.DeadlineError(
            f"The attempt was ended at its deadline of {readable_duration(ending.limit)}.",
            advice="If the job is healthy, raise GuardLimits.deadline; if not, see where its output stops.",
            **seen,
        )
    if ending.cause is Cause.NOT_EXITING:
        if ending.heard.has_result and ending.heard.error is None:
            return None
        return errors.NotExitingError(
            f"The script ended, but its process was still there {readable_duration(ending.limit)} later, and "
            "was ended.",
            expected="a process that exits when its script ends",
            advice="Look for a thread that is not a daemon, or an atexit handler that waits. A job that has "
            "reported a result counts as a success with a warning.",
            **seen,
        )
    if ending.cause is Cause.REAPER_GONE:
        return errors.KilledError(
            "The reaper, which held the job's processes, is gone without a report, and so is the job.",
            advice="Mostly it was killed from outside: look for an out-of-memory killer in the host's log.",
            verdict=Verdict.UNKNOWN,
            **seen,
        )
    return errors.KilledError(f"The attempt was ended: {ending.cause}.", **seen)


def _said_by_the_job(ending: Ending) -> AttemptError:
    said = ending.heard.error or {}
    seen: dict[str, Any] = {"orphans": ending.orphans}
    if said["category"] == "result":
        lines = str(said["message"]).splitlines() or ["The result cannot be reported."]
        return errors.ResultError(
            "\n".join(lines), evidence=f"It was reported here:\n{_last_frame(said)}", **seen
        )
    if said["category"] == "exit":
        text = f"sys.exit({said.get('code', 1)})"
        return errors.UserCodeError(
            f"The application left with {text}.",
            got=str(said["message"]),
            expected="the end of the script, or sys.exit(0)",
            evidence=f"It left here:\n{_last_frame(said)}",
            **seen,
        )
    place = _last_frame(said)
    summary = str(said["message"]).strip().splitlines() or [""]
    return errors.UserCodeError(
        f"The application raised {said['type']}: {summary[0]}".rstrip(": "),
        got=place.strip(),
        evidence=str(said["traceback"]),
        **seen,
    )


def _last_frame(said: Mapping[str, Any]) -> str:
    """The innermost frame of the script itself, which is where its author looks first."""
    frames = [frame for frame in said["frames"] if isinstance(frame, dict)]
    own = [frame for frame in frames if "site-packages" not in str(frame.get("file"))] or frames
    if not own:
        return ""
    frame = own[-1]
    return safe_text(f'  File "{frame.get("file")}", line {frame.get("line")}, in {frame.get("function")}')


def _driver_gone(ending: Ending) -> AttemptError:
    status = ending.exit_status
    seen: dict[str, Any] = {
        "got": _exit_text(status),
        "evidence": ending.evidence,
        "orphans": ending.orphans,
    }
    if ending.heard.bye_at is not None:
        return errors.DriverGoneError(
            "The script ended well, but its driver failed while it was closing.",
            expected="exit code 0",
            advice="Look at what runs at exit: atexit handlers, listeners, shutdown hooks.",
            **seen,
        )
    if _is_killed(status):
        return errors.DriverGoneError(
            "The driver's JVM was killed while the application ran.",
            verdict=Verdict.JVM_GONE,
            advice="Signal 9 is mostly the out-of-memory killer: see the host's log and spark.driver.memory.",
            **seen,
        )
    return errors.DriverGoneError(
        "The driver's Python ended before its script did.",
        expected="the end of the script (its closing message never came)",
        advice="Exit code 0 without it means os._exit() or the like; 137 mostly the out-of-memory killer; "
        "139 a crash in native code.",
        **seen,
    )


def _is_killed(status: int | None) -> bool:
    """Whether a signal ended spark-submit's own process, which is the driver's JVM."""
    return status is not None and status < 0


def _exit_text(status: int | None) -> str:
    if status is None:
        return "no exit code"
    number = -status if status < 0 else status - _SHELL_SIGNAL_BASE
    try:
        name = f" ({signal.Signals(number).name})"
    except ValueError:
        name = ""
    return f"killed by signal {-status}{name}" if status < 0 else f"exit code {status}{name}"
