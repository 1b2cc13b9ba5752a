"""One watch, driven both ways: by calls that wait, and by coroutines."""

from __future__ import annotations

import asyncio
import math

import pytest

from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.remote.lifecycle import Patience
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.remote.watching import Watching, recalled, run, run_async
from airflow_spark_guard.core.web.snapshot import Snapshot
from tests.unit.core.remote.seen import ID, START, log, lost, running, silent

TARGET = Target(ID, driver_ui="http://driver:4040", history_server="http://history:18080")
PATIENCE = Patience(60.0, 20.0)
ENDED = silent(START + 90, history=log())


class Surroundings:
    """Answers from lists, and a log of what was asked."""

    def __init__(self, *snapshots, pulled=(), found=(), trouble=""):
        self.snapshots, self.pulled, self.found = list(snapshots), list(pulled), list(found)
        self.kept, self.trouble = None, trouble
        self.asked, self.warned, self.published = [], [], []

    def pull(self, map_index):
        self.asked.append(("pull", map_index))
        return self.pulled.pop(0) if self.pulled else None

    def find(self, target):
        self.asked.append(("find", target.name))
        return self.found.pop(0)

    def look(self, target):
        self.asked.append(("look", target.application_id))
        return self.snapshots.pop(0)

    def remember(self, memory):
        self.kept = memory

    def warn(self, text):
        self.warned.append(text)

    def publish(self, summary):
        self.published.append(summary)
        return self.trouble

    def pause(self, most):
        self.asked.append(("pause", most))


class Coroutines:
    """The same, each answer awaited."""

    def __init__(self, surroundings):
        self._surroundings = surroundings

    def __getattr__(self, name):
        async def ask(*args):
            await asyncio.sleep(0)
            return getattr(self._surroundings, name)(*args)

        return ask


def waiting(steps, surroundings):
    return run(steps, surroundings)


def awaiting(steps, surroundings):
    return asyncio.run(run_async(steps, Coroutines(surroundings)))


@pytest.fixture(params=[waiting, awaiting])
def drive(request):
    return request.param


def watching(plan=None, *, now=START, **more):
    plan = plan or Plan(TARGET, budget=RestartBudget(restarts=1), patience=PATIENCE)
    return Watching(plan, START, map_index=-1, clock=lambda: now, **more)


def as_it_is(target):
    return target


def test_a_look_is_one_look_and_what_it_changes_is_kept(drive):
    """None while the application may go on; the next one keeps nothing new."""
    looking, site = watching(), Surroundings(running(START + 1), running(START + 2), ENDED)
    assert drive(looking.look(as_it_is), site) is None
    assert site.kept == looking.memory.to_json() == Memory(ID, known=True, started=START).to_json()
    site.kept = None
    assert drive(looking.look(as_it_is), site) is None
    assert site.kept is None
    assert drive(looking.look(as_it_is), site).kind == "ended"
    assert site.asked == [("look", ID)] * 3


def test_a_watch_follows_to_the_end(drive):
    """With a pause between two looks."""
    site = Surroundings(running(START + 1), running(START + 2), ENDED)
    outcome = drive(watching().follow(as_it_is), site)
    assert (outcome.kind, outcome.application_id, outcome.target) == ("ended", ID, TARGET)
    assert [name for name, _ in site.asked] == ["look", "pause", "look", "pause", "look"]


def test_the_submitting_task_is_waited_for(drive):
    """What it says of the application, the plan's own addresses win over."""
    plan = Plan(Target(history_server="http://own"), "submit", patience=PATIENCE)
    site = Surroundings(ENDED, pulled=[None, {"application_id": ID, "driver_ui": "http://d"}])
    outcome = drive(watching(plan).follow(as_it_is), site)
    assert outcome.target == Target(ID, driver_ui="http://d", history_server="http://own")
    assert site.asked[:4] == [("pull", -1), ("pause", 5.0), ("pull", -1), ("look", ID)]
    assert drive(watching(plan).look(as_it_is), Surroundings()) is None
    with pytest.raises(ApplicationError, match="'submit'"):
        drive(watching(plan, now=START + 60).follow(as_it_is), Surroundings())


def test_a_name_is_looked_for_until_somebody_knows_it(drive):
    """The id is found once, and then looked at."""
    plan = Plan(Target(name="nightly", history_server="http://h"), patience=PATIENCE)
    unknown, known = Snapshot(START, silent=(("driver", "no"),)), Snapshot(START, ID)
    site = Surroundings(running(START + 1), ENDED, found=[unknown, known])
    assert drive(watching(plan).follow(as_it_is), site).application_id == ID
    asked = [name for name, _ in site.asked]
    assert asked == ["find", "pause", "find", "look", "pause", "look"]
    late = drive(watching(plan, now=START + 60).follow(as_it_is), Surroundings(found=[unknown]))
    assert late.finding.what == "No server that was asked knows this application."


def test_another_process_goes_on_where_one_has_stopped(drive):
    """What is none of ours is as good as nothing."""
    one, site = watching(patient=True), Surroundings(running(START + 9, lost("0", START + 5)))
    assert drive(one.look(as_it_is), site) is None
    another = watching(patient=True, memory=recalled(site.kept))
    more = Surroundings(running(START + 20, lost("1", START + 15)))
    outcome = drive(another.look(as_it_is), more)
    assert (outcome.kind, outcome.restarts) == ("finding", 2)
    for kept in (None, {"new": 1}, "x"):
        assert recalled(kept) == Memory()


def test_a_silent_driver_is_asked_again_at_once_where_another_process_goes_on(drive):
    """It would know nothing of the silence; the first answer ends the wait."""
    snapshots = running(START + 1), silent(START + 2), silent(START + 3), running(START + 4)
    site = Surroundings(*snapshots)
    patient = watching(patient=True)
    assert [drive(patient.look(as_it_is), site) for _ in range(2)] == [None, None]
    assert site.asked.count(("pause", math.inf)) == 2
    site = Surroundings(*snapshots)
    plain = watching()
    assert [drive(plain.look(as_it_is), site) for _ in range(4)] == [None] * 4
    assert ("pause", math.inf) not in site.asked


@pytest.mark.parametrize(("trouble", "lines"), [("", 1), ("OSError", 2)])
def test_in_observe_mode_a_finding_is_said_and_published(drive, trouble, lines):
    """A back end that fails costs a line."""
    plan = Plan(TARGET, budget=RestartBudget(), patience=PATIENCE, observe=True)
    site = Surroundings(running(START + 9, lost("0", START + 5)), trouble=trouble)
    assert drive(watching(plan).look(as_it_is), site) is None
    assert len(site.warned) == lines
    assert site.published[0]["verdict"] == "EXECUTORS_LOST"
    assert site.warned[1:] == [f"The XCom spark_guard_verdict could not be pushed: {trouble}"][: lines - 1]


def test_how_the_submitting_task_stands_counts_while_the_driver_is_silent(drive):
    """Its failure is the application's."""
    plan = Plan(TARGET, "submit", patience=PATIENCE)
    failed = {"application_id": ID, "task": "failed"}
    site = Surroundings(silent(START + 9), pulled=[failed, failed])
    assert drive(watching(plan).look(as_it_is), site).finding.what == (
        "The task that runs the application has failed."
    )
