"""A worker whose own threads stand still, beside background threads of a library."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch.background import MOST_BYTES, bytes_per_second, only_others_move
from airflow_spark_guard.core.watch.evidence import Pair, State, state_of
from airflow_spark_guard.core.watch.process_sample import OwnThreads
from tests.unit.core.watch.watched import BLOCKED

SECONDS = 60.0
OWN = OwnThreads("ids", cpu=2.0, switches=50, io=100)
BEFORE = replace(BLOCKED, own=OWN, delay=0.0)
WATCHED = {"watched": 58.0}


def after(own=None, **changes):
    """The sample a minute later; figures are added, of its own threads too."""
    added = {name: getattr(BEFORE, name) + value for name, value in (WATCHED | changes).items()}
    more = {name: getattr(OWN, name) + value for name, value in (own or {}).items()}
    return replace(BEFORE, **added, own=replace(OWN, **more))


def state(sample, before=BEFORE):
    return state_of(Pair(before, sample, SECONDS))


@pytest.mark.parametrize(
    "moves",
    [
        {"trickle": 50},  # one keep-alive a minute: far less than a switch a second
        {"trickle": 7_200, "switches": 12},
        {"io": 60_000, "switches": 30},  # an exporter that writes to a pipe or over TLS
        {"switches": 1_200},  # a client that wakes 20 times a second
        {"cpu": 0.6, "switches": 120},
        {"trickle": int(SECONDS * 2_000), "cpu": 1.2, "switches": 600},
    ],
)
def test_a_trickle_of_others_is_not_work_of_the_worker(moves):
    """It is not blocked either: the library may work for it, slowly."""
    assert state(after(**moves)) is State.BACKGROUND


@pytest.mark.parametrize(
    "moves",
    [
        {"trickle": int(WATCHED["watched"] * MOST_BYTES)},
        {"io": int(SECONDS * MOST_BYTES)},
        {"cpu": 3.0, "switches": 120},  # native threads that compute now and then
        {"cpu": 0.6, "delay": 3.0, "switches": 120},  # the same, on a crowded machine
        {"switches": 3_000},  # they wait for mapped files
        {"moved": 1, "trickle": 50},  # one of its own threads moved a byte, or the others many
        {"own": {"cpu": 0.4}, "cpu": 0.4, "trickle": 50},
        {"own": {"switches": 60}, "switches": 70, "trickle": 50},
        {"own": {"io": 40_000}, "io": 40_000},
    ],
)
def test_more_than_a_trickle_is_work(moves):
    """So is anything that one of its own threads does, or a process that it has started."""
    assert state(after(**moves)) in (State.WORKING, State.WAITING)
    assert not only_others_move(BEFORE, after(**moves), SECONDS)


def test_threads_of_a_process_that_computes_decide_nothing():
    """Busy without a row, as before."""
    assert state(after(cpu=30.0)) is State.SPINNING


def test_a_worker_in_which_nothing_moves_is_blocked():
    """Its library has no background thread, or none that moves."""
    assert state(after()) is State.BLOCKED
    assert state(after(switches=30)) is State.BLOCKED


@pytest.mark.parametrize(
    ("before", "sample"),
    [
        (BEFORE, replace(after(trickle=50), own=None)),
        (replace(BEFORE, own=None), after(trickle=50)),
        (BEFORE, replace(after(trickle=50), own=replace(OWN, ids="others"))),
        (BEFORE, replace(after(trickle=50), locals="m")),
        (replace(BEFORE, locals=""), after(trickle=50)),
        (BEFORE, replace(after(trickle=50), watched=20.0)),
    ],
    ids=[
        "not read",
        "not read before",
        "other threads",
        "other variables",
        "no variables",
        "watched briefly",
    ],
)
def test_without_figures_of_its_own_threads_the_process_counts_as_a_whole(before, sample):
    """As in a worker without them."""
    assert state(sample, before) is State.WORKING


def test_the_rate_is_the_larger_of_what_was_watched_and_what_was_counted():
    """The system does not count bytes of most sockets."""
    assert bytes_per_second(BEFORE, after(trickle=580), SECONDS) == 10.0
    assert bytes_per_second(BEFORE, after(io=6_000, own={"io": 0}), SECONDS) == 100.0
    assert bytes_per_second(BEFORE, replace(after(io=6_000), watched=0.0), SECONDS) == 100.0
    assert bytes_per_second(BEFORE, after(io=-10), SECONDS) == 0.0
