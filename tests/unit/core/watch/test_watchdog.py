"""The watchdog on sequences of plain observations; real jobs are replayed in ``test_traces.py``."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.observation import (
    DriverView,
    Executor,
    ExecutorExit,
    Inside,
    Master,
    Observation,
    Stage,
    TaskHeartbeat,
)
from airflow_spark_guard.core.watch.process_sample import ProcessSample
from airflow_spark_guard.core.watch.watch_limits import PATIENCE
from airflow_spark_guard.core.watch.watchdog import Watchdog, overdue
from tests.support.limits import watch_limits
from tests.unit.core.watch.watched import (
    BLOCKED,
    EXECUTOR,
    INSIDE,
    PYTHON_THREAD,
    STAGE,
    Job,
    alive,
    lost,
    moving,
    running,
)


def test_a_blocked_stage_is_stalled_at_its_limit():
    """Ten minutes of nothing; its workers were looked at halfway, a minute before the end, and at the end."""
    job = Job()
    finding = job.until(3000, driver=running())
    assert finding.verdict is Verdict.STALLED
    assert (finding.limit, finding.suspect) == (600, "worker")
    assert 600 <= job.at <= 602
    assert finding.reached_at == 600
    assert job.asked_at == pytest.approx([300, 540, 600], abs=1)


def test_a_busy_stage_is_given_three_times_as_long():
    """A loop without an end and a long native call look the same."""
    job = Job()

    def spinning(at):
        return (moving(BLOCKED, at, cpu=1, switches=50), PYTHON_THREAD)

    finding = job.until(5000, driver=running(), reading=spinning)
    assert finding.verdict is Verdict.STALLED
    assert finding.limit == 600 * PATIENCE
    assert 1800 <= job.at <= 1803
    assert "busy without a row" in finding.got


@pytest.mark.parametrize(
    "reading",
    [
        lambda at: (moving(BLOCKED, at, switches=20), PYTHON_THREAD),
        lambda at: (moving(BLOCKED, at, io=4000), PYTHON_THREAD),
        lambda at: (replace(moving(BLOCKED, at, switches=0), locals=str(at)), PYTHON_THREAD),
        lambda at: (replace(BLOCKED, key=str(at)), PYTHON_THREAD),
        lambda at: (ProcessSample("task", "t", executor="0", stack=str(at), kind="running"),),
    ],
    ids=["switches", "rows come back", "other locals", "another process", "another stack in the JVM"],
)
def test_a_stage_whose_workers_work_is_left_alone(reading):
    """However long its counters stand still; the log says so."""
    job = Job(watch_limits(deadline=None))
    assert job.until(8_000, driver=running(), reading=reading) is None
    assert any("its workers are working; no action" in line for line in job.notices)


def test_a_stage_out_of_sight_is_given_three_times_as_long():
    """No process of it runs where the task runs."""
    job = Job()
    finding = job.until(5000, driver=running(), reading=lambda _: ())
    assert finding.verdict is Verdict.STALLED
    assert finding.limit == 1800
    assert "out of sight" in finding.got


def test_one_executor_out_of_sight_counts_for_all():
    """The blocked workers here may be the idle ones."""
    other = Executor(id="1", active=True, active_tasks=1)
    job = Job()
    finding = job.until(5000, driver=running(executors=(EXECUTOR, other)))
    assert finding.limit == 1800


def test_idle_workers_of_an_executor_without_a_task_say_nothing():
    """Its Python workers are kept for the next task."""
    idle = replace(BLOCKED, key="2:2", executor="1", kind="idle")
    executors = (EXECUTOR, Executor(id="1", active=True))
    job = Job()
    finding = job.until(
        5000, driver=running(executors=executors), reading=lambda _: (BLOCKED, PYTHON_THREAD, idle)
    )
    assert finding.limit == 600


def test_the_limit_grows_with_the_stages_own_tasks():
    """Five times the median of its finished tasks."""
    job = Job()
    finding = job.until(5000, driver=running(stages=(replace(STAGE, median_seconds=200.0),)))
    assert finding.limit == 1000


def test_a_task_blocked_in_the_jvm_is_stalled():
    """It waits on a socket for ever; no Python is part of it."""
    thread = ProcessSample("task", "t", executor="0", stack="x", kind="io")
    job = Job()
    assert job.until(5000, driver=running(), reading=lambda _: (thread,)).limit == 600


def test_a_stage_without_a_running_task_is_stalled_late():
    """It is active, has had tasks, and none is running."""
    job = Job()
    idle = (replace(EXECUTOR, active_tasks=0),)
    stages = (replace(STAGE, active=0),)
    finding = job.until(5000, driver=running(stages=stages, executors=idle), reading=lambda _: ())
    assert finding.verdict is Verdict.STALLED
    assert finding.limit == 1800


def test_a_refused_ui_is_no_movement():
    """The same figures before and after mean that nothing happened between."""
    job = Job()

    def flapping(at):
        return {"driver": None, "blind": "no answer"} if int(at / 30) % 2 else {"driver": running()}

    finding = job.until(5000, step=flapping)
    assert finding.verdict is Verdict.STALLED
    assert job.at < 700


def test_blind_the_jobs_own_word_is_enough():
    """No UI at all: stages by the status tracker, workers by the process table."""
    job = Job()
    step = lambda at: {"inside": replace(INSIDE, stages=(STAGE,), heard_at=at)}  # noqa: E731
    finding = job.until(5000, step=step, blind="it has no UI")
    assert finding.verdict is Verdict.STALLED
    assert any("cannot be read (it has no UI)" in notice for notice in job.notices)


def test_a_job_of_which_nothing_is_seen_gets_no_verdict_but_its_deadline():
    """Unknown is unknown."""
    job = Job()
    finding = job.until(9000, inside=None, blind="HTML")
    assert finding.verdict is Verdict.DEADLINE
    assert finding.reached_at == 3600


def test_the_live_sql_metrics_of_the_stage_count():
    """The REST API may show nothing of a Python UDF for long."""
    job = Job(watch_limits(deadline=None))
    assert job.until(10_000, driver=running(), step=lambda at: {"inside": alive(at // 300)}) is None


def test_heartbeats_on_executors_count():
    """They are looked for when the stage is suspected."""
    job = Job(watch_limits(deadline=None))
    step = lambda at: {"task_heartbeats": (TaskHeartbeat("0", 3, str(at)),)}  # noqa: E731
    assert job.until(10_000, driver=running(), step=step) is None


def test_what_the_clock_alone_decides():
    """Deadline and exit limit, on the second."""
    limits = watch_limits(deadline=100, exit=10)
    assert overdue(limits, 99.9, None) is None
    assert overdue(limits, 100, None).verdict is Verdict.DEADLINE
    assert overdue(limits, 59, 50.0) is None
    assert overdue(limits, 60, 50.0).verdict is Verdict.NOT_EXITING
    assert overdue(replace(limits, deadline=None), 1e9, None) is None


def test_without_its_driver_an_application_is_judged_by_that_alone():
    """Its executors go; what stays is ended after 5 s."""
    limits = watch_limits()
    gone = lost("1", "2", "3", "4", "5")
    job = Job()
    assert job.observe(10, driver=running(executors=gone), driver_gone_at=9.0) is None
    finding = job.observe(14, driver=running(executors=gone), driver_gone_at=9.0)
    assert finding.verdict is Verdict.DRIVER_GONE
    assert overdue(limits, 100.0, 8.0, 9.0) is None


def test_after_the_scripts_end_only_the_clock_counts():
    """Executors go, counters stand still: that is what an end looks like."""
    job = Job(watch_limits(deadline=None, exit=1e9))
    ended = replace(INSIDE, ended=True, heard_at=1.0, stages=(STAGE,))
    assert job.until(9000, inside=ended, driver=running(executors=lost("1", "2", "3", "4", "5"))) is None


AFTER = replace(INSIDE, ended=True, heard_at=50.0, stages=(STAGE,))


def test_threads_of_a_script_that_has_ended_may_finish_their_spark_jobs():
    """A pool without ``with``: Python waits for it; the limit counts from its last job."""
    job = Job(watch_limits(deadline=None, exit=300.0))

    def step(at):
        moving_on = replace(STAGE, done=int(at))
        if at < 2000:
            return {"driver": running(stages=(moving_on,)), "inside": replace(AFTER, worked_at=at)}
        return {
            "driver": running(stages=(), jobs=0),
            "inside": replace(AFTER, jobs=0, stages=(), worked_at=2000.0),
        }

    finding = job.until(5000, step=step)
    assert (finding.verdict, finding.reached_at) == (Verdict.NOT_EXITING, 2300.0)
    assert 2300 <= job.at <= 2331


def test_a_stage_that_hangs_in_such_a_thread_is_stalled():
    """At its own limit."""
    job = Job(watch_limits(deadline=None, exit=300.0))
    finding = job.until(5000, driver=running(), step=lambda at: {"inside": replace(AFTER, worked_at=at)})
    assert (finding.verdict, finding.limit) == (Verdict.STALLED, 600)


def test_hours_in_which_nobody_ran_do_not_count():
    """The host was asleep between two looks, and the job with it."""
    job = Job(watch_limits(deadline=None))
    assert job.observe(100, driver=running(), inside=INSIDE) is None
    assert job.observe(20_000, driver=running(), inside=INSIDE) is None
    finding = job.until(30_000, driver=running())
    assert finding.verdict is Verdict.STALLED
    assert 20_000 < finding.reached_at <= job.at


def test_a_clock_that_goes_back_harms_nothing():
    """Such an observation counts as taken at the same time."""
    job = Job()
    for at in (0, 500, 20, 30, 300):
        assert job.observe(at, driver=running(), inside=INSIDE) is None
    assert job.until(3000, driver=running()).verdict is Verdict.STALLED


def test_dropped_events_are_said_and_count_as_movement():
    """Where Spark loses events its counters may stand still although the job moves."""
    job = Job(watch_limits(deadline=None))
    step = lambda at: {"driver": replace(running(), dropped_events=int(at))}  # noqa: E731
    assert job.until(5000, step=step) is None
    assert [notice for notice in job.notices if "drops events" in notice]


WINDOW = st.floats(min_value=1, max_value=2000, allow_nan=False)
GAPS = st.lists(st.floats(min_value=0.1, max_value=60), min_size=1, max_size=60)


@given(gaps=GAPS, data=st.data())
def test_no_stall_while_any_counter_moves(gaps, data):
    """Whatever the limits, whatever the processes look like, as long as one counter differs each time."""
    limits = watch_limits(
        deadline=None, stall=data.draw(WINDOW), evidence=0.4, silence=data.draw(WINDOW), poll=1.0
    )
    watchdog, at, count = Watchdog(limits), 0.0, 0
    for gap in gaps:
        at, count = at + min(gap, limits.stall / 2, limits.silence / 2), count + 1
        what = data.draw(st.sampled_from(["done", "counters", "sql"]))
        stage = replace(
            STAGE, done=count if what == "done" else 0, counters=(count if what == "counters" else 0,)
        )
        inside = replace(alive(count if what == "sql" else 0), heartbeats=count)
        # Cumulative counters never go back: what moved once keeps its value.
        seen = Observation(
            at=at,
            driver=running(stages=(replace(stage, failed=count),)),
            inside=inside,
            readings=(BLOCKED, PYTHON_THREAD),
        )
        assert watchdog.observe(seen).finding is None


@given(
    short=st.floats(min_value=1, max_value=300),
    factor=st.floats(min_value=1, max_value=10),
    blocked=st.booleans(),
)
def test_a_longer_limit_never_ends_a_job_earlier(short, factor, blocked):
    """Verdicts are monotone in the limits."""

    def ended_at(stall):
        job = Job(
            watch_limits(deadline=None, stall=stall, evidence=min(60.0, stall / 2), poll=min(30.0, stall / 4))
        )
        readings = (BLOCKED, PYTHON_THREAD) if blocked else ()
        assert job.until(100_000, driver=running(), reading=lambda _: readings) is not None
        return job.at

    assert ended_at(short) <= ended_at(short * factor) + 1.0


@given(few=st.integers(0, 10), more=st.integers(0, 10), losses=st.integers(0, 15))
def test_a_larger_budget_never_ends_a_job_earlier(few, more, losses):
    """The same for executors."""

    def ends(budget):
        job = Job(watch_limits(losses=budget))
        gone = lost(*(str(number) for number in range(1, losses + 1)))
        return job.observe(1, driver=running(executors=(EXECUTOR, *gone))) is not None

    assert ends(few) or not ends(few + more)


FIGURE = st.integers(-3, 3) | st.integers(0, 10**9) | st.just(10**300)
SECONDS = st.none() | st.floats(min_value=-10, max_value=1e12)
TEXT = st.text(max_size=5) | st.sampled_from(["", "0", "driver", "killed by driver", "code 137"])
STAGES = st.lists(
    st.builds(
        Stage, stage=st.integers(0, 2), attempt=st.integers(0, 5), tasks=FIGURE, active=FIGURE, done=FIGURE,
        failed=FIGURE, launched=st.booleans(), counters=st.lists(FIGURE, max_size=3).map(tuple), name=TEXT,
        spilled=FIGURE, median_seconds=SECONDS, longest_seconds=SECONDS,
    ), max_size=3,
).map(tuple)  # fmt: skip
EXECUTORS = st.lists(
    st.builds(
        Executor, id=TEXT, active=st.booleans(), added=st.floats(0, 1e10),
        removed=st.none() | st.floats(0, 1e10), reason=TEXT, active_tasks=FIGURE, cores=FIGURE,
        gc_ms=FIGURE, run_ms=FIGURE,
    ), max_size=3,
).map(tuple)  # fmt: skip
READING = st.builds(
    ProcessSample, role=st.sampled_from(["worker", "task", "driver", "jvm", "other"]), key=TEXT, executor=TEXT,
    cpu=SECONDS, switches=st.none() | FIGURE, io=st.none() | FIGURE, stack=TEXT, locals=TEXT, place=TEXT,
    kind=st.sampled_from(["", "python", "shuffle", "gc", "idle", "running", "nonsense", "python_start"]),
    stage=st.none() | st.integers(0, 2), moved=st.none() | st.booleans(),
)  # fmt: skip
OBSERVATION = st.builds(
    Observation, at=st.floats(-100, 1e6),
    driver=st.none() | st.builds(
        DriverView, jobs=FIGURE, stages=STAGES, executors=EXECUTORS, dropped_events=FIGURE
    ),
    blind=TEXT,
    inside=st.none() | st.builds(
        Inside, application_id=TEXT, jobs=FIGURE, stages=STAGES, sql=TEXT, heartbeats=FIGURE, note=TEXT,
        rss=FIGURE, ended=st.booleans(), heard_at=st.floats(-100, 1e6),
    ),
    readings=st.none() | st.lists(READING, max_size=4).map(tuple), task_heartbeats=st.lists(
        st.builds(TaskHeartbeat, executor=TEXT, stage=st.none() | st.integers(-1, 3), digest=TEXT), max_size=3
    ).map(tuple), wall=st.floats(-1, 1e12),
    executor_exits=FIGURE, exit_reason=TEXT,
    exits=st.lists(
        st.builds(ExecutorExit, id=TEXT, host=TEXT, reason=TEXT, at=st.floats(-100, 1e6), started=st.none() | st.floats(-100, 1e6)),
        max_size=3,
    ).map(tuple),
    master=st.none() | st.builds(
        Master, known=st.booleans(), waiting=st.booleans(),
        workers=st.lists(st.tuples(FIGURE, FIGURE, FIGURE, FIGURE), max_size=4).map(tuple),
    ),
)  # fmt: skip


@given(seen=st.lists(OBSERVATION, max_size=8), silence=st.none() | WINDOW, local=st.booleans())
def test_whatever_is_observed_the_watchdog_answers(seen, silence, local):
    """Figures that go back, clocks that jump both ways, ids that repeat: an answer, and a look that comes."""
    watchdog, latest = Watchdog(watch_limits(silence=silence, local=local)), 0.0
    for one in seen:
        decision = watchdog.observe(one)
        latest = max(latest, one.at)
        assert latest < decision.look.at <= latest + watchdog.watch_limits.poll + 1
        assert all("\n" not in notice for notice in decision.notices)
        if decision.finding is not None:
            assert decision.finding.what
            assert len(str(decision.finding)) < 3000


def test_a_deadline_names_the_stage_that_stands_still_then():
    """Its workers were seen to be blocked, though not for long enough: their line is the one to name."""
    job = Job(watch_limits(deadline=570.0))
    place = replace(BLOCKED, place="enrich.py:38, ask")
    finding = job.until(3000, driver=running(), reading=lambda _: (place, PYTHON_THREAD))
    assert (finding.verdict, finding.suspect) == (Verdict.DEADLINE, "worker")
    assert (finding.stages, finding.stuck) == ((3,), ("1:1",))
    job = Job(watch_limits(deadline=570.0))
    moves = lambda at: {"driver": running(stages=(replace(STAGE, done=int(at)),))}  # noqa: E731
    assert job.until(3000, step=moves).suspect == "any"


OBSERVE = watch_limits(observe=True)


def test_observe_mode_says_a_stall_once_and_watches_on():
    """At the moment at which it would end the job; the deadline too, with the same stage."""
    job = Job(OBSERVE)
    assert job.until(9000, driver=running()) is None
    assert [(finding.verdict, finding.limit) for _, finding in job.observed] == [
        (Verdict.STALLED, 600),
        (Verdict.DEADLINE, 3600),
    ]
    assert [at for at, _ in job.observed] == pytest.approx([600, 3600], abs=31)
    assert job.at > 8900


def test_observe_mode_finds_what_the_other_mode_ends_by():
    """The same finding, word for word."""
    ending, observing = Job(), Job(OBSERVE)
    finding = ending.until(3000, driver=running())
    assert observing.until(ending.at, driver=running()) is None
    assert observing.observed == [(ending.at, finding)]


def test_a_second_stage_that_stands_still_is_said_too():
    """The first one does not hide it."""
    other = replace(STAGE, stage=4)
    job = Job(OBSERVE)

    def step(at):
        return {"driver": running(stages=(STAGE,) if at < 300 else (STAGE, other))}

    job.until(2900, step=step, reading=lambda _: (BLOCKED, replace(BLOCKED, key="2:2", stage=4)))
    stalled = [finding.stages for _, finding in job.observed if finding.verdict is Verdict.STALLED]
    assert sorted(stalled) == [(3,), (4,)]


def test_a_stage_that_moves_again_and_hangs_again_is_said_again():
    """And the log says that it moved: the first finding was a false alarm, or has passed."""
    job = Job(replace(OBSERVE, deadline=None))

    def step(at):
        return {"driver": running(stages=(replace(STAGE, done=4 if at < 1000 else 5),))}

    job.until(3000, step=step)
    assert [finding.verdict for _, finding in job.observed] == [Verdict.STALLED, Verdict.STALLED]
    assert sum(line.startswith("Stage 3 moves again after 1") for line in job.notices) == 1


def test_a_stop_of_the_workers_by_the_autopsy_is_no_sign_of_life():
    """It adds context switches; the stage that was said to hang would be said again and again."""
    job = Job(replace(OBSERVE, deadline=None))

    def reading(at):
        return (replace(BLOCKED, switches=100 if at <= 605 else 400), PYTHON_THREAD)

    job.until(9000, driver=running(), reading=reading)
    assert [finding.verdict for _, finding in job.observed] == [Verdict.STALLED]
    assert not any("workers work" in line for line in job.notices)


def test_observe_mode_says_a_silent_driver_once():
    """Until it has spoken."""
    job = Job(replace(OBSERVE, deadline=None, silence=60.0))
    quiet = replace(INSIDE, jobs=0)

    def step(at):
        return {"inside": replace(quiet, heartbeats=0 if at < 400 else 1)}

    job.until(900, step=step, driver=running(stages=(), jobs=0), reading=lambda _: ())
    assert [finding.verdict for _, finding in job.observed] == [Verdict.DRIVER_SILENT] * 2


def test_without_its_driver_an_attempt_is_over_in_observe_mode_too():
    """Nothing of it can come to an end of its own."""
    watchdog = Watchdog(OBSERVE)
    assert watchdog.overdue(100.0, None, gone_at=90.0).verdict is Verdict.DRIVER_GONE
    assert watchdog.news() == ()


def test_observe_mode_says_each_limit_of_the_clock_once():
    watchdog = Watchdog(OBSERVE)
    said = []
    for at in range(3500, 4300, 10):
        assert watchdog.overdue(float(at), 3550.0 if at > 3550 else None) is None
        said += [finding.verdict for finding in watchdog.news()]
    assert said == [Verdict.DEADLINE, Verdict.NOT_EXITING]
