"""``summary.json``: what the record says of an attempt, the same fields in client and in cluster mode.

``docs/records.md`` has the table of :data:`FIELDS`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from airflow_spark_guard.core.clock import EpochTime, LaunchTime, epoch_now, since
from airflow_spark_guard.core.conf.conf_lines import recorded_conf
from airflow_spark_guard.core.errors import AttemptError, SparkGuardError
from airflow_spark_guard.core.failure.observed_text import observed_row
from airflow_spark_guard.core.history.accounting import Accounting
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.attempt.submission import Submission
    from airflow_spark_guard.core.failure.ending import Ending
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.watch.observation import Observation
    from airflow_spark_guard.process.record import NoRecord, Record

    State = Literal["running", "deferred", "success", "failed"]

VERSION: Final = 1
FIELDS: Final[Mapping[str, str]] = {
    "v": "version of this format, 1",
    "mode": "`client` or `cluster`: where the driver runs",
    "state": "`running`, `deferred` (left to a trigger), `success` or `failed`",
    "started_at": "seconds since the epoch",
    "ended_at_s": "seconds from the start to the end; null while it runs",
    "application_id": "Spark's or the cluster manager's; empty as long as it is not known",
    "verdict": "of a failed attempt, such as `STALLED`; else empty",
    "what": "one sentence: what happened",
    "got": "what was found",
    "advice": "what to do next",
    "place": "the line of the user's Python, `file:line, function`; empty if it is not known",
    "limit_s": "the limit that was passed, in seconds; null where none was",
    "limit_reached_at_s": "when it was passed, in seconds since the start; null where none was",
    "cause": "what made the attempt end",
    "exit_status": "of spark-submit, negative for a signal; null in cluster mode and where it is not known",
    "hello": "whether the job's launcher reported its start",
    "bye": "whether it reported the end of the script",
    "error": "the exception that the job reported; null where it reported none",
    "orphans": "what could not be confirmed as ended",
    "cost": "what executors held and wasted ([below](#cost)); null while it runs and if nothing was seen",
    "limits": "`GuardLimits` of the attempt",
    "conf": "Spark's configuration, each key with its value and where it comes from; secrets masked",
    "observed": "what would have ended the attempt in [observe mode](rolling-out.md)",
}
_ENDED: Final = ("success", "failed")
# What is not known before the end.
_OPEN: Final[Mapping[str, Any]] = {
    "ended_at_s": None,
    "application_id": "",
    "verdict": "",
    "what": "",
    "got": "",
    "advice": "",
    "place": "",
    "limit_s": None,
    "limit_reached_at_s": None,
    "cause": "",
    "exit_status": None,
    "hello": False,
    "bye": False,
    "error": None,
    "orphans": [],
    "cost": None,
}


@dataclass
class Summary:
    """Writes one attempt's summary, whole each time.

    Args:
        record: of the attempt.
        mode: where the driver runs.
        limits: of the attempt.
        submission: of the job.
    """

    record: Record | NoRecord
    mode: Literal["client", "cluster"]
    limits: GuardLimits
    submission: Submission
    _started_at: EpochTime = field(default_factory=epoch_now)
    _known: dict[str, Any] = field(default_factory=lambda: dict(_OPEN))
    _observed: list[dict[str, Any]] = field(default_factory=list)
    _accounting: Accounting = field(init=False)

    def __post_init__(self) -> None:
        self._accounting = Accounting(self._started_at)

    @property
    def has_ended(self) -> bool:
        """Whether it says how the attempt ended."""
        return self._known["ended_at_s"] is not None

    @property
    def passed(self) -> LaunchTime:
        """The time since the start."""
        return LaunchTime(round(since(self._started_at, epoch_now()), 1))

    def observe(self, seen: Observation) -> None:
        """Take an observation into the account. An account is a courtesy: nothing is raised."""
        with contextlib.suppress(Exception):
            self._accounting.observe(seen)

    def write(self, state: State, **known: Any) -> None:
        """Write it, with what has become known."""
        self._known.update(known)
        if state in _ENDED:
            self._known["cost"] = self._cost(succeeded=state == "success")
        self.record.summary(
            {
                "v": VERSION,
                "mode": self.mode,
                "state": state,
                "started_at": self._started_at,
                **self._known,
                "limits": self.limits.serialize(),
                "conf": recorded_conf(self.submission.conf.values),
                "observed": list(self._observed),
            }
        )

    def observed(self, finding: Finding, error: AttemptError, launched_at: EpochTime | None = None) -> None:
        """Add what would have ended the attempt in observe mode; ``launched_at`` as of :meth:`ended`."""
        self._observed.append(observed_row(self._since_start(finding, launched_at), error, self.passed))
        self.write("running")

    def ended(
        self,
        ending: Ending,
        error: AttemptError | None,
        application_id: str = "",
        launched_at: EpochTime | None = None,
    ) -> None:
        """Write how the attempt ended.

        Args:
            ending: of the attempt.
            error: its exception; None for a success.
            application_id: the cluster manager's; empty in client mode, where the job reports it.
            launched_at: when the application was submitted; None for the attempt's start.
        """
        finding, channel_state = ending.finding, ending.channel_state
        self._known.update(
            ended_at_s=self.passed if ending.seconds is None else ending.seconds,
            application_id=application_id or channel_state.application_id,
            cause=ending.how,
            exit_status=ending.exit_status,
            orphans=list(ending.orphans),
            hello=channel_state.hello,
            bye=channel_state.bye,
            error=dict(channel_state.error) if channel_state.error else None,
            limit_s=(finding.limit or None) if finding is not None else None,
            limit_reached_at_s=self._since_start(finding, launched_at).reached_at
            if finding is not None
            else None,
        )
        if error is not None:
            self._known.update(_of_error(error))
        self.write("success" if error is None else "failed")

    def broken_off(self, raised: BaseException) -> None:
        """Write that the attempt came to no ending: a time-out of Airflow's, bad input, a foreign message.

        The text of an exception that is not ours may hold anything, so that only its class is written.
        """
        if isinstance(raised, SparkGuardError):
            known = _of_error(raised)
        else:
            known = {
                "verdict": str(Verdict.UNKNOWN),
                "what": f"The watch ended: {type(raised).__name__}.",
            }
        self.write("failed", ended_at_s=self.passed, **known)

    def _cost(self, *, succeeded: bool) -> dict[str, Any] | None:
        with contextlib.suppress(Exception):
            conf = {key: str(found.value) for key, found in self.submission.conf.values.items()}
            return self._accounting.cost(conf, self._known["ended_at_s"] or 0.0, succeeded=succeeded)
        return None

    def _since_start(self, finding: Finding, launched_at: EpochTime | None) -> Finding:
        """An application that was taken over is older than the attempt."""
        later = 0.0 if launched_at is None else launched_at - self._started_at
        return replace(finding, reached_at=LaunchTime(finding.reached_at + later))


def _of_error(error: SparkGuardError) -> dict[str, Any]:
    known: dict[str, Any] = {
        "what": error.what,
        "got": error.got,
        "advice": error.advice,
        "verdict": str(Verdict.UNKNOWN),
    }
    if isinstance(error, AttemptError):
        known |= {"verdict": str(error.verdict), "place": error.where, "orphans": list(error.orphans)}
    return known
