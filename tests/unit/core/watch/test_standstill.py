"""Stages that stand still: what is no standstill although it looks like one, and what must not hide one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.observation import Executor, TaskHeartbeat
from airflow_spark_guard.core.watch.process_sample import OwnThreads, ProcessSample, StackDumps
from tests.support.limits import watch_limits
from tests.unit.core.watch.watched import (
    BLOCKED,
    EXECUTOR,
    INSIDE,
    PYTHON_THREAD,
    STAGE,
    Job,
    moving,
    running,
)

PATIENT = watch_limits(deadline=None)


def stalls(end=8_000, watch_limits=PATIENT, **seen):
    job = Job(watch_limits)
    finding = job.until(end, **seen)
    assert finding is None or finding.verdict is Verdict.STALLED
    return job.at if finding else None


def test_a_median_that_was_seen_once_is_remembered():
    """Durations of tasks are asked for once a minute: the look that decides may be without them."""
    median = replace(STAGE, median_seconds=200.0)
    step = lambda at: {"driver": running(stages=(median if at < 300 else STAGE,))}  # noqa: E731
    job = Job(PATIENT)
    assert job.until(5000, step=step).limit == 1000


def test_many_small_stages_are_no_standstill():
    """Adaptive execution makes a stage of each shuffle; at every look there is another one."""
    step = lambda at: {"driver": running(stages=(replace(STAGE, stage=int(at / 25)),))}  # noqa: E731
    assert stalls(step=step) is None


def test_a_stage_that_waits_for_the_cores_of_another_is_not_judged():
    """It was launched, its tasks are queued behind a stage that goes on."""
    waits = replace(STAGE, stage=1, active=0)
    step = lambda at: {"driver": running(stages=(waits, replace(STAGE, done=int(at / 100))))}  # noqa: E731
    assert stalls(step=step) is None


HUNG = replace(STAGE, stage=1)
OTHER = replace(STAGE, stage=9)
HUNG_THREAD = replace(PYTHON_THREAD, stage=1)
OTHER_THREAD = ProcessSample("task", "other", executor="0", kind="running", stage=9)
OTHER_WORKER = replace(BLOCKED, key="9:9")


def beside(at, **inside):
    """A stage that hangs, and another one that goes on."""
    goes_on = replace(OTHER, done=int(at / 10), sql=str(at))
    own = (replace(HUNG, sql="same"), goes_on)
    return {
        "driver": running(stages=(HUNG, goes_on), jobs=2),
        "inside": replace(INSIDE, jobs=2, stages=own, sql=str(at), **inside),
    }


@pytest.mark.parametrize(
    "inside",
    [{}, {"heartbeats": 1}, {"note": "alive"}],
    ids=["sql of the other", "heartbeats of the driver", "its text"],
)
def test_a_stage_that_hangs_beside_one_that_goes_on_is_found(inside):
    """Whatever is seen of the job as a whole (case 03): SQL metrics, heartbeats of the driver."""
    step = lambda at: beside(at, **{key: int(at) if key == "heartbeats" else "x" for key in inside})  # noqa: E731
    reading = lambda at: (BLOCKED, HUNG_THREAD, replace(OTHER_THREAD, stack=str(at)))  # noqa: E731
    assert stalls(step=step, reading=reading) == pytest.approx(600, abs=2)
    finding = Job(PATIENT).until(5000, step=step, reading=reading)
    assert (finding.stages, finding.stuck) == ((1,), ("1:1",))


def test_another_stages_worker_excuses_nothing():
    """It runs Python too; its stack shows that it is the other stage's (Spark 4.2), else nobody knows."""
    works = lambda at: moving(OTHER_WORKER, at, switches=20)  # noqa: E731
    waits = replace(OTHER_THREAD, kind="python", stack="p")
    named = lambda at: (replace(BLOCKED, stage=1), HUNG_THREAD, waits, replace(works(at), stage=9))  # noqa: E731
    assert stalls(step=beside, reading=named) == pytest.approx(600, abs=2)
    counted = lambda at: (BLOCKED, HUNG_THREAD, waits, works(at))  # noqa: E731
    assert stalls(step=beside, reading=counted) == pytest.approx(1800, abs=3)


def test_the_worker_that_works_may_be_the_silent_stages_own():
    """A slow stage beside a moving one whose worker waits for rows: nobody is ended."""
    waits = replace(OTHER_THREAD, kind="python", stack="p")
    mine = lambda at: replace(moving(BLOCKED, at, switches=20), stage=1)  # noqa: E731
    reading = lambda at: (mine(at), HUNG_THREAD, waits, replace(OTHER_WORKER, stage=9))  # noqa: E731
    assert stalls(step=beside, reading=reading) is None


def test_what_cannot_be_told_apart_is_given_three_times_as_long():
    """Two stages stand still, one worker works, and nothing shows whose it is."""
    stages = (HUNG, OTHER)
    reading = lambda at: (  # noqa: E731
        BLOCKED,
        HUNG_THREAD,
        replace(OTHER_THREAD, kind="python", stack="p"),
        moving(OTHER_WORKER, at, switches=20),
    )
    assert stalls(driver=running(stages=stages), reading=reading) == pytest.approx(1800, abs=3)


WAITS_FOR_OTHER = replace(HUNG_THREAD, key="waits", kind="neighbour", stack="b")
COMPUTES = replace(OTHER_THREAD, stack="c")


def test_a_stage_that_waits_for_a_block_of_another_one_is_left_alone():
    """Two actions on one cached table: the other stage computes the block, and moves."""
    job = Job(PATIENT)
    reading = lambda at: (WAITS_FOR_OTHER, replace(COMPUTES, stack=str(at)))  # noqa: E731
    assert job.until(8000, step=beside, reading=reading) is None
    assert any("Stage 1" in line and "a task of another stage holds" in line for line in job.notices)


@pytest.mark.parametrize(("kind", "after"), [("io", 600), ("running", 1800)])
def test_of_two_stages_that_hang_the_one_that_computes_is_reported(kind, after):
    """Not the one that waits for its block, although it stands still as long and comes first."""
    reading = lambda _: (WAITS_FOR_OTHER, replace(COMPUTES, kind=kind))  # noqa: E731
    finding = Job(PATIENT).until(8000, driver=running(stages=(HUNG, OTHER)), reading=reading)
    assert (finding.stages, finding.reached_at) == ((9,), pytest.approx(after, abs=3))


def test_stages_that_all_wait_for_each_other_are_ended():
    """No task is left that could give back what they wait for."""
    mutual = (WAITS_FOR_OTHER, replace(WAITS_FOR_OTHER, key="w", stage=9))
    assert stalls(driver=running(stages=(HUNG, OTHER)), reading=lambda _: mutual) == pytest.approx(600, abs=2)


def test_the_clock_of_a_stage_goes_on_while_others_come_and_go():
    """A short query every half minute; the verdict names the whole time (once: "stood still for 30.3s")."""

    def step(at):
        short = replace(OTHER, stage=10 + int(at / 30), done=int(at) % 4)
        return {"driver": running(stages=(HUNG, short) if int(at / 15) % 2 else (HUNG,))}

    job = Job(PATIENT)
    finding = job.until(5000, step=step, reading=lambda _: (BLOCKED, HUNG_THREAD))
    assert finding.reached_at == pytest.approx(600, abs=2)
    assert "stood still for 10m" in finding.what


def test_a_stage_keeps_its_clock_when_its_tasks_were_not_seen_for_a_moment():
    """Another stage took the slots at that look."""
    step = lambda at: {  # noqa: E731
        "driver": running(stages=(replace(HUNG, active=2), *((OTHER,) if int(at / 30) % 3 == 0 else ())))
    }
    assert stalls(step=step, reading=lambda _: (BLOCKED, HUNG_THREAD)) == pytest.approx(600, abs=2)


def test_a_heartbeat_counts_for_the_stage_of_its_task_alone():
    """From an executor; one of an unknown stage counts where no other stage is active."""
    mine = lambda at: (TaskHeartbeat("0", 1, str(at)),)  # noqa: E731
    others = lambda at: (TaskHeartbeat("0", 9, str(at)),)  # noqa: E731
    unknown = lambda at: (TaskHeartbeat("0", None, str(at)),)  # noqa: E731
    alone = {"driver": running(stages=(HUNG,))}
    for beats, two, found in (
        (mine, True, False),
        (others, True, True),
        (unknown, True, True),
        (mine, False, False),
        (unknown, False, False),
        (others, False, True),
    ):
        step = lambda at: {**(beside(at) if two else alone), "task_heartbeats": beats(at)}  # noqa: B023, E731
        assert (stalls(5000, step=step, reading=lambda _: (BLOCKED, HUNG_THREAD)) is not None) is found


def test_two_threads_of_one_stage_are_alive_while_one_of_them_is():
    """The unit is the stage: its last task is found when the others have ended."""
    reading = lambda at: (BLOCKED, moving(OTHER_WORKER, at, io=4000), HUNG_THREAD)  # noqa: E731
    assert stalls(driver=running(stages=(HUNG,)), reading=reading) is None


def test_a_loop_that_only_sleeps_is_found_at_three_times_the_limit():
    """It wakes up twice a second at the same place with the same variables, and moves no byte."""
    reading = lambda at: (moving(BLOCKED, at, switches=2), PYTHON_THREAD)  # noqa: E731
    job = Job(PATIENT)
    finding = job.until(5000, driver=running(), reading=reading)
    assert finding.limit == 1800
    assert "3 x stall_timeout, because its workers wait in a loop that sleeps" in finding.expected
    assert "heartbeat()" in finding.advice
    polls = lambda at: (replace(moving(BLOCKED, at, switches=2), moved=int(at / 30)), PYTHON_THREAD)  # noqa: E731
    assert stalls(driver=running(), reading=polls) is None


def test_a_worker_of_many_that_nobody_looks_at_excuses_nothing():
    """py-spy and the byte watch look at 16; the 17th sleeps in the same loop, for all that is known."""
    sleeps = lambda at, pid, **more: replace(moving(BLOCKED, at, switches=2), key=f"{pid}:1", **more)  # noqa: E731
    reading = lambda at: (  # noqa: E731
        *(sleeps(at, pid) for pid in range(1, 17)),
        sleeps(at, 17, locals="", stack=""),
        PYTHON_THREAD,
    )
    assert stalls(driver=running(), reading=reading) == pytest.approx(1800, abs=3)


def test_what_was_seen_to_work_a_minute_ago_has_not_hung_for_ten():
    """Its limit counts from then."""
    reading = lambda at: (replace(BLOCKED, io=int(min(at, 530) * 5000)), PYTHON_THREAD)  # noqa: E731
    assert stalls(driver=running(), reading=reading) == pytest.approx(1140, abs=5)


def test_a_list_of_stages_that_is_full_ends_no_clock():
    """More than 50 are active, and the REST API is refused now and then: the job itself names 50 of them."""
    many = tuple(replace(OTHER, stage=number) for number in range(100, 150))

    def step(at):
        moving_ones = tuple(replace(stage, done=int(at)) for stage in many)
        inside = replace(INSIDE, stages=moving_ones, heard_at=at)
        rest = (
            {"driver": running(stages=(*moving_ones, HUNG))} if int(at / 30) % 3 else {"blind": "no answer"}
        )
        return {"inside": inside, **rest}

    assert stalls(step=step, reading=lambda _: (replace(BLOCKED, stage=1), HUNG_THREAD)) is not None


def test_a_change_of_the_limit_is_said_at_once():
    """The line before has named an end that does not hold any more."""
    job = Job(PATIENT)
    reading = lambda at: (moving(BLOCKED, at, switches=2), PYTHON_THREAD)  # noqa: E731
    job.until(1700, driver=running(), reading=reading)
    changed = next(line for line in job.notices if "3 x stall_timeout" in line)
    assert changed.startswith("Stage 3 unchanged for 9m of 30m (3 x stall_timeout, because its workers wait")


def test_a_limit_that_was_set_holds_as_set():
    """Whatever the stage's tasks took before, where the workers are seen; a default widens, and says why."""
    slow = {"driver": running(stages=(replace(STAGE, median_seconds=200.0),))}
    chosen = replace(PATIENT, stall=45.0, evidence=22.0, poll=10.0, stall_chosen=True)
    assert stalls(watch_limits=chosen, **slow) == pytest.approx(45, abs=2)
    assert stalls(watch_limits=replace(chosen, heartbeat=60.0), **slow) == pytest.approx(45, abs=2)
    job = Job(PATIENT)
    assert "5 x the median of the stage's finished tasks" in job.until(5000, **slow).expected
    unseen = Job(replace(chosen, heartbeat=60.0))
    finding = unseen.until(5000, driver=running(), reading=lambda _: ())
    assert finding.limit == 540
    assert "3 x spark.executor.heartbeatInterval, because its workers cannot be seen" in finding.expected


def test_the_start_of_python_workers_is_left_out_of_the_median():
    """The first tasks of a stage take as long as a Python needs to come up; the next ones do not."""
    rest = replace(STAGE, median_seconds=200.0)
    inside = replace(INSIDE, stages=(replace(STAGE, python_start=150.0),))
    job = Job(PATIENT)
    assert job.until(5000, driver=running(stages=(rest,)), inside=inside).limit == 600


def test_the_log_says_that_a_stage_stands_still_from_half_the_limit_on():
    """Stage, how long, of what, who stands where, and when it ends; less and less often."""
    job = Job(PATIENT)
    blocked = tuple(replace(BLOCKED, key=f"{pid}:1", place="enrich.py:38, enrich") for pid in range(4))
    stage = replace(STAGE, name="save at job.py:15")
    job.until(
        5000, driver=running(stages=(stage,)), reading=lambda _: (*blocked, PYTHON_THREAD), wall=36_000.0
    )
    assert job.notices[0] == (
        "Stage 3 (save at job.py:15) unchanged for 5m of 10m (stall_timeout); 4 of 10 tasks done, 4 workers at "
        "enrich.py:38, enrich; ends at 10:05:00 UTC unless it moves"
    )
    assert "4 workers blocked at enrich.py:38, enrich; ends at " in job.notices[-1]
    assert 2 <= len(job.notices) <= 4


def test_one_hung_task_of_eight_slots_is_found():
    """The other seven workers are kept for the next task, and say so."""
    idle = [replace(BLOCKED, key=f"{pid}:1", kind="idle", switches=0) for pid in range(2, 9)]
    eight = replace(EXECUTOR, cores=8, active_tasks=1)
    stage = replace(STAGE, tasks=8, done=7, active=1)
    driver = running(stages=(stage,), executors=(eight,))
    assert stalls(driver=driver, reading=lambda _: (BLOCKED, PYTHON_THREAD, *idle)) == pytest.approx(
        600, abs=2
    )


def test_a_barrier_stage_is_alive_while_one_of_its_tasks_is():
    """All others wait at the barrier."""
    waiting = [replace(BLOCKED, key=f"{pid}:1") for pid in range(2, 6)]
    reading = lambda at: (replace(BLOCKED, io=int(at * 5000)), PYTHON_THREAD, *waiting)  # noqa: E731
    assert stalls(driver=running(), reading=reading) is None


def test_a_long_shuffle_fetch_is_given_three_times_as_long():
    """Spark itself ends a fetch to which no byte comes for spark.network.timeout."""
    fetch = ProcessSample("task", "t", executor="0", stack="f", kind="shuffle")
    assert stalls(driver=running(), reading=lambda _: (fetch,)) == pytest.approx(1800, abs=3)


def test_a_stage_whose_executors_were_taken_away_waits_as_long_as_a_new_one_may():
    """Preempted on a busy cluster: no task runs, and the author has said how long waiting is normal."""
    stage, gone = replace(STAGE, active=0), Executor("0", active=False, removed=1, reason="was preempted")
    driver = running(stages=(stage,), executors=(gone,))
    assert stalls(driver=driver, reading=lambda _: ()) == pytest.approx(1800, abs=3)
    waits = replace(PATIENT, start=7200.0)
    assert stalls(watch_limits=waits, driver=driver, reading=lambda _: ()) == pytest.approx(7200, abs=3)


def test_a_stage_that_the_job_named_long_ago_is_not_judged():
    """No UI, and native code that holds Python's lock keeps the launcher from saying that the stage is over."""
    inside = replace(INSIDE, stages=(STAGE,), heard_at=5.0)
    assert stalls(inside=inside, blind="it has no UI") is None
    step = lambda at: {"inside": replace(inside, heard_at=at)}  # noqa: E731
    assert stalls(step=step, blind="it has no UI") == pytest.approx(600, abs=2)


def test_a_stage_whose_end_may_have_been_lost_is_not_judged():
    """Spark drops events: the UI shows it for ever, while the rest of the job goes on."""

    def step(at):
        dropped = 7 if at > 100 else 0
        zombie = replace(STAGE, stage=1)
        return {
            "driver": replace(running(stages=(zombie,)), dropped_events=dropped),
            "inside": replace(INSIDE, sql=str(min(at, 900) // 60)),
        }

    assert stalls(step=step) is None


def test_a_stage_that_moves_after_the_loss_is_judged_again():
    """Its figures have shown that it lives."""

    def step(at):
        return {
            "driver": replace(running(stages=(replace(STAGE, done=int(min(at, 300))),)), dropped_events=7)
        }

    assert stalls(step=step) == pytest.approx(900, abs=35)


def test_a_standstill_that_works_is_looked_at_again_when_its_limit_is_near():
    """Each look stops its Python for a moment; the log hears of it once in a limit, with the whole time."""
    job = Job(PATIENT)
    reading = lambda at: (replace(BLOCKED, switches=int(at * 20)), PYTHON_THREAD)  # noqa: E731
    assert job.until(1900, driver=running(), reading=reading) is None
    assert job.asked_at == pytest.approx([300, 540, 840, 1080, 1380, 1620], abs=5)
    left = [line for line in job.notices if "are working; no action" in line]
    assert [line.split(" for ")[1].split(",")[0] for line in left] == ["9m", "18m", "27m"]


def test_a_stage_that_hangs_after_it_worked_is_found():
    """Left alone is not forgotten: its limit counts from the last look that saw it work."""
    reading = lambda at: (replace(BLOCKED, switches=int(min(at, 700) * 20)), PYTHON_THREAD)  # noqa: E731
    assert stalls(driver=running(), reading=reading) == pytest.approx(1140, abs=5)


def test_the_name_of_a_stage_is_untrusted():
    """It is whatever the script's description says."""
    job = Job()
    stage = replace(STAGE, name="\x1b[2Jpassword=hunter2 " + "x" * 1000)
    text = job.until(5000, driver=running(stages=(stage,))).what
    assert "hunter2" not in text
    assert "\x1b" not in text
    assert len(text) < 300


def test_the_receiver_of_a_stream_is_no_standstill():
    """A DStream's receiver is a task that runs as long as the application does, and counts nothing."""
    receiver = replace(HUNG, unbounded=True)
    step = lambda at: {"driver": running(stages=(receiver, replace(OTHER, done=int(at / 10))))}  # noqa: E731
    assert stalls(step=step, reading=lambda _: (BLOCKED, HUNG_THREAD)) is None


def test_what_is_left_of_an_earlier_attempt_holds_up_nobody():
    """A stage is tried again after a lost shuffle; a task of the first attempt still hangs somewhere."""
    again = lambda at: replace(HUNG, attempt=1, done=int(at / 10))  # noqa: E731
    step = lambda at: {"driver": running(stages=(HUNG, again(at)))}  # noqa: E731
    assert stalls(step=step, reading=lambda _: (BLOCKED, HUNG_THREAD)) is None


def kept_alive(at, **more):
    """A worker that hangs at one line, in a process whose database client keeps its connection alive."""
    row = replace(BLOCKED, place="a.py:7, f", own=OwnThreads("ids", 1.0, 10, 10), watched=float(at), **more)
    return replace(row, trickle=int(at * 120), switches=int(at / 5))


def test_a_worker_that_hangs_beside_a_keep_alive_is_ended_at_the_longer_limit():
    """Never at the shorter one: a thread of a library may work for it. Log and verdict say why."""
    job = Job(PATIENT)
    finding = job.until(5000, driver=running(), reading=lambda at: (kept_alive(at), PYTHON_THREAD))
    assert finding.verdict is Verdict.STALLED
    assert 1800 <= job.at <= 1805
    doing = (
        "1 worker standing still beside background threads at a.py:7, f (its own threads stand still; only "
        "background threads of a library move: 120 B/s)"
    )
    assert doing in finding.got
    assert "heartbeat()" in finding.advice
    assert finding.stuck == ("1:1",)
    why = "3 x stall_timeout, because its workers' own threads stand still while background threads of a library move"
    assert finding.expected == f"a change within 30m ({why})"
    assert any(doing in line and why in line for line in job.notices)


@pytest.mark.parametrize("more", [{"moved": 1}, {"locals": "m"}])
def test_one_move_of_its_own_threads_starts_its_limit_anew(more):
    """It was slow, not hung."""
    job = Job(PATIENT)
    rows = lambda at: (kept_alive(at, **(more if at > 900 else {})), PYTHON_THREAD)  # noqa: E731
    finding = job.until(5000, driver=running(), reading=rows)
    assert finding is not None
    assert job.at > 900 + 1800


def test_a_worker_beside_a_download_is_left_alone():
    """Its library's threads move more than a keep-alive."""
    rows = lambda at: (replace(kept_alive(at), trickle=int(at * 5_000)), PYTHON_THREAD)  # noqa: E731
    assert stalls(driver=running(), reading=rows) is None


def remote(at, changes):
    """A task whose worker runs on another host and dumps its stack every two minutes."""
    dumps = StackDumps(changes, same=1 + int(at / 120), seconds=float(int(at / 120) * 120))
    return PYTHON_THREAD, ProcessSample("log", "log:0", "0", place="a.py:7, f", dumps=dumps)


def test_a_worker_on_another_host_whose_stack_changes_is_left_alone():
    """One batch of slow rows takes hours: no row, no record, no figure of its process."""
    job = Job(PATIENT)
    rows = lambda at: remote(at, int(at / 240))  # noqa: E731
    assert job.until(8000, driver=running(), reading=rows) is None
    assert any("its workers are working; no action" in line for line in job.notices)


def test_a_worker_on_another_host_that_is_always_at_one_line_is_ended_at_the_longer_limit():
    """Equal stacks alone prove nothing; the verdict says how many there were."""
    job = Job(PATIENT)
    finding = job.until(8000, driver=running(), reading=lambda at: remote(at, 0))
    assert finding.verdict is Verdict.STALLED
    assert 1800 <= job.at <= 1805
    assert (
        "workers out of sight; 16 stack dumps over 30m in the log of executor 0 show no change" in finding.got
    )
    assert "the last one at a.py:7, f" in finding.got
