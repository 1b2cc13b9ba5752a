"""A guarded run in client mode: launch, watch, autopsy, kill, proof, record, and what is raised."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.attempt.log import AttemptLog
from airflow_spark_guard.attempt.loop import Following
from airflow_spark_guard.attempt.observer import Observer
from airflow_spark_guard.attempt.storable_result import storable_result
from airflow_spark_guard.attempt.watch import Watch
from airflow_spark_guard.core.clock import EpochTime, LaunchTime, epoch_now
from airflow_spark_guard.core.conf.conf_lines import recorded_conf
from airflow_spark_guard.core.conf.conf_view import ConfView, manager_of
from airflow_spark_guard.core.conf.known_confs import known_confs
from airflow_spark_guard.core.conf.preflight import check_fit
from airflow_spark_guard.core.errors import ImpossibleError, SparkGuardError
from airflow_spark_guard.core.failure.ending import Cause, Ending, failure
from airflow_spark_guard.core.failure.observed_text import observed_row
from airflow_spark_guard.core.output.last_shown import LastShown
from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.spark_log import SparkFilter
from airflow_spark_guard.core.quantity import seconds, size_in_bytes
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.windows import Windows
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.hooks.settings import spark_log_level
from airflow_spark_guard.process.attempt import Attempt, Launch
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.record import NoRecord, Record
from airflow_spark_guard.sources.master import MasterSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from airflow_spark_guard.attempt.log import TaskLogger
    from airflow_spark_guard.attempt.observer import Application
    from airflow_spark_guard.attempt.submission import Submission
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.process.workspace import Workspace

    OnStart = Callable[[Attempt], None]

_HEARTBEAT = "spark.executor.heartbeatInterval"
# A master notices a driver's death at once; a worker's executors follow within seconds.
_PROOF_PATIENCE, _PROOF_TICK = 5.0, 0.5
# Airflow gives a killed task 5 s in all, and the record is still to be written.
_PROOF_PATIENCE_KILLED = 1.0


def _ignore(_: object) -> None:
    """Nobody wants to know."""


@dataclass
class GuardedRun:
    """One attempt.

    Args:
        submission: what to run.
        workspace: its folder.
        limits: checked.
        tag: of its processes.
        deadline: seconds that the guard allows; None where ``execution_timeout`` alone holds.
        backstop: seconds after which nobody gives it more time.
        log: of the task.
        record: the folder for its record; None for none.
        master_ui: the standalone master's web page; None for the usual one.
        guardians: pids whose death ends it.
        on_application: takes the application as soon as it is known, on the thread of :meth:`run`.
        on_observed: takes what would have ended it in observe mode, on the same thread.

    Attributes:
        found_ui: the standalone master's web UI, once :meth:`preflight` has found it there.
    """

    submission: Submission
    workspace: Workspace
    limits: GuardLimits
    tag: Tag
    deadline: float | None
    backstop: float
    log: TaskLogger
    record: Path | None = None
    master_ui: str | None = None
    guardians: tuple[int, ...] = ()
    on_application: Callable[[Application], None] = _ignore
    on_observed: Callable[[AttemptError], None] | None = None
    found_ui: str = field(default="", init=False)
    _begun: EpochTime = field(default_factory=epoch_now)
    _shown: LastShown = field(default_factory=LastShown)
    _observed: list[dict[str, Any]] = field(default_factory=list)
    _attempt: Attempt | None = None

    def preflight(self) -> None:
        """Ask the master whether it can ever give one executor of this size, and where its web UI is.

        Raises:
            ImpossibleError: no worker is large enough; in observe mode that is a warning.
        """
        seen = None
        with self._master() as master:
            if master is not None:
                with contextlib.suppress(UnusableAnswerError):  # nothing known is nothing wrong
                    seen = master.look()
                    self.found_ui = master.web_ui()
        try:
            warning = check_fit(self.submission.conf.values, self._master_url, seen)
        except ImpossibleError as error:
            if not self.limits.observes:
                raise
            warning = f"Observed only, the job is started all the same:\n{error}"
        if warning:
            self.log.warning("%s", warning)

    def run(self, command: list[str], env: dict[str, str], *, speaks: bool, on_start: OnStart) -> Any:
        """Run the command to its end; the result that the job reports.

        Raises:
            AttemptError: the attempt is no success.
        """
        launch = Launch(
            command=command,
            env=env,
            workdir=self.workspace.folder,
            cancel=self.workspace.cancel,
            secrets=self.workspace.secrets,
            tag=self.tag,
            backstop=self.backstop,
            speaks=speaks,
            autopsy_budget=seconds(self.limits.autopsy_budget),
            grace=seconds(self.limits.kill_grace),
            guardians=self.guardians,
        )
        with self._record() as record, self._master() as master:
            record.summary(self._summary(None, None))
            try:
                ending = self._watch(launch, record, master, on_start)
            except BaseException as raised:  # a time-out of Airflow's, or a channel that is not ours
                record.summary({**self._summary(None, None), **_broken_off(raised)})
                raise
            error = failure(ending)
            record.summary(self._summary(ending, error))
        if record.trouble:  # all of it is known once the record is closed
            self.log.warning("%s", record.trouble)
        if error is not None:
            error.record = record.place
            error.evidence_shown = self._shown.has(error.evidence)
            raise error
        return storable_result(ending.heard, self.limits, self.log)

    def _watch(
        self, launch: Launch, record: Record | NoRecord, master: MasterSource | None, on_start: OnStart
    ) -> Ending:
        output = JobOutput(int(self.limits.log_lines), SparkFilter(spark_log_level()))
        log = AttemptLog(
            self.log,
            record,
            self.tag,
            self.workspace.stacks,
            launch.autopsy_budget,
            budget=MessageBudget.beside(output),
            shown=self._shown,
            on_observed=partial(self._take_observed, record),
        )
        windows = self._windows()
        watch = log.watch = Watch(
            windows,
            Observer(self.tag, local=windows.local, master=master, window=windows.evidence),
            on_notice=log.notice,
            on_line=log.line,
            on_observation=log.observation,
            on_application=self.on_application,
        )

        with (
            contextlib.closing(watch),
            contextlib.closing(ChannelReader(self.workspace.channel)) as channel,
            Attempt(launch) as attempt,
        ):
            self._attempt = attempt
            on_start(attempt)
            ending = Following(attempt, channel, output, watch, log).run()
            application = watch.tell(ending.heard)  # a short job ends before the first tick
        patience = _PROOF_PATIENCE_KILLED if ending.cause is Cause.KILLED else _PROOF_PATIENCE
        ending = ending.with_orphans(prove_gone(master, application.id if application else "", patience))
        log.ended(ending)
        return ending

    def _take_observed(self, record: Record | NoRecord, finding: Finding, error: AttemptError) -> None:
        now = finding.reached_at if self._attempt is None else self._attempt.now
        self._observed.append(observed_row(finding, error, LaunchTime(round(now, 1))))
        record.summary(self._summary(None, None))
        if self.on_observed is not None:
            self.on_observed(error)

    def _windows(self) -> Windows:
        view = ConfView(self.submission.conf.values, known_confs(), self._master_url)
        return Windows.of(
            self.limits,
            deadline=self.deadline,
            heartbeat=view.number(_HEARTBEAT),
            local=manager_of(self._master_url) == "local",
        )

    @property
    def _master_url(self) -> str:
        return self.submission.request.master

    @contextlib.contextmanager
    def _master(self) -> Iterator[MasterSource | None]:
        if manager_of(self._master_url) != "standalone":
            yield None
            return
        with contextlib.closing(MasterSource(self._master_url, self.master_ui)) as source:
            yield source

    def _record(self) -> Record | NoRecord:
        if self.record is None:
            return NoRecord()
        return Record(self.record, size_in_bytes(self.limits.record_size))

    def _summary(self, ending: Ending | None, error: AttemptError | None) -> dict[str, Any]:
        """What ``summary.json`` says: at the launch, and at the end."""
        said = {
            "state": "running",
            "started_at": self._begun,
            "limits": self.limits.serialize(),
            "conf": recorded_conf(self.submission.conf.values),
            "observed": list(self._observed),
        }
        if ending is None:
            return said
        finding = ending.finding
        return {
            **said,
            "state": "success" if error is None else "failed",
            "verdict": "" if error is None else str(error.verdict),
            "what": "" if error is None else error.what,
            "got": "" if error is None else error.got,
            "advice": "" if error is None else error.advice,
            "place": "" if error is None else error.place,
            "limit_s": None if finding is None else finding.limit,
            "limit_reached_at_s": None if finding is None else finding.reached_at,
            "ended_at_s": ending.seconds,
            "cause": str(ending.cause),
            "exit_status": ending.exit_status,
            "hello": ending.heard.hello,
            "bye": ending.heard.bye,
            "error": dict(ending.heard.error) if ending.heard.error else None,
            "orphans": list(ending.orphans),
            "application_id": ending.heard.application_id,
        }


def _broken_off(raised: BaseException) -> dict[str, Any]:
    """What ``summary.json`` says of a watch that came to no ending; a foreign message may hold anything."""
    what = (
        raised.what if isinstance(raised, SparkGuardError) else f"The watch ended: {type(raised).__name__}."
    )
    return {"state": "failed", "verdict": str(Verdict.UNKNOWN), "what": what}


def prove_gone(master: MasterSource | None, application_id: str, patience: float) -> tuple[str, ...]:
    """Wait until the master has let the application go, end it there if it does not; what remains.

    Args:
        master: the standalone master; None where there is none.
        application_id: empty where none is known.
        patience: seconds; after half of them the master is told to end it.
    """
    if master is None or not application_id:
        return ()
    limit = time.monotonic() + patience
    asked = False
    while True:
        gone = master.gone(application_id)
        if gone is not False:
            return ()  # an application that the master does not know has nothing running for it either
        if time.monotonic() >= limit:
            return (f"{application_id} (its master still runs it)",)
        if not asked and time.monotonic() >= limit - patience / 2:
            asked = True
            with contextlib.suppress(UnusableAnswerError):
                master.kill(application_id)
        time.sleep(_PROOF_TICK)
