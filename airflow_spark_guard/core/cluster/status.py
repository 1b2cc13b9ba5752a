"""The status of an application, in the same terms for all cluster managers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.codec import Stored
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.answer import UnusableAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_spark_guard.core.web.answer import Answer, Row

LONGEST_DIAGNOSTICS = 4000
_LONGEST_WORD = 300
_OK = 200
_REFUSALS = frozenset({401, 403})
TASK_MARK, ATTEMPT_MARK = "spark-guard-task", "spark-guard-attempt"


class ClusterState(StrEnum):
    """The stages in the life of an application."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    VANISHED = "VANISHED"

    @property
    def is_active(self) -> bool:
        """Whether it may still run."""
        return self in {ClusterState.WAITING, ClusterState.RUNNING}


@dataclass(frozen=True)
class ClusterStatus(Stored):
    """The status of an application at one time. Texts are the manager's, bounded and made safe to show.

    Attributes:
        state: its state.
        application_id: its id at the manager: YARN's application id, or the name of the driver's pod.
        what: the manager's own name for the state, one line.
        diagnostics: the manager's further message, at most 4000 characters.
        exit_code: of the driver; None while there is none, or if the manager does not report it.
        ui_url: of the application's page; empty if it has none.
        log_url: of the driver's output; empty if it is not known.
        submitted_at: when the manager accepted it, by its clock; None if it does not report it.
        started_at: when its driver was first started; None before.
        attempt: our mark of the try that submitted it; empty if it has none.
    """

    state: ClusterState
    application_id: str
    what: str = ""
    diagnostics: str = ""
    exit_code: int | None = None
    ui_url: str = ""
    log_url: str = ""
    submitted_at: EpochTime | None = None
    started_at: EpochTime | None = None
    attempt: str = ""


class RefusedError(UnusableAnswerError):
    """The server answers but refuses access: other credentials may help, waiting does not."""


def decoded(answer: Answer, what: str, reason: Callable[[Answer], str]) -> object:
    """The JSON of an answer.

    Args:
        answer: of the manager.
        what: its name in the error.
        reason: finds the server's own reason for a refusal, one line; may be empty.

    Raises:
        RefusedError: it refuses access.
        UnusableAnswerError: a status other than 200, or no JSON.
    """
    if answer.status in _REFUSALS:
        why = reason(answer)
        raise RefusedError(f"{what} refuses access: HTTP status {answer.status}{f', {why!r}' if why else ''}")
    return read.decoded(answer, what)


def refusal(answer: Answer, what: str) -> Row | None:
    """The JSON object in an answer with a status other than 200; None if there is none."""
    try:
        return read.record(read.decoded(replace(answer, status=_OK), what), what)
    except UnusableAnswerError:
        return None


def active(found: Iterable[ClusterStatus]) -> tuple[ClusterStatus, ...]:
    """Those that are active, oldest first."""
    going = (one for one in found if one.state.is_active)
    return tuple(sorted(going, key=lambda one: (one.submitted_at or 0.0, one.application_id)))


def one_line(value: object, length: int = _LONGEST_WORD) -> str:
    """Untrusted text on one line, bounded, safe to show; empty if it is not text."""
    return " ".join(safe_text(value[: 4 * length]).split())[:length] if isinstance(value, str) else ""


def diagnostics(*values: object) -> str:
    """Untrusted texts, without empty and repeated ones, lines kept, bounded, safe to show."""
    parts = [
        safe_text(value[: 4 * LONGEST_DIAGNOSTICS]).strip() for value in values if isinstance(value, str)
    ]
    return "\n".join(part for part in dict.fromkeys(parts) if part)[:LONGEST_DIAGNOSTICS]


def epoch_seconds(milliseconds: object) -> EpochTime | None:
    """Milliseconds since the epoch as a time; None if there are none, or none yet (0)."""
    if not read.is_number(milliseconds) or milliseconds <= 0:  # type: ignore[operator]
        return None
    return EpochTime(float(milliseconds) / 1000)  # type: ignore[arg-type]
