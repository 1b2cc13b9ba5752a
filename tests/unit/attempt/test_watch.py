"""When the watch looks, what it makes of an answer, and what it hears in spark-submit's output."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from airflow_spark_guard.attempt.observer import Application
from airflow_spark_guard.attempt.watch import Watch
from airflow_spark_guard.core.protocol import Message
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.executor_heartbeat import MARK
from airflow_spark_guard.core.watch.finding import ObservationRequest
from airflow_spark_guard.core.watch.observation import (
    DriverView,
    Executor,
    Master,
    Observation,
    Stage,
    TaskHeartbeat,
)
from tests.support.limits import watch_limits

STAGE = Stage(stage=3, attempt=0, tasks=10, active=2, done=4, failed=0, launched=True, counters=(7,))
VIEW = DriverView(jobs=1, stages=(STAGE,), executors=(Executor(id="0", active=True, active_tasks=2),))
EXIT = "INFO StandaloneSchedulerBackend: Executor app-1/{} removed: Command exited with code 137\n"


class Told:
    """An observer whose answers are put in by the test: it is the port, without threads and clocks."""

    def __init__(self) -> None:
        self.asked: list[tuple[ObservationRequest, Application | None]] = []
        self.answers: list[Observation] = []
        self.busy = self.closed = False

    def request(self, look, application) -> None:
        self.asked.append((look, application))
        self.busy = True

    def take(self) -> Observation | None:
        if not self.answers:
            return None
        self.busy = False
        return self.answers.pop()

    def close(self) -> None:
        self.closed = True


class Watched:
    """A watch with all that comes out of it."""

    def __init__(self, **limits) -> None:
        self.observer, self.notices, self.seen = Told(), [], []
        self.watch = Watch(
            watch_limits(**limits),
            self.observer,
            on_notice=self.notices.append,
            on_observation=self.seen.append,
        )
        self.channel_state = ChannelState()

    def say(self, kind: str, now: float, **fields) -> None:
        self.channel_state.receive(Message(kind, 0.0, fields), now)

    def look(self, now: float, snapshot: Observation):
        """Asked at ``now``, answered at once: what the watch says."""
        assert self.watch.tick(now, self.channel_state) is None
        self.observer.answers.append(snapshot)
        return self.watch.tick(now, self.channel_state)


def test_it_looks_after_two_poll_intervals_and_waits_for_the_answer():
    """Then again when the watchdog wants to; a short job is not asked at all."""
    watched = Watched(poll=30.0)
    ticks = [watched.watch.tick(now, watched.channel_state) for now in (0.0, 59.9, 60.0, 65.0, 90.0)]
    assert ticks == [None] * 5
    assert watched.observer.asked == [(ObservationRequest(60.0), None)]
    watched.observer.answers.append(Observation(driver=VIEW))
    assert watched.watch.tick(91.0, watched.channel_state) is None
    assert [seen.at for seen in watched.seen] == [91.0]
    watched.watch.tick(92.0, watched.channel_state)
    assert len(watched.observer.asked) == 1
    watched.watch.tick(121.0, watched.channel_state)
    assert watched.observer.asked[1][0].at == 121.0


def test_an_observation_holds_what_was_seen_and_what_was_heard():
    """Every field of it."""
    watched = Watched()
    watched.say("hello", 1.0, pid=7, python="3", application_id="app-1", ui_url="http://ui")
    watched.watch.read_output(EXIT.format(5).encode())
    master = Master(known=True, waiting=False)
    beats = (TaskHeartbeat("0", 3, "aa"),)
    snapshot = Observation(driver=VIEW, readings=(), task_heartbeats=beats, master=master)
    assert watched.look(60.0, snapshot) is None
    (seen,) = watched.seen
    assert (seen.driver, seen.readings, seen.task_heartbeats, seen.master) == (VIEW, (), beats, master)
    assert abs(seen.wall - time.time()) < 3600
    assert (seen.executor_exits, seen.exit_reason) == (1, "Command exited with code 137")
    assert seen.inside.application_id == "app-1"
    assert watched.observer.asked == [(ObservationRequest(60.0), Application("app-1", "http://ui"))]


def test_the_last_view_of_the_driver_is_kept_for_the_autopsy():
    """Also when the next look is blind."""
    watched = Watched()
    watched.look(30.0, Observation(driver=VIEW))
    watched.look(60.0, Observation(blind="refused"))
    assert watched.watch.driver == VIEW


def test_notices_are_passed_on_once():
    """As the watchdog has them."""
    watched = Watched()
    for now in range(30, 240, 30):
        watched.look(float(now), Observation(blind="refused"))
    assert watched.notices == [
        "The driver's REST API cannot be read (refused): falling back to what the job reports about itself."
    ]


def test_a_finding_of_the_watchdog_is_the_answer():
    """More executors lost than may be, as spark-submit has printed it; none was ever seen."""
    watched = Watched(losses=3)
    for number in range(4):
        watched.watch.tick(10.0 * number, watched.channel_state)
        watched.watch.read_output(EXIT.format(number).encode())
    finding = watched.look(60.0, Observation(driver=VIEW))
    assert finding.verdict is Verdict.EXECUTORS_LOST
    assert finding.what == "4 executors lost within 10m (limit: 3)."


def test_a_lost_executor_is_looked_at_soon():
    """Its line in the task log is news only when it happens; the next look was half a minute away."""
    watched = Watched()
    watched.look(60.0, Observation(driver=VIEW))
    watched.watch.tick(61.0, watched.channel_state)
    watched.watch.read_output(EXIT.format(5).encode())
    asked = len(watched.observer.asked)
    watched.watch.tick(62.0, watched.channel_state)
    assert len(watched.observer.asked) == asked
    watched.watch.tick(64.5, watched.channel_state)
    assert len(watched.observer.asked) == asked + 1


def test_executors_that_ended_are_handed_on_once():
    """With the time when that was printed."""
    watched = Watched()
    watched.watch.tick(42.0, watched.channel_state)
    watched.watch.read_output(EXIT.format(5).encode())
    watched.look(60.0, Observation(driver=VIEW))
    watched.look(90.0, Observation(driver=VIEW))
    first, second = watched.seen
    assert [(row.id, row.at) for row in first.exits] == [("5", 42.0)]
    assert second.exits == ()


def test_the_output_says_how_many_executors_there_were():
    """The size of an application whose UI is off."""
    watched = Watched()
    for number in range(3):
        line = f"INFO S: Registered executor NettyRpcEndpointRef(x) (10.0.0.9:1) with ID {number},  R 0\n"
        watched.watch.read_output(line.encode())
    watched.look(60.0, Observation(blind="it has no UI"))
    assert watched.seen[0].executor_peak == 3


def test_jobs_of_threads_that_outlive_the_script_hold_the_exit_limit():
    """It counts from the last of them, with and without a look at the driver."""
    watched = Watched(deadline=None, exit=20.0)
    watched.say("hello", 1.0, pid=7, python="3", application_id="app-1")
    watched.say("bye", 50.0)
    for now in range(60, 180, 30):
        watched.say("progress", float(now), stages=[], jobs=1)
        assert watched.watch.tick(now + 29.0, watched.channel_state) is None
    watched.say("progress", 180.0, stages=[])
    assert watched.watch.tick(199.9, watched.channel_state) is None
    finding = watched.watch.tick(200.0, watched.channel_state)
    assert (finding.verdict, finding.reached_at) == (Verdict.NOT_EXITING, 200.0)


@pytest.mark.parametrize("observed", [True, False])
def test_the_clock_alone_decides_without_a_look(observed):
    """With an observer that does not answer, and with none."""
    watched = Watched(deadline=100.0, exit=20.0)
    watched.watch.observer = watched.observer if observed else None
    assert watched.watch.tick(99.0, watched.channel_state) is None
    assert watched.watch.tick(100.0, watched.channel_state).verdict is Verdict.DEADLINE
    watched.say("bye", 50.0)
    assert watched.watch.tick(69.9, watched.channel_state) is None
    assert watched.watch.tick(70.0, watched.channel_state).verdict is Verdict.NOT_EXITING
    # The record holds what was judged.
    assert [(seen.at, seen.driver) for seen in watched.seen] == [(100.0, None), (70.0, None)]


def test_a_driver_whose_python_is_gone_is_noticed():
    """Five seconds later, by its absence; its JVM may stay for ever."""
    watched = Watched()
    driver = subprocess.Popen(["sleep", "300"])
    watched.say("hello", 1.0, pid=driver.pid, python="3")
    assert watched.watch.tick(2.0, watched.channel_state) is None
    driver.kill()
    driver.wait()
    assert [watched.watch.tick(now, watched.channel_state) for now in (3.0, 7.9)] == [None, None]
    assert watched.watch.tick(8.0, watched.channel_state).verdict is Verdict.DRIVER_GONE
    assert watched.seen[-1].driver_gone_at == 3.0


def test_the_application_is_known_by_the_jobs_own_word_or_by_spark_submits():
    """An application that does not speak has only the second."""
    watched = Watched()
    assert watched.watch.application(watched.channel_state) is None
    watched.watch.read_output(
        b"INFO JettyUtils: Start Jetty 0.0.0.0:0 for SparkUI\n"
        b"INFO Utils: Successfully started service 'SparkUI' on port 33893.\n"
        b"INFO StandaloneSchedulerBackend: Connected to Spark cluster with app ID app-0\n"
    )
    here = Application("app-0", "http://127.0.0.1:33893", ui_is_here=True)
    assert watched.watch.application(watched.channel_state) == here
    watched.say("hello", 1.0, pid=7, python="3", application_id="app-1", ui_url=None)
    assert watched.watch.application(watched.channel_state) == Application("app-1", "")


def test_heartbeats_in_the_drivers_output_are_movement():
    """Of workers in local[n]; kept while nothing newer comes."""
    watched = Watched()

    def beat(count: int) -> bytes:
        return f"{MARK} {json.dumps({'w': 7, 't': 1.5, 'n': count})}\n".encode()

    watched.look(30.0, Observation())
    watched.watch.read_output(beat(1))
    watched.look(60.0, Observation())
    watched.watch.read_output(b"something else\n")
    other = TaskHeartbeat("0", 3, "aa")
    watched.look(90.0, Observation(task_heartbeats=(other,)))
    watched.watch.read_output(beat(2))
    watched.look(120.0, Observation())
    silent, first, both, second = [seen.task_heartbeats for seen in watched.seen]
    assert (silent, both) == ((), (other, *first))
    assert len({silent, first, second}) == 3


def test_closing_it_closes_its_observer():
    """If it has one."""
    watched = Watched()
    watched.watch.close()
    assert watched.observer.closed
    Watch(watch_limits()).close()


def test_nobody_has_to_listen():
    """The listeners are optional."""
    observer = Told()
    watch = Watch(watch_limits(), observer)
    for now in range(30, 240, 30):
        watch.tick(float(now), ChannelState())
        observer.answers.append(Observation(blind="refused"))
        assert watch.tick(float(now), ChannelState()) is None


class Named:
    """A watch that tells which applications it has told."""

    def __init__(self) -> None:
        self.told: list[Application] = []
        self.watch = Watch(watch_limits(), on_application=self.told.append)
        self.channel_state = ChannelState()

    def hello(self, application_id, ui_url=None) -> None:
        fields = {"pid": 0, "application_id": application_id, "ui_url": ui_url}
        self.channel_state.receive(Message("hello", 0.0, fields), 1.0)
        self.watch.tick(1.0, self.channel_state)


def test_an_application_is_told_once_and_again_when_more_is_known():
    """By spark-submit's word first, then by the job's."""
    named = Named()
    named.watch.tick(0.5, named.channel_state)
    assert named.told == []
    named.watch.read_output(b"INFO Backend: Connected to Spark cluster with app ID app-1\n")
    for _ in range(3):
        named.watch.tick(1.0, named.channel_state)
    named.hello("app-1", "http://h:4040")
    assert named.watch.announce(named.channel_state) == Application("app-1", "http://h:4040")
    assert named.told == [Application("app-1", ""), Application("app-1", "http://h:4040")]


def test_the_application_is_told_where_nobody_looks():
    """And although the watch finds something at once."""
    named = Named()
    named.watch.read_output(b"Connected to Spark cluster with app ID app-1\n")
    assert named.watch.tick(1e9, named.channel_state).verdict is Verdict.DEADLINE
    assert named.told == [Application("app-1", "")]
