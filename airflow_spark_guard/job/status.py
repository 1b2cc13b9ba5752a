"""The launcher's thread: reports which application runs and its progress, and never disturbs it."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.large_functions import LargeFunctions
from airflow_spark_guard.job.sql_metrics import SqlMetrics
from airflow_spark_guard.job.stage_metrics import StageMetrics
from airflow_spark_guard.job.wire import has_instruments

if TYPE_CHECKING:
    from airflow_spark_guard.job.progress import Progress
    from airflow_spark_guard.job.wire import Channel

CANCEL_ENV = "SPARK_GUARD_CANCEL"
PARENT_CHECK = 1.0  # seconds
POLL_EVERY = (5.0, 10.0, 20.0, 30.0)  # seconds; polls that take long are made less often
SLOW_POLL = 0.1  # seconds
MOST_STAGES = 50
MOST_MISSED = 3  # failed polls in a row; older figures count as past
# How org.apache.spark.streaming.scheduler.ReceiverTracker describes the job that runs a DStream's receiver.
_RECEIVER = "Streaming job running receiver "


def watch(channel: Channel, progress: Progress, parent: int) -> None:
    """Until the process ends: die with the JVM, send hello for the application, publish its progress."""
    status, pace, due = Status(channel, progress), 0, 0.0
    cancel = os.environ.get(CANCEL_ENV, "")
    while True:
        if os.getppid() != parent:
            # Normally the kernel's death signal comes first; this is for systems without it.
            os.kill(os.getpid(), signal.SIGKILL)
        if cancel and os.path.exists(cancel):  # noqa: PTH110 - pathlib costs start-up time here
            cancel = "" if status.try_cancel() else cancel
        if time.monotonic() >= due:
            begin = time.monotonic()
            status.try_poll()
            end = time.monotonic()
            pace = next_pace(pace, end - begin)
            # Until an application is seen a poll is cheap, and a short application must not be missed.
            due = end + POLL_EVERY[pace] - PARENT_CHECK / 2 if status.has_greeted else end
        progress.tick()
        time.sleep(PARENT_CHECK)


def next_pace(pace: int, seconds: float) -> int:
    """The next index into ``POLL_EVERY``, after a poll that took ``seconds``."""
    return min(pace + 1, len(POLL_EVERY) - 1) if seconds > SLOW_POLL else max(pace - 1, 0)


class Status:
    """The state of the application of this process's SparkContext, if there is one.

    Attributes:
        missed: number of polls that failed.
    """

    def __init__(self, channel: Channel, progress: Progress) -> None:
        self.missed = self._missed_in_a_row = 0
        self._channel, self._progress = channel, progress
        self._application: str | None = None
        self._sql: SqlMetrics | None = None
        self._by_stage: StageMetrics | None = None
        self._large_functions: LargeFunctions | None = None
        self._receivers: dict[int, bool] = {}  # whether it is one, by stage

    def try_poll(self) -> bool:
        """Poll; False if that fails, as when the script is just starting or stopping the context."""
        try:
            self.poll()
        except Exception:  # noqa: BLE001 - reporting must not end a healthy job
            self.missed += 1
            self._missed_in_a_row += 1
            if self._missed_in_a_row >= MOST_MISSED:
                self._show_nothing()
            return False
        self._missed_in_a_row = 0
        return True

    @property
    def has_greeted(self) -> bool:
        """Whether an application was seen and reported."""
        return self._application is not None

    def try_cancel(self) -> bool:
        """Cancel every Spark job, so that partial output is rolled back before the kill."""
        try:
            context = _active_context()
            if context is not None:
                context.cancelAllJobs()
        except Exception:  # noqa: BLE001 - the driver may be going down already
            return False
        return True

    def poll(self) -> None:
        """Send hello for a new SparkContext, and its figures if they have changed."""
        context = _active_context()
        if context is None:
            self._show_nothing()
            return
        if context._jsc.sc().isStopped():  # noqa: SLF001 - there is no public way
            # A stop may hang: the last figures must not be repeated as if its stages still ran.
            self._show_nothing()
            return
        if self._application != context.applicationId:
            self._greet(context)
        tracker = context.statusTracker()
        jobs = len(tracker.getActiveJobsIds())
        stages = _stages(tracker)
        self._mark_receivers(context, stages)
        figures = {"jobs": jobs, "stages": stages, "rss": resident_bytes()}
        sql = self._sql_digest(context, busy=jobs > 0)
        if self._by_stage is not None:
            of_stages = self._by_stage.rows(row["stage"] for row in stages if row["active"])
            figures["stages"] = [{**row, **of_stages.get(row["stage"], {})} for row in stages]
        self._progress.show(figures if sql is None else {**figures, "sql": sql})
        for text in self._large_functions.warnings() if self._large_functions is not None else ():
            self._channel.send("warning", text=text)

    def _show_nothing(self) -> None:
        self._progress.show({"stages": [], "rss": resident_bytes()})

    def _greet(self, context: Any) -> None:
        self._channel.send(
            "hello",
            pid=os.getpid(),
            python=sys.version.split()[0],
            application_id=context.applicationId,
            ui_url=context.uiWebUrl,
            spark=context.version,
        )
        self._application, self._sql, self._by_stage = context.applicationId, None, None
        folder = getattr(context, "_temp_dir", None)
        # The instruments warn of a large function themselves, and name what makes it large.
        is_watched = isinstance(folder, str) and not has_instruments()
        self._large_functions = LargeFunctions(str(folder)) if is_watched else None
        self._receivers = {}

    def _mark_receivers(self, context: Any, stages: list[dict[str, int]]) -> None:
        """Mark the receivers of DStreams: they run as long as the application and change no figure.

        The description of each stage is read once.
        """
        if "pyspark.streaming.context" not in sys.modules:
            return
        ids = {row["stage"] for row in stages}
        self._receivers = {stage: known for stage, known in self._receivers.items() if stage in ids}
        for row in stages:
            stage = row["stage"]
            if stage not in self._receivers and (description := _description(context, stage)) is not None:
                self._receivers[stage] = description.startswith(_RECEIVER)
            if self._receivers.get(stage):
                row["receiver"] = 1

    def _sql_digest(self, context: Any, *, busy: bool) -> str | None:
        """None without a status store, and before the first job, for which Spark creates the store."""
        if self._sql is None:
            session = _classic_session(context)
            if session is None or not busy:
                return None
            store = session._jsparkSession.sharedState().statusStore()  # noqa: SLF001 - no public way
            self._sql = SqlMetrics(store)
            self._by_stage = StageMetrics(store, session._jvm, self._sql)  # noqa: SLF001
        return self._sql.digest()


def resident_bytes() -> int:
    """Resident memory of this process, in bytes; 0 if unknown."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - pathlib costs start-up time here
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _active_context() -> Any:
    # Looked up, not imported: a script that never uses Spark must not pay for it. With Spark Connect there is
    # no context. A context that is being stopped drops its JVM side first.
    for name in ("pyspark.core.context", "pyspark.context"):  # 4.x, 3.5
        module = sys.modules.get(name)
        if module is not None and hasattr(module, "SparkContext"):
            context = module.SparkContext._active_spark_context  # noqa: SLF001 - there is no public way
            return context if getattr(context, "_jsc", None) is not None else None
    return None


def _classic_session(context: Any) -> Any:
    found = getattr(sys.modules.get("pyspark.sql.session"), "SparkSession", None)
    session = getattr(found, "_instantiatedSession", None)
    return session if getattr(session, "_sc", None) is context else None


def _description(context: Any, stage: int) -> str | None:
    """The description of the stage's job; None if unknown."""
    try:
        found = context._jsc.sc().statusStore().lastStageAttempt(stage).description()  # noqa: SLF001 - no public way
        return str(found.get()) if found.isDefined() else ""
    except Exception:  # noqa: BLE001 - the stage may be gone, and the other figures still count
        return None


def _stages(tracker: Any) -> list[dict[str, int]]:
    rows = []
    for stage in sorted(tracker.getActiveStageIds())[:MOST_STAGES]:
        info = tracker.getStageInfo(stage)
        if info is not None:
            rows.append(
                {
                    "stage": info.stageId,
                    "attempt": info.currentAttemptId,
                    "tasks": info.numTasks,
                    "active": info.numActiveTasks,
                    "done": info.numCompletedTasks,
                    "failed": info.numFailedTasks,
                }
            )
    return rows
