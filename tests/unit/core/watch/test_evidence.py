"""Blocked or busy: two readings of the same process, and what several of them say together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.watch.evidence import Pair, State, of_executors, pairs, state_of, together
from airflow_spark_guard.core.watch.process_sample import ProcessSample, StackDumps
from tests.unit.core.watch.watched import BLOCKED, PYTHON_THREAD

DRIVER = ProcessSample("driver", "9:9", cpu=1.0, switches=10, stack="d", locals="l")
JVM = ProcessSample("jvm", "8:8", cpu=1.0)
THREAD = ProcessSample("task", "t", executor="0", stack="x", kind="io")
SECONDS = 60.0


def after(reading, **changes):
    """The state of a process that was ``reading`` a minute ago; figures are added, text replaces."""
    changed = {
        name: (getattr(reading, name) or 0) + value if isinstance(value, int | float) else value
        for name, value in changes.items()
    }
    before = replace(reading, delay=0.0) if "delay" in changes else reading
    return state_of(Pair(before, replace(before, **changed), SECONDS))


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, State.BLOCKED),
        ({"switches": 30, "cpu": 0.2}, State.BLOCKED),  # 0.5 a second: a dump of faulthandler's
        ({"io": 8000}, State.BLOCKED),  # the same dump, written
        ({"switches": 60}, State.WAITING),  # it sleeps and wakes, at the same place
        ({"switches": 120, "io": 8000}, State.WAITING),
        ({"switches": 120, "locals": "m"}, State.WORKING),
        ({"switches": 120, "locals": ""}, State.UNSEEN),  # nothing shows that it is the same place
        ({"switches": 1200}, State.WORKING),  # more often than a loop that waits
        ({"switches": 120, "moved": 1}, State.WORKING),  # it polls a service
        ({"switches": 1200, "watched": 42.0}, State.WAITING),
        ({"switches": 1200, "watched": 20.0}, State.WORKING),  # a third of the time says little
        ({"switches": 6000, "watched": 42.0}, State.WORKING),
        ({"moved": 1}, State.WORKING),  # it asks a service every half minute
        ({"watched": 42.0, "io": 60_000}, State.WORKING),  # it read while nobody watched
        ({"cpu": 0.5}, State.WORKING),  # 2 ms a row is 0.7 % CPU
        ({"io": 40_000}, State.WORKING),  # rows
        ({"locals": "m"}, State.WORKING),
        ({"locals": ""}, State.BLOCKED),  # py-spy failed this time
        ({"cpu": 15.0}, State.SPINNING),  # a quarter of a core, on a crowded machine
        ({"cpu": 60.0, "locals": "m"}, State.SPINNING),  # an endless loop that counts
        ({"cpu": 60.0, "io": 40_000}, State.WORKING),
        ({"cpu": 9.0, "delay": 45.0, "locals": "m"}, State.SPINNING),  # it wants a core, and gets a sixth
        ({"cpu": 9.0, "delay": 5.0, "locals": "m"}, State.WORKING),
        ({"cpu": None}, State.UNSEEN),
        ({"switches": None}, State.UNSEEN),  # a sleeper uses no CPU either
    ],
)
def test_a_python_worker(changes, state):
    """Measured: blocked 0.25 switches a second, slow and healthy 20 to 460."""
    assert after(BLOCKED, **changes) is state


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"cpu": 2.0, "switches": 500}, State.BLOCKED),  # our own thread in it
        ({"switches": 700}, State.WORKING),
        ({"cpu": 4.0}, State.WORKING),
        ({"stack": "e"}, State.WORKING),
        ({"cpu": 30.0}, State.SPINNING),
        ({"switches": None}, State.UNSEEN),
        ({"cpu": None}, State.UNSEEN),
    ],
)
def test_the_drivers_python(changes, state):
    """The launcher's thread wakes every second and asks the JVM now and then."""
    assert after(DRIVER, **changes) is state


@pytest.mark.parametrize(
    ("cpu", "state"), [(8.0, State.BLOCKED), (16.0, State.SPINNING), (None, State.UNSEEN)]
)
def test_the_drivers_jvm(cpu, state):
    """It has threads of its own that are never quite still."""
    assert after(JVM, cpu=cpu) is state


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("io", State.BLOCKED),
        ("lock", State.BLOCKED),
        ("neighbour", State.BLOCKED),  # unless another stage's task is the neighbour
        ("waiting", State.BLOCKED),
        ("running", State.SPINNING),
        ("gc", State.SPINNING),
        ("planning", State.SPINNING),
        ("shuffle", State.UNSEEN),
        ("stream", State.WORKING),  # it waits for input
    ],
)
def test_a_tasks_thread(kind, state):
    """The same stack twice; another one is work, none cannot be judged."""
    thread = replace(THREAD, kind=kind)
    assert after(thread) is state
    assert after(thread, stack="y") is State.WORKING
    assert after(thread, stack="") is State.UNSEEN


def test_pairs_are_of_the_same_process():
    """A pid that was reused has another start time and therefore another key."""
    reused = replace(BLOCKED, key="1:2")
    assert pairs([BLOCKED, THREAD], [reused, THREAD], 5) == (Pair(THREAD, THREAD, 5),)
    assert pairs([THREAD], [THREAD], 0)[0].seconds > 0


def executors(*readings, running=("0",), came=()):
    return of_executors([Pair(reading, reading, SECONDS) for reading in readings], came, running)


def test_a_thread_that_waits_for_its_python_is_judged_by_it():
    """A worker that nobody sees may do anything."""
    assert executors(PYTHON_THREAD, BLOCKED) is State.BLOCKED
    assert executors(PYTHON_THREAD) is State.UNSEEN
    assert executors(PYTHON_THREAD, replace(BLOCKED, kind="idle")) is State.UNSEEN


def test_a_worker_that_never_comes_up_is_a_block():
    """The executor's thread waits in PythonWorkerFactory; nothing else of the task can go on."""
    starting = replace(PYTHON_THREAD, kind="python_start")
    assert executors(starting) is State.BLOCKED
    assert executors(starting, replace(PYTHON_THREAD, key="u")) is State.UNSEEN
    assert executors(starting, replace(BLOCKED, kind="idle")) is State.BLOCKED
    assert after(starting, stack="u") is State.WORKING  # it gets on


def test_a_worker_without_a_stack_may_be_one_without_a_task():
    """Without py-spy nobody can tell an idle worker from a blocked one; what the task does is not seen."""
    unread = replace(BLOCKED, stack="", locals="")
    assert executors(unread) is State.UNSEEN
    assert executors(unread, PYTHON_THREAD) is State.BLOCKED
    assert executors(unread, replace(THREAD, kind="running")) is State.SPINNING
    assert executors(unread, THREAD) is State.BLOCKED


def test_every_executor_that_runs_tasks_must_be_seen():
    """One that works is enough; one out of sight may be the one that works."""
    assert executors(BLOCKED, running=("0", "1")) is State.UNSEEN
    other = replace(BLOCKED, key="2:2", executor="1")
    assert executors(BLOCKED, other, running=("0", "1")) is State.BLOCKED
    assert executors(BLOCKED, other, running=()) is State.BLOCKED
    assert executors(running=()) is State.UNSEEN


def test_a_new_worker_is_work_unless_it_idles():
    """The old one ended its task."""
    new = replace(BLOCKED, key="3:3")
    assert executors(BLOCKED, PYTHON_THREAD, came=[new]) is State.WORKING
    assert executors(BLOCKED, PYTHON_THREAD, came=[replace(new, kind="idle")]) is State.BLOCKED
    assert executors(BLOCKED, PYTHON_THREAD, came=[THREAD]) is State.BLOCKED


@given(st.lists(st.sampled_from(list(State)), max_size=6), st.sampled_from(list(State)))
def test_together_the_most_hopeful_one_counts(states, more):
    """Whatever their order; another process never makes it worse, unless nothing was seen."""
    hope = [
        State.BLOCKED,
        State.BACKGROUND,
        State.WAITING,
        State.SPINNING,
        State.UNSEEN,
        State.BEHIND,
        State.WORKING,
    ]
    assert together(states) is together(states[::-1])
    if states:
        assert hope.index(together([*states, more])) >= hope.index(together(states))
    assert together([]) is State.UNSEEN


@pytest.mark.parametrize(
    ("dumps", "state"),
    [
        (StackDumps(3, same=1), State.WORKING),
        (StackDumps(2, same=9), State.UNSEEN),  # equal stacks prove nothing
        (None, State.UNSEEN),
    ],
)
def test_stack_dumps_of_workers_on_another_host(dumps, state):
    """Another line is work; the workers are judged by it only if none of them can be seen."""
    log = ProcessSample("log", "log:0", "0", dumps=StackDumps(2, same=1))
    pair = Pair(log, replace(log, dumps=dumps), SECONDS)
    assert state_of(pair) is state
    still = Pair(PYTHON_THREAD, PYTHON_THREAD, SECONDS)
    assert of_executors([still, pair], (), ("0",)) is state
    assert of_executors([pair], (), ("0",)) is state
    seen = Pair(BLOCKED, BLOCKED, SECONDS)
    assert of_executors([still, seen, pair], (), ("0",)) is State.BLOCKED
    in_the_jvm = Pair(THREAD, THREAD, SECONDS)
    assert of_executors([in_the_jvm, pair], (), ("0",)) is State.BLOCKED
