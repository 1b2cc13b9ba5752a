"""How an application on a cluster ended: None for a success, else the one exception that explains it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.cluster.status import ClusterState
from airflow_spark_guard.core.failure.classify import diagnose, exit_code_meaning
from airflow_spark_guard.core.failure.exceptions import (
    error_of_diagnosis,
    error_of_finding,
    error_of_message,
)
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.heard import Heard

if TYPE_CHECKING:
    from airflow_spark_guard.core.cluster.status import ClusterStatus
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.watch.finding import Finding

_DRIVER_TIMEOUT_EXIT = 124  # Spark's DriverTimeoutPlugin
_LAST_LINES = 60
# Exit codes of SIGKILL and SIGTERM: a memory limit, an eviction, a node that goes down.
_FROM_OUTSIDE = frozenset({137, 143})
# Spark's message for an exception of a jar.
_OF_A_JAR = "User class threw exception"


@dataclass(frozen=True)
class ClusterEnding:
    """Everything known at the end. At least one of ``final``, ``finding`` and ``killed`` is set.

    Attributes:
        final: the manager's last status; None if the guard ended the application before there was one.
        finding: what the watch found; None unless that ended it.
        killed: why it was killed from outside; empty if it was not.
        ``heard``: what the job reported.
        speaks: whether it runs under our launcher and can reach the channel directory.
        channel_trouble: why the channel directory could not be read; empty if it could.
        log_tail: the last lines of the driver's output; empty if the manager does not keep them.
        orphans: what could not be confirmed as ended.
        observed: what would have ended it, in observe mode.
    """

    final: ClusterStatus | None = None
    finding: Finding | None = None
    killed: str = ""
    heard: Heard = field(default_factory=Heard)
    speaks: bool = False
    channel_trouble: str = ""
    log_tail: str = ""
    orphans: tuple[str, ...] = ()
    observed: tuple[Finding, ...] = ()

    @property
    def evidence(self) -> str:
        """The manager's diagnostics, and the last lines that the driver printed."""
        lines = safe_text(self.log_tail).rstrip().splitlines()[-_LAST_LINES:]
        diagnostics = self.final.diagnostics if self.final is not None else ""
        return "\n".join(part for part in (diagnostics, "\n".join(lines)) if part)


def cluster_failure(ending: ClusterEnding) -> AttemptError | None:
    """The exception for this ending; None for a success.

    The job's own error comes first, then the watch's finding, then the manager's status. A success needs that
    status and, if the job runs under our launcher, its closing message.
    """
    if ending.killed:
        return errors.KilledError(ending.killed, orphans=ending.orphans)
    if ending.heard.error is not None:
        return error_of_message(ending.heard.error, ending.orphans)
    if ending.finding is not None:
        return _found(ending, ending.finding)
    if ending.final is None:
        return errors.AttemptError("The end of the application was not observed.", orphans=ending.orphans)
    if ending.final.state is ClusterState.SUCCEEDED:
        return _without_closing_message(ending, ending.final) if _is_silent(ending) else None
    return _failed(ending, ending.final)


def _is_silent(ending: ClusterEnding) -> bool:
    return ending.speaks and not ending.heard.bye


def _found(ending: ClusterEnding, finding: Finding) -> AttemptError | None:
    if finding.verdict is Verdict.NOT_EXITING and ending.heard.has_result:
        return None
    if finding.verdict is Verdict.VANISHED and ending.heard.bye:
        finding = replace(finding, what=f"{finding.what} Its closing message came before that.")
    return error_of_finding(finding, evidence=ending.evidence, orphans=ending.orphans)


def _without_closing_message(ending: ClusterEnding, final: ClusterStatus) -> AttemptError:
    trouble = ending.channel_trouble
    return errors.DriverGoneError(
        "The manager reported success, but the application's closing message never came.",
        got=f"{final.what}; {trouble or 'no closing message in the channel directory'}",
        expected="success at the manager, and the closing message in the channel directory",
        advice="os._exit() ends a script without that message. Otherwise the driver could not write to the "
        f"channel directory, or Airflow could not read it: see the driver's log{_at(final)}.",
        evidence=ending.evidence,
        orphans=ending.orphans,
    )


def _failed(ending: ClusterEnding, final: ClusterStatus) -> AttemptError:
    seen: dict[str, Any] = {"evidence": ending.evidence, "orphans": ending.orphans}
    if final.exit_code == _DRIVER_TIMEOUT_EXIT:
        return errors.DeadlineError(
            "spark.driver.timeout ended the driver.",
            got=final.what,
            advice="Raise it, or GuardLimits.deadline, from which the profile derives it.",
            **seen,
        )
    if final.state is ClusterState.KILLED:
        return errors.KilledError(
            "The application was killed from outside.",
            got=final.what,
            advice=f"A user, a tool or the cluster itself ended it: find out which{_at(final)}.",
            **seen,
        )
    found = diagnose(f"{final.diagnostics}\n{ending.log_tail}", final.exit_code)
    if found is not None:
        return error_of_diagnosis(found, ending.evidence, ending.orphans)
    return _of_unknown_cause(ending, final, seen)


def _of_unknown_cause(ending: ClusterEnding, final: ClusterStatus, seen: dict[str, Any]) -> AttemptError:
    code = final.exit_code
    meaning = "" if code is None else f", exit code {code}: {exit_code_meaning(code)}"
    if ending.heard.hello:
        return errors.DriverGoneError(
            "The driver ended before its script did.",
            got=f"{final.what}{meaning}",
            expected="the end of the script (its closing message never came)",
            advice=f"Read the driver's log{_at(final)}.",
            **seen,
        )
    if ending.speaks and not ending.channel_trouble:
        return errors.SubmitError(
            "The application failed before its script started.",
            got=f"{final.what}{meaning}",
            advice=f"Read the manager's message and the driver's log{_at(final)}.",
            **seen,
        )
    if not _is_its_own(final):
        return errors.DriverGoneError(
            "The driver was terminated from outside.",
            got=f"{final.what}{meaning}",
            expected="a driver that ends by itself",
            advice=f"See the manager's reason: a memory limit, an eviction, a lost node{_at(final)}.",
            **seen,
        )
    return errors.UserCodeError(
        "The application failed.",
        got=f"{final.what}{meaning}",
        expected="success",
        advice=f"Read the driver's log{_at(final)}. A Python application reports more if a channel "
        "directory is set (docs/cluster-mode.md).",
        **seen,
    )


def _is_its_own(final: ClusterStatus) -> bool:
    """Whether the application itself failed, by all that its manager knows."""
    code = final.exit_code
    return _OF_A_JAR in final.diagnostics or (code is not None and code not in _FROM_OUTSIDE)


def _at(final: ClusterStatus) -> str:
    url = final.log_url or final.ui_url
    return f" ({url})" if url else ""


def submit_failure(
    *, killed: bool, late: float | None, exit_status: int | None, evidence: str, orphans: tuple[str, ...]
) -> AttemptError:
    """The exception for a spark-submit that did not hand over its application.

    Args:
        killed: whether the task was killed meanwhile.
        late: its limit in seconds, if it took longer; else None.
        exit_status: of spark-submit; None if it was not collected.
        evidence: the relevant part of its output.
        orphans: what could not be confirmed as ended.
    """
    seen: dict[str, Any] = {"evidence": evidence, "orphans": orphans}
    if killed:
        return errors.KilledError("The task was killed while its job was being submitted.", **seen)
    if late is not None:
        return errors.SubmitError(
            f"spark-submit did not hand the application over within {readable_duration(late)}.",
            expected="a manager that accepts the application",
            advice="Usually it waits for an address that does not answer: read the lines below.",
            **seen,
        )
    found = diagnose(evidence, exit_status)
    if found is not None and found.verdict is not Verdict.USER_CODE:
        return error_of_diagnosis(found, evidence, orphans)
    return errors.SubmitError(
        "spark-submit failed before the application started.",
        got="no exit code" if exit_status is None else f"exit code {exit_status}",
        advice="Read the lines below; --verbose (verbose=True) shows the class path and every property.",
        **seen,
    )
