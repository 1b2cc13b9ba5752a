"""A job as the watchdog sees it: made step by step, on a clock of its own."""

from __future__ import annotations

from dataclasses import replace

from airflow_spark_guard.core.watch.observation import DriverView, Executor, Inside, Observation, Stage
from airflow_spark_guard.core.watch.process_sample import ProcessSample
from airflow_spark_guard.core.watch.watchdog import Watchdog
from tests.support.limits import watch_limits

WINDOWS = watch_limits()
STAGE = Stage(stage=3, attempt=0, tasks=10, active=2, done=4, failed=0, launched=True, counters=(7, 8))
EXECUTOR = Executor(id="0", active=True, active_tasks=2)
INSIDE = Inside(application_id="app-1", jobs=1, sql="aa")
BLOCKED = ProcessSample("worker", "1:1", executor="0", cpu=3.0, switches=100, io=500, stack="s", locals="l")
PYTHON_THREAD = ProcessSample(
    "task", "Executor task launch worker for TID 1", executor="0", stack="t", kind="python"
)


def alive(mark, *stages):
    """The job's own report, in which these stages move whenever ``mark`` does."""
    rows = tuple(replace(stage, sql=str(mark)) for stage in stages or (STAGE,))
    return replace(INSIDE, stages=rows, sql=str(mark))


def running(*, stages=(STAGE,), executors=(EXECUTOR,), jobs=1):
    return DriverView(jobs=jobs, stages=stages, executors=executors)


class Job:
    """Feeds observations; ``readings`` are given whenever the watchdog asks for them."""

    def __init__(self, watch_limits=WINDOWS):
        self.watch_limits = watch_limits
        self.watchdog = Watchdog(watch_limits)
        self.at = 0.0
        self.look = None
        self.notices, self.lines, self.observed = [], [], []
        self.asked_at = []

    def observe(self, at, **seen):
        decision = self.watchdog.observe(Observation(at=at, **seen))
        self.at, self.look = at, decision.look
        self.notices += decision.notices
        self.lines += decision.lines
        self.observed += [(at, finding) for finding in decision.observed]
        return decision.finding

    def until(self, end, *, reading=lambda _: (BLOCKED, PYTHON_THREAD), step=lambda _: {}, **seen):
        """Look when the watchdog wants to, up to ``end`` or a finding; the finding with its time."""
        while True:
            at = self.look.at if self.look else 0.0
            if at > end:
                return None
            more = step(at)
            if self.look and self.look.readings:
                self.asked_at.append(at)
                more = {"readings": reading(at), **more}
            finding = self.observe(at, **{"inside": INSIDE, **seen, **more})
            if finding is not None:
                return finding


def moving(reading, at, **per_second):
    """The reading with figures that grow with time."""
    return replace(
        reading, **{name: getattr(reading, name) + int(at * rate) for name, rate in per_second.items()}
    )


def lost(*ids, reason="Command exited with code 137"):
    return tuple(Executor(id=id_, active=False, removed=1.0, reason=reason) for id_ in ids)
