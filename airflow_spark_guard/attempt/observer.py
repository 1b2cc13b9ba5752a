"""The observer: looks at the job on a thread of its own, so that a slow UI never delays the watch."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.attempt.dump_logs import DumpLogs
from airflow_spark_guard.attempt.heartbeat_logs import HeartbeatLogs
from airflow_spark_guard.core.clock import LaunchTime
from airflow_spark_guard.core.stacktraces.jvm_stack import task_readings
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.process.memory import memory_of
from airflow_spark_guard.process.process_samples import ProcessSampler
from airflow_spark_guard.sources.rest import AsyncRestSource, RestSource

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.finding import ObservationRequest
    from airflow_spark_guard.core.watch.observation import DriverView, Executor, Master, TaskHeartbeat
    from airflow_spark_guard.core.watch.process_sample import ProcessSample
    from airflow_spark_guard.core.web.master_page import ApplicationPage
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.sources.master import MasterSource

_MOST_THREADS = 16  # executors whose threads are read: the first ones each time, since two looks are compared
_SECONDS = 5.0  # for all threads
_PATIENCE = 5.0
# How long the autopsy, whose budget is 10 s, waits for a look to end.
_LOOK_PATIENCE = 2.0


class Application(NamedTuple):
    """The running application as the job, or spark-submit's output, names it.

    Attributes:
        id: as the cluster names it.
        ui_url: its web UI; empty if it has none or the address is not known.
        ui_is_here: whether ``ui_url`` is a local address, which no other machine can use.
        master_ui: the web UI of the standalone master that runs it; empty if it is not known.
    """

    id: str
    ui_url: str
    ui_is_here: bool = False
    master_ui: str = ""


@dataclass
class Observer:
    """Answers one request after the other.

    Args:
        tag: of the attempt's processes.
        window: seconds between two samples of processes that are compared.
        local: whether the master is ``local[n]``.
        master: the standalone master, if there is one.
    """

    tag: Tag
    local: bool = False
    master: MasterSource | None = None
    window: float = 60.0
    _requests: queue.SimpleQueue[tuple[ObservationRequest[LaunchTime], Application | None] | None] = field(
        default_factory=queue.SimpleQueue
    )
    _seen: queue.SimpleQueue[Observation] = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None
    _rest: RestSource | None = None
    _application: Application | None = None
    _sampler: ProcessSampler = field(init=False)
    _heartbeat_logs: HeartbeatLogs = field(default_factory=HeartbeatLogs)
    _dump_logs: DumpLogs = field(default_factory=DumpLogs)
    busy: bool = False
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._sampler = ProcessSampler(self.tag, self.window)

    def request(self, look: ObservationRequest[LaunchTime], application: Application | None) -> None:
        """Start a look; :meth:`take` returns its result."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="spark-guard-observer", daemon=True)
            self._thread.start()
        self.busy = True
        self._requests.put((look, application))

    def take(self) -> Observation | None:
        """The result of the request; None as long as it is not ready."""
        try:
            seen = self._seen.get_nowait()
        except queue.Empty:
            return None
        self.busy = False
        return seen

    @property
    def rest(self) -> RestSource | None:
        """The driver's REST API, once the application is known; for the autopsy."""
        return self._rest

    def let_go(self) -> None:
        """Release every process, so that another tool can attach to it; for good."""
        self._sampler.close()
        if self._looking.acquire(timeout=_LOOK_PATIENCE):  # py-spy may be attached just now
            self._looking.release()

    def pause(self) -> None:
        """As :meth:`let_go`, until the next request."""
        if self._looking.acquire(timeout=_LOOK_PATIENCE):
            self._looking.release()
        self._sampler.pause()

    def page_of(self, application: Application) -> ApplicationPage | None:
        """The application's page at the standalone master; None if there is none. For the autopsy."""
        if self.master is None:
            return None
        try:
            return self.master.page(application.id)
        except UnusableAnswerError:
            return None

    def close(self) -> None:
        """End the thread; if it waits for an answer, it ends after that."""
        self._requests.put(None)
        self._sampler.close()
        if self._thread is not None:
            self._thread.join(_PATIENCE)
        if self._rest is not None:
            self._rest.close()

    def _serve(self) -> None:
        while (request := self._requests.get()) is not None:
            try:
                with self._looking:
                    seen = self._look(*request)
            except Exception as error:  # noqa: BLE001 - the watch would wait forever
                seen = Observation(blind=f"the look at it failed ({type(error).__name__})")
            self._seen.put(seen)

    def _look(self, look: ObservationRequest[LaunchTime], application: Application | None) -> Observation:
        """One look; the watch adds its time and what the job reports."""
        self._follow(application)
        driver, blind = self._driver(look)
        running = [row for row in (driver.executors if driver else ()) if row.active and row.active_tasks]
        readings, beats = self._sample(running) if look.readings else (None, self._heartbeat_logs.newest)
        return Observation(
            driver=driver,
            blind=blind,
            readings=readings,
            task_heartbeats=beats,
            master=self._ask_master(application, driver),
            memory=memory_of(self.tag),
        )

    def _follow(self, application: Application | None) -> None:
        if application == self._application:
            return
        if self._rest is not None:
            self._rest.close()
        self._application, self._rest = application, None
        if application is not None and application.ui_url.startswith(("http://", "https://")):
            self._rest = RestSource(AsyncRestSource(application.ui_url, application.id, local=self.local))

    def _driver(self, look: ObservationRequest[LaunchTime]) -> tuple[DriverView | None, str]:
        if self._rest is None:
            return None, "it has no UI" if self._application is not None else ""
        try:
            return self._rest.look(details=look.details), ""
        except UnusableAnswerError as error:
            return None, str(error)

    def _sample(self, running: list[Executor]) -> tuple[tuple[ProcessSample, ...], tuple[TaskHeartbeat, ...]]:
        """Processes, threads and logs; the logs are read in parallel."""
        with ThreadPoolExecutor(1, "spark-guard-logs") as pool:
            beats = pool.submit(self._heartbeat_logs.read, running)
            readings = self._readings(running)
            found = beats.result()
        here = {row.executor for row in readings if row.role == "worker"}
        elsewhere = [row for row in running if row.id not in here]
        return (*readings, *self._dump_logs.read(self._heartbeat_logs.ends, elsewhere)), found

    def _readings(self, running: list[Executor]) -> tuple[ProcessSample, ...]:
        found = list(self._sampler.look(stacks=True))
        if self._rest is None or not running:
            return tuple(found)
        threads = self._rest.threads_of([row.id for row in running[:_MOST_THREADS]], seconds=_SECONDS)
        for executor, seen in threads.items():
            # Without its threads, the rules judge an executor by its workers, or not at all.
            found += task_readings(seen or (), executor)
        return tuple(found)

    def _ask_master(self, application: Application | None, driver: DriverView | None) -> Master | None:
        """Ask the master only while there is no executor: the rules use nothing else that it reports."""
        if self.master is None or application is None or driver is None:
            return None
        if any(row.active for row in driver.executors):
            return None
        try:
            return self.master.look(application.id)
        except UnusableAnswerError:
            return None
