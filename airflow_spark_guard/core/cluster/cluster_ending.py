"""How an application on a cluster ended: by its manager's last status and the messages in its channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.cluster.status import ClusterState
from airflow_spark_guard.core.errors import AttemptDetails
from airflow_spark_guard.core.failure.classify import diagnose, exit_code_meaning
from airflow_spark_guard.core.failure.ending import DRIVER_TIMEOUT_EXIT, Ending
from airflow_spark_guard.core.failure.exceptions import error_of_diagnosis, error_of_finding
from airflow_spark_guard.core.live.request import ENDED_BY_A_USER
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from airflow_spark_guard.core.cluster.status import ClusterStatus
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.watch.finding import Finding

_LAST_LINES = 60
# Exit codes of SIGKILL and SIGTERM: a memory limit, an eviction, a node that goes down.
_FROM_OUTSIDE = frozenset({137, 143})
# Spark's message for an exception of a jar.
_OF_A_JAR = "User class threw exception"


@dataclass(frozen=True, kw_only=True)
class ClusterEnding(Ending):
    """Everything known at the end. At least one of ``final``, ``finding`` and ``killed`` is set.

    A success needs the manager's status and, if the job runs under our launcher, its closing message.

    Attributes:
        final: the manager's last status; None if the guard ended the application before there was one.
        killed: why it was killed from outside; empty if it was not.
        has_launcher: whether it runs under our launcher and can reach the channel directory.
        channel_trouble: why the channel directory could not be read; empty if it could.
        log_tail: the last lines of the driver's output; empty if the manager does not keep them.
        observed: what would have ended it, in observe mode.
        asked_by: the user who ended it on the live page; empty if none did.
    """

    final: ClusterStatus | None = None
    killed: str = ""
    has_launcher: bool = False
    channel_trouble: str = ""
    log_tail: str = ""
    observed: tuple[Finding, ...] = ()
    asked_by: str = ""

    @property
    def how(self) -> str:
        """The kill from outside, the manager's status, or that the watchdog ended it."""
        return self.killed or (self.final.what if self.final is not None else "the watchdog ended it")

    @property
    def evidence(self) -> str:
        """The manager's diagnostics, and the last lines that the driver printed."""
        lines = safe_text(self.log_tail).rstrip().splitlines()[-_LAST_LINES:]
        diagnostics = self.final.diagnostics if self.final is not None else ""
        return "\n".join(part for part in (diagnostics, "\n".join(lines)) if part)

    @property
    def has_succeeded(self) -> bool:
        """Whether the manager reports success, which alone is not enough."""
        return self.final is not None and self.final.state is ClusterState.SUCCEEDED

    def _from_outside(self) -> AttemptError | None:
        if self.asked_by:
            return errors.KilledError(
                self.killed, advice=ENDED_BY_A_USER, orphans=self.orphans, details=AttemptDetails(retry=False)
            )
        return errors.KilledError(self.killed, orphans=self.orphans) if self.killed else None

    def _of_finding(self, finding: Finding) -> AttemptError:
        if finding.verdict is Verdict.VANISHED and self.channel_state.bye:
            finding = replace(finding, what=f"{finding.what} Its closing message came before that.")
        return error_of_finding(finding, **self._seen)

    def _of_report(self) -> AttemptError | None:
        if self.final is None:
            return errors.AttemptError("The end of the application was not observed.", orphans=self.orphans)
        if self.has_succeeded:
            silent = self.has_launcher and not self.channel_state.bye
            return self._without_closing_message(self.final) if silent else None
        return self._failed(self.final)

    def _without_closing_message(self, final: ClusterStatus) -> AttemptError:
        trouble = self.channel_trouble or "no closing message in the channel directory"
        return errors.DriverGoneError(
            "The manager reported success, but the application's closing message never came.",
            got=f"{final.what}; {trouble}",
            expected="success at the manager, and the closing message in the channel directory",
            advice="os._exit() ends a script without that message. Otherwise the driver could not write to "
            f"the channel directory, or Airflow could not read it: see the driver's log{_at(final)}.",
            **self._seen,
        )

    def _failed(self, final: ClusterStatus) -> AttemptError:
        if final.exit_code == DRIVER_TIMEOUT_EXIT:
            return self._driver_timeout(final.what)
        if final.state is ClusterState.KILLED:
            return errors.KilledError(
                "The application was killed from outside.",
                got=final.what,
                advice=f"A user, a tool or the cluster itself ended it: find out which{_at(final)}.",
                **self._seen,
            )
        found = diagnose(f"{final.diagnostics}\n{self.log_tail}", final.exit_code)
        if found is not None:
            return error_of_diagnosis(found, self.evidence, self.orphans)
        return self._of_unknown_cause(final)

    def _of_unknown_cause(self, final: ClusterStatus) -> AttemptError:
        code = final.exit_code
        got = final.what if code is None else f"{final.what}, exit code {code}: {exit_code_meaning(code)}"
        if self.channel_state.hello:
            return errors.DriverGoneError(
                "The driver ended before its script did.",
                got=got,
                expected="the end of the script (its closing message never came)",
                advice=f"Read the driver's log{_at(final)}.",
                **self._seen,
            )
        if self.has_launcher and not self.channel_trouble:
            return errors.SubmitError(
                "The application failed before its script started.",
                got=got,
                advice=f"Read the manager's message and the driver's log{_at(final)}.",
                **self._seen,
            )
        if not _is_its_own(final):
            return errors.DriverGoneError(
                "The driver was terminated from outside.",
                got=got,
                expected="a driver that ends by itself",
                advice=f"See the manager's reason: a memory limit, an eviction, a lost node{_at(final)}.",
                **self._seen,
            )
        return errors.UserCodeError(
            "The application failed.",
            got=got,
            expected="success",
            advice=f"Read the driver's log{_at(final)}. A Python application reports more if a channel "
            "directory is set (docs/cluster-mode.md).",
            **self._seen,
        )


def _is_its_own(final: ClusterStatus) -> bool:
    """Whether the application itself failed, by all that its manager knows."""
    code = final.exit_code
    return _OF_A_JAR in final.diagnostics or (code is not None and code not in _FROM_OUTSIDE)


def _at(final: ClusterStatus) -> str:
    url = final.log_url or final.ui_url
    return f" ({url})" if url else ""
