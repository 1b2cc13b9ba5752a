"""One attempt in client mode: launch, watch, autopsy, kill, proof, record, and the exception."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.attempt.examiner import Examiner
from airflow_spark_guard.attempt.live import Live, requests_of
from airflow_spark_guard.attempt.log import AttemptLog
from airflow_spark_guard.attempt.loop import AttemptFollower
from airflow_spark_guard.attempt.observer import Observer
from airflow_spark_guard.attempt.recorded import recorded
from airflow_spark_guard.attempt.spec import Finished
from airflow_spark_guard.attempt.storable_result import storable_result
from airflow_spark_guard.attempt.summary import Summary
from airflow_spark_guard.attempt.watch import Watch
from airflow_spark_guard.core.application import check_application
from airflow_spark_guard.core.conf.conf_order import HEARTBEAT
from airflow_spark_guard.core.conf.conf_view import ConfView, manager_of
from airflow_spark_guard.core.conf.known_confs import known_confs
from airflow_spark_guard.core.conf.preflight import check_fit
from airflow_spark_guard.core.errors import ImpossibleError
from airflow_spark_guard.core.failure.client_ending import Cause, ClientEnding
from airflow_spark_guard.core.failure.evolved import evolved
from airflow_spark_guard.core.live.state import LiveState
from airflow_spark_guard.core.output.last_shown import LastShown
from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.spark_log import SparkFilter
from airflow_spark_guard.core.quantity import readable_duration, seconds, size_in_bytes, whole_number
from airflow_spark_guard.core.text.argument_words import masked_words
from airflow_spark_guard.core.verbosity import without_launcher
from airflow_spark_guard.core.watch.watch_limits import WatchLimits
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.process.attempt import Attempt, Launch
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.sources.master import AsyncMasterSource, MasterSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.attempt.observer import Application
    from airflow_spark_guard.attempt.spec import AttemptSpec, Job
    from airflow_spark_guard.process.record import NoRecord, Record

# A master notices a driver's death at once; a worker's executors follow within seconds.
_PROOF_PATIENCE, _PROOF_TICK = 5.0, 0.5
# Airflow gives a killed task 5 s in all, and the record is still to be written.
_PROOF_PATIENCE_KILLED = 1.0


def run(spec: AttemptSpec, job: Job, master_ui: str | None = None) -> Finished:
    """Run one attempt in client mode to its end.

    Args:
        spec: the attempt.
        job: what is submitted.
        master_ui: the standalone master's web page, if the connection names it.

    Raises:
        BadInputError: a mistake found before anything starts.
        AttemptError: the attempt is not a success.
    """
    check_application(job.program.path, job.program.java_class, Path.exists)
    client = ClientRun(spec, job, master_ui)
    client.preflight()
    spec.kill_switch.check()
    command, env = client.command()
    spec.reporting.log.info(
        "%s: deadline %s, profile %s, Spark %s. Command: %s",
        "Observed (nothing is ended)" if spec.limits.observes else "Guarded",
        readable_duration(spec.budget),
        job.submission.request.profile.name,
        ".".join(map(str, job.submission.spark.version or ("of unknown version",))),
        masked_words(command),
    )
    note = without_launcher(job.submission.request.verbosity)
    if note and not job.program.is_python:
        spec.reporting.log.warning("%s", note)
    return client.run(command, env)


@dataclass
class ClientRun:
    """One attempt in client mode.

    Args:
        spec: the attempt.
        job: what is submitted.
        master_ui: the standalone master's web page, if the connection names it.

    Attributes:
        found_ui: that page as :meth:`preflight` found it; empty if it did not.
    """

    spec: AttemptSpec
    job: Job
    master_ui: str | None = None
    found_ui: str = field(default="", init=False)
    _shown: LastShown = field(default_factory=LastShown, init=False)

    def preflight(self) -> None:
        """Ask the master for its web UI, and whether a worker can fit one executor of this size.

        Raises:
            ImpossibleError: no worker is large enough; in observe mode that is a warning.
        """
        seen = None
        with self._master() as master:
            if master is not None:
                with contextlib.suppress(UnusableAnswerError):  # no information is not an error
                    seen = master.look()
                    self.found_ui = master.web_ui()
        try:
            warning = check_fit(self.job.submission.conf.values, self._master_url, seen)
        except ImpossibleError as error:
            if not self.spec.limits.observes:
                raise
            warning = f"Observed only; the job starts anyway:\n{error}"
        if warning:
            self.spec.reporting.log.warning("%s", warning)

    def command(self) -> tuple[list[str], dict[str, str]]:
        """spark-submit's command line and the environment of the job."""
        job = self.job
        if not job.program.is_python:
            return job.submission.command(job.workspace, job.program.words), job.submission.env
        result_size = size_in_bytes(self.spec.limits.result_size)
        return job.submission.guarded_command(job.workspace, job.program.words, result_size)

    def run(self, command: list[str], env: dict[str, str]) -> Finished:
        """Run the command to its end.

        Raises:
            AttemptError: the attempt is not a success.
        """
        reporting, limits = self.spec.reporting, self.spec.limits
        with recorded(self.spec) as record:
            summary = Summary(record, "client", limits, self.job.submission)
            summary.write("running")
            try:
                with self._master() as master:
                    ending = self._watch(self._launch(command, env), record, summary, master)
            except BaseException as raised:  # Airflow's timeout, or a foreign message on the channel
                summary.broken_off(raised)
                raise
            error = ending.failure()
            summary.ended(ending, error)
        if record.trouble:  # complete once the record is closed
            reporting.log.warning("%s", record.trouble)
        if error is not None:
            raise evolved(error, record=record.place, evidence_shown=self._shown.has(error.evidence))
        return Finished(storable_result(ending.channel_state, limits, reporting.log))

    def _launch(self, command: list[str], env: dict[str, str]) -> Launch:
        workspace, limits = self.job.workspace, self.spec.limits
        return Launch(
            command=command,
            env=env,
            workdir=workspace.folder,
            cancel=workspace.cancel,
            secrets=workspace.secrets,
            tag=self.spec.tag,
            backstop=self.spec.backstop,
            has_launcher=self.job.program.is_python,
            autopsy_budget=seconds(limits.autopsy_budget),
            grace=seconds(limits.kill_grace),
            guardians=self.spec.guardians,
        )

    def _watch(
        self, launch: Launch, record: Record | NoRecord, summary: Summary, master: MasterSource | None
    ) -> ClientEnding:
        budget, level = whole_number(self.spec.limits.log_lines), self.spec.reporting.spark_log_level
        output = JobOutput(budget, SparkFilter(level))
        state = LiveState(self.spec.deadline)
        log = AttemptLog(
            self.spec.reporting.log,
            record,
            budget=MessageBudget.beside(output),
            shown=self._shown,
            summary=summary,
            on_observed=self.spec.reporting.on_observed,
            live=state,
        )
        watch = self._watcher(log, master)
        examiner = Examiner(self.spec.tag, self.job.workspace.stacks, launch.autopsy_budget, log, watch)
        live = Live(record, watch, state, requests_of(record), log.line)
        with (
            contextlib.closing(live),
            contextlib.closing(watch),
            contextlib.closing(ChannelReader(self.job.workspace.channel)) as channel,
            Attempt(launch) as attempt,
        ):
            self.spec.kill_switch.connect(attempt)
            ending = AttemptFollower(attempt, channel, output, watch, log, examiner, live).run()
            application = watch.announce(ending.channel_state)  # a short job ends before the first tick
        patience = _PROOF_PATIENCE_KILLED if ending.cause is Cause.KILLED else _PROOF_PATIENCE
        ending = ending.with_orphans(prove_gone(master, application.id if application else "", patience))
        log.ended(ending)
        return ending

    def _watcher(self, log: AttemptLog, master: MasterSource | None) -> Watch:
        watch_limits = self._watch_limits()
        return Watch(
            watch_limits,
            Observer(self.spec.tag, local=watch_limits.local, master=master, window=watch_limits.evidence),
            on_notice=log.notice,
            on_line=log.line,
            on_observation=log.observation,
            on_application=self._announce,
        )

    def _announce(self, application: Application) -> None:
        # With several masters, another one may be active later.
        found = "" if "," in self._master_url else self.found_ui
        self.spec.reporting.on_application(application._replace(master_ui=self.master_ui or found))

    def _watch_limits(self) -> WatchLimits:
        view = ConfView(self.job.submission.conf.values, known_confs(), self._master_url)
        return WatchLimits.of(
            self.spec.limits,
            deadline=self.spec.deadline,
            heartbeat=view.number(HEARTBEAT),
            local=manager_of(self._master_url) == "local",
        )

    @property
    def _master_url(self) -> str:
        return self.job.submission.request.master

    @contextlib.contextmanager
    def _master(self) -> Iterator[MasterSource | None]:
        if manager_of(self._master_url) != "standalone":
            yield None
            return
        with contextlib.closing(MasterSource(AsyncMasterSource(self._master_url, self.master_ui))) as source:
            yield source


def prove_gone(master: MasterSource | None, application_id: str, patience: float) -> tuple[str, ...]:
    """Wait until the master reports the application as ended, or kill it there; returns what may still run.

    Args:
        master: the standalone master; None without one.
        application_id: empty if it is not known.
        patience: seconds; after half of them the master is asked to kill it.
    """
    if master is None or not application_id:
        return ()
    limit = time.monotonic() + patience
    asked = False
    while True:
        gone = master.gone(application_id)
        if gone is not False:
            return ()  # an application that the master does not know has no executors either
        if not asked and time.monotonic() >= limit - patience / 2:
            asked = True
            with contextlib.suppress(UnusableAnswerError):
                master.kill(application_id)
        elif time.monotonic() >= limit:
            return (f"{application_id} (its master still runs it)",)
        time.sleep(_PROOF_TICK)
