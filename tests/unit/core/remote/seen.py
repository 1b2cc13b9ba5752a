"""Sights of an application, and what hypothesis makes of its executors."""

from __future__ import annotations

from hypothesis import strategies as st

from airflow_spark_guard.core.watch.observation import DriverView, Executor, Stage
from airflow_spark_guard.core.web.snapshot import History, Manager, Snapshot

ID = "app-1"
START = 1_800_000_000.0
LOST = "Command exited with code 137"
GIVEN_BACK = "Executor killed by driver."
STAGE = Stage(stage=3, attempt=0, tasks=10, active=0, done=4, failed=0, launched=True, submitted=START)
TEXT = st.text(st.characters(exclude_categories=("C", "Z")), max_size=8)


def living(*ids, added=START):
    return tuple(Executor(id=id_, active=True, added=added) for id_ in ids)


def lost(id_, removed, *, added=START, reason=LOST, host="h1"):
    return Executor(id=id_, active=False, added=added, removed=removed, reason=reason, host=host)


def running(at, *executors, stages=(), started=START, **more):
    """The driver answers."""
    view = DriverView(0, tuple(stages), tuple(executors), clock=at)
    return Snapshot(at, ID, view, "http://driver:4040", started=started, **more)


def silent(at, *, manager=None, history=None, task="", why=(("driver", "no answer"),), id_=ID):
    """The driver does not."""
    known = None if manager is None else Manager(manager)
    started = history.started if history is not None else None
    return Snapshot(at, id_, started=started, manager=known, history=history, task=task, silent=why)


def log(*executors, completed=True, failed=False, started=START):
    """An event log at the history server."""
    ended = started + 500 if completed else None
    return History(
        known=True,
        completed=completed,
        started=started,
        ended=ended,
        last_job_failed=failed,
        executors=executors,
    )


@st.composite
def careers(draw):
    """Executors that come, are lost, or are given back, in the first 1000 seconds."""
    rows = []
    for number in range(draw(st.integers(0, 12))):
        added = START + draw(st.integers(0, 999))
        gone = draw(st.none() | st.integers(int(added), int(START) + 1000))
        reason = draw(st.sampled_from([LOST, "", GIVEN_BACK, "Executor decommissioned."]))
        rows.append((str(number), added, gone, reason))
    return rows


def as_listed(career, at):
    """What a driver lists of them at this time: cumulative."""
    return tuple(
        Executor(id_, active=gone is None or gone > at, added=added)
        if gone is None or gone > at
        else Executor(id_, active=False, added=added, removed=float(gone), reason=reason)
        for id_, added, gone, reason in career
        if added <= at
    )
