"""Executors that are lost, given back, replaced, or gone for good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.observation import DriverView, Executor, ExecutorExit, Master
from tests.support.limits import watch_limits
from tests.unit.core.watch.watched import EXECUTOR, INSIDE, STAGE, Job, lost, running


def apart(*ids, seconds=60.0, reason="Command exited with code 137", host="h"):
    """Executors that went one after the other, the last at the same time for every call."""
    return tuple(
        Executor(id=id_, active=False, removed=1e9 + number * seconds, reason=reason, host=f"{host}{id_}")
        for number, id_ in enumerate(ids)
    )


def test_losses_within_the_budget_pass():
    """Three in ten minutes; a fourth is one too many."""
    job = Job()
    assert job.observe(1, driver=running(executors=(EXECUTOR, *apart(*"123")))) is None
    finding = job.observe(2, driver=running(executors=(EXECUTOR, *apart(*"1234"))))
    assert finding.verdict is Verdict.EXECUTORS_LOST
    assert finding.what == "4 executors lost within 10m (limit: 3)."
    assert finding.got == (
        "1 earlier; executor 2 on h2 at 01:47:40 UTC: Command exited with code 137; executor 3 on h3 at "
        "01:48:40 UTC: Command exited with code 137; executor 4 on h4 at 01:49:40 UTC: Command exited with "
        "code 137"
    )
    assert finding.expected == "at most 3 within 10m; losses on one host or at one moment count once"
    assert "137 is SIGKILL" in finding.advice
    assert finding.advice.endswith("GuardLimits.executor_losses allows more.")
    assert finding.retry is None


def cluster(living, dead, *, reason="Command exited with code 137", removed=1e9, hosts=1):
    """So many executors, those that are gone on so many hosts."""
    rows = [
        Executor(id=str(n), active=False, added=1.0, removed=removed, reason=reason, host=f"node-{n % hosts}")
        for n in range(dead)
    ]
    return running(executors=(*rows, *(replace(EXECUTOR, id=f"{n}") for n in range(dead, dead + living))))


@pytest.mark.parametrize(
    ("living", "dead", "hosts"), [(2, 4, 1), (196, 4, 1), (160, 40, 10), (20, 20, 1), (1, 2, 2)]
)
def test_a_node_that_dies_with_all_its_executors_is_one_loss(living, dead, hosts):
    """Or a rack: the job goes on with what is left (case 07: it was ended at the fourth executor)."""
    job = Job(watch_limits(deadline=None, stall=1e6))
    assert job.observe(1, driver=cluster(living + dead, 0)) is None
    assert job.observe(31, driver=cluster(living, dead, hosts=hosts)) is None
    assert job.observe(61, driver=cluster(living, dead, hosts=hosts)) is None


@pytest.mark.parametrize(
    "reason",
    [
        (
            "Container marked as failed: c on host: h. Exit status: -100. Diagnostics: Container released on a "
            "*lost* node."
        ),
        (
            "The executor with id 5 exited with exit code 143(SIGTERM). The API gave the following message: Pod "
            "was terminated in response to imminent node shutdown."
        ),
        "Worker shutting down",
        "worker lost: 10.0.0.1:7078 got disassociated",
    ],
)
def test_what_spark_calls_no_fault_of_the_application_does_not_count(reason):
    """However often: spot nodes come and go all day, also where no loss is allowed."""
    job = Job(watch_limits(deadline=None, stall=1e6, losses=0))
    for number in range(1, 30):
        gone = tuple(
            Executor(id=str(n), active=False, removed=1e9 + 30 * n, reason=reason) for n in range(number)
        )
        assert job.observe(30.0 * number, driver=running(executors=(EXECUTOR, *gone))) is None


def crashing(count, *, lived=20.0):
    """Executors of one host, each of which dies and is replaced at once."""
    return tuple(
        Executor(
            id=str(n), active=False, added=1e9 + n * lived, removed=1e9 + (n + 1) * lived - 0.5,
            reason="Command exited with code 1", host="bad",
        )
        for n in range(count)
    )  # fmt: skip


def test_a_host_whose_executors_crash_one_after_the_other_is_found():
    """The same host is one event only for executors that were there when it began."""
    job = Job(watch_limits(deadline=None, stall=1e6))
    steady = tuple(replace(EXECUTOR, id=f"s{n}") for n in range(8))
    assert job.observe(1, driver=running(executors=(*steady, *crashing(3)))) is None
    finding = job.observe(20, driver=running(executors=(*steady, *crashing(4))))
    assert finding.what == "4 executors lost within 10m (limit: 3)."


def test_a_large_application_may_lose_more():
    """One event for every ten executors; the verdict says so."""
    job = Job(watch_limits(deadline=None, stall=1e6))
    steady = tuple(replace(EXECUTOR, id=f"s{n}") for n in range(50))
    assert job.observe(1, driver=running(executors=(*steady, *crashing(5)))) is None
    finding = job.observe(30, driver=running(executors=(*steady, *crashing(6))))
    assert finding.what == "6 executors lost within 10m (limit: 5)."
    assert finding.expected.startswith("at most 5 within 10m (1 for every 10 of 50 executors);")


def test_a_number_that_is_set_holds_as_it_is():
    """Whatever the size of the application; in events as well."""
    job = Job(watch_limits(deadline=None, stall=1e6, losses=1))
    steady = tuple(replace(EXECUTOR, id=f"s{n}") for n in range(100))
    assert job.observe(1, driver=running(executors=steady)) is None
    node = tuple(Executor(id=f"n{n}", active=False, removed=1e9, reason="x", host="n") for n in range(4))
    assert job.observe(2, driver=running(executors=(*steady, *node))) is None
    later = Executor(id="z", active=False, removed=1e9 + 60, reason="y", host="z")
    finding = job.observe(62, driver=running(executors=(*steady, *node, later)))
    assert finding.what == "5 executors lost in 2 events within 10m (limit: 1 event)."
    assert finding.expected.startswith("at most 1 within 10m (GuardLimits.executor_losses);")


def test_an_application_that_loses_all_its_executors_twice_is_given_up():
    """In few events: Spark's own default for its whole life is twice its executors."""
    job = Job(watch_limits(deadline=None, stall=1e6))
    rows = []
    for second in range(1, 4):
        living = tuple(replace(EXECUTOR, id=f"{second}-{n}") for n in range(10))
        finding = job.observe(60.0 * second, driver=running(executors=(*living, *rows)))
        if finding is None:
            rows += [
                replace(row, active=False, added=1.0, removed=1e9 + 60 * second, reason="OutOfMemoryError.")
                for row in living
            ]
    assert finding is None
    finding = job.observe(240.0, driver=running(executors=(EXECUTOR, *rows)))
    assert finding.what == "30 executors lost within 10m (limit: 20, twice the peak of 10)."
    assert "spark.executor.memory" in finding.advice


def test_a_rack_of_old_executors_is_no_crash_loop():
    """Twenty within a minute, but they have worked for hours."""
    job = Job(watch_limits(deadline=None, stall=1e6))
    assert job.observe(1, driver=cluster(24, 0)) is None
    assert job.observe(31, driver=cluster(4, 20)) is None


@pytest.mark.parametrize("reason", ["Executor killed by driver.", "Container c on host: h was preempted."])
def test_an_application_whose_executors_were_all_taken_back_does_not_wait_for_ever(reason):
    """None was lost, and none comes: it waits as long as a stage that has no running task."""
    job = Job(watch_limits(deadline=None, start=300.0, stall=500.0))
    assert job.observe(1, driver=running()) is None
    gone = running(executors=lost("0", reason=reason), stages=(replace(STAGE, active=0),))
    finding = job.until(5000, driver=gone)
    assert finding.verdict is Verdict.STARVED
    assert finding.what.startswith("No executor has been running for 25m")
    assert finding.got == f"the last: executor 0 at 00:00:01 UTC: {reason}"
    assert finding.expected == (
        "an executor within 25m (the longer of GuardLimits.start_timeout and 3 x stall_timeout)"
    )
    assert 1501 <= job.at <= 1540


@pytest.mark.parametrize(("start", "minutes"), [(300.0, 30), (7200.0, 120)])
def test_a_preempted_application_waits_for_its_turn(start, minutes):
    """By default half an hour, as a stage without a running task does; or start_timeout where that is longer."""
    job = Job(watch_limits(deadline=None, start=start))
    for at in (30.0, 60.0, 90.0):
        seen = running(stages=(replace(STAGE, done=int(at)),), executors=(EXECUTOR,))
        assert job.observe(at, inside=INSIDE, driver=seen) is None
    gone = lost("0", reason="Container container_1 on host h was preempted.")
    waiting = running(stages=(replace(STAGE, done=90, active=0),), executors=gone)
    finding = job.until(9000, driver=waiting, reading=lambda _: ())
    assert finding.verdict is Verdict.STARVED
    assert 60 * minutes <= job.at - 90 <= 60 * minutes + 60


def test_a_node_that_takes_the_last_executor_has_the_start_timeout_to_be_replaced():
    """A cluster that scales needs some minutes for another node, and the job has done nothing wrong."""
    job = Job(watch_limits(deadline=None))
    assert job.observe(1, driver=running()) is None
    gone = running(executors=lost("0", reason="worker lost"), stages=(replace(STAGE, active=0),))
    assert job.until(290, driver=gone) is None
    back = replace(EXECUTOR, id="1")
    assert job.observe(295, driver=running(executors=(back, *gone.executors))) is None
    assert job.observe(325, driver=gone) is None
    finding = job.until(5000, driver=gone)
    assert finding.verdict is Verdict.EXECUTORS_LOST
    assert 625 <= job.at <= 656
    assert finding.limit == 300
    assert finding.expected == ("an executor within 5m (GuardLimits.start_timeout, since its node went away)")


def test_an_application_that_the_master_dropped_with_its_node_does_not_wait_for_another():
    """No executor can come for it."""
    job = Job(watch_limits(deadline=None))
    assert job.observe(1, driver=running(), master=Master(known=True, waiting=False)) is None
    gone = running(executors=lost("0", reason="worker lost"), stages=(replace(STAGE, active=0),))
    finding = job.until(500, driver=gone, master=Master(known=False, waiting=False))
    assert finding.verdict is Verdict.VANISHED
    assert finding.limit == 60
    assert job.at <= 92


def test_a_node_that_takes_the_last_executor_still_ends_the_job():
    """It does not count, and yet none is left for longer than an executors_gone that is set."""
    job = Job(watch_limits(deadline=None, gone_chosen=True))
    assert job.observe(1, driver=running()) is None
    gone = running(executors=lost("0", reason="Worker shutting down"), stages=(replace(STAGE, active=0),))
    finding = job.until(500, driver=gone)
    assert finding.verdict is Verdict.EXECUTORS_LOST
    assert finding.what.startswith("No executor has been running for 1m")
    assert finding.expected == "an executor within 1m (GuardLimits.executors_gone)"


def test_executors_that_the_output_alone_knows_are_named():
    """With their host, and counted as events by the time when they were granted."""
    job = Job(watch_limits(deadline=None))
    for number in range(4):
        at = 20.0 * (number + 1)
        exits = (ExecutorExit(str(number), "h", "Command exited with code 1", at, at - 15),)
        finding = job.observe(at, driver=running(executors=()), executor_exits=number + 1, exits=exits)
    assert finding.what == "4 executors lost within 10m (limit: 3)."
    assert finding.got.endswith("executor 3 on h 1m 20s after the launch: Command exited with code 1")
    assert "spark.driver.host" in finding.advice


def without_ui(job, hosts, **seen):
    """One host with its executor is lost every minute; the Spark UI is off."""
    for number in range(hosts):
        at = 60.0 * (number + 1)
        exits = (ExecutorExit(str(number), f"h{number}", "Command exited with code 137", at, 1.0),)
        more = {"executor_exits": number + 1, "exit_reason": "Command exited with code 137", "exits": exits}
        finding = job.observe(at, inside=INSIDE, blind="it has no UI", **more, **seen)
        if finding is not None:
            return finding
    return None


def test_a_large_application_without_a_ui_may_lose_more():
    """The output names the executors that register: 200 of them may lose 20 in ten minutes."""
    assert without_ui(Job(watch_limits(deadline=None, stall=1e6)), 9, executor_peak=200) is None
    finding = without_ui(Job(watch_limits(deadline=None, stall=1e6)), 9, executor_peak=50)
    assert finding.what == "6 executors lost within 10m (limit: 5)."
    assert finding.expected.startswith("at most 5 within 10m (1 for every 10 of 50 executors);")


def test_a_budget_for_an_application_of_unknown_size_says_so():
    """No UI, and a log level that names no executor that comes."""
    finding = without_ui(Job(watch_limits(deadline=None, stall=1e6)), 9)
    assert finding.what == "4 executors lost within 10m (limit: 3)."
    assert finding.expected.startswith(
        "at most 3 within 10m (the number of executors that the application had is not known);"
    )
    assert finding.advice.endswith("GuardLimits.executor_losses allows more.")


def test_losses_long_ago_do_not_count():
    """One an hour may go on for ever."""
    job = Job(watch_limits(deadline=None, losses=1, poll=3600.0))
    for hour in range(1, 6):
        ids = [str(number) for number in range(1, hour + 1)]
        assert job.observe(3600.0 * hour, driver=running(executors=(EXECUTOR, *lost(*ids)))) is None


def test_executors_that_dynamic_allocation_removes_do_not_count():
    """Nor those that are decommissioned."""
    gone = lost("1", "2", "3", "4", "5", reason="Executor killed by driver.")
    assert Job().observe(1, driver=running(executors=(EXECUTOR, *gone))) is None


def test_a_crash_loop_ends_at_once():
    """The REST API sees none of them: they die before they register."""
    job = Job(watch_limits(losses=1000))
    assert job.observe(5, driver=running(executors=()), executor_exits=10) is None
    finding = job.observe(10, driver=running(executors=()), executor_exits=30, exit_reason="code 1")
    assert finding.verdict is Verdict.EXECUTORS_LOST
    assert finding.what.startswith("30 executors lost within 1m (limit: 20)")
    assert "they die as soon as they start" in finding.what
    assert finding.got == "code 1"


def test_no_executor_left_for_a_minute_is_the_end():
    """One loss is within the budget, but nobody took its place."""
    job = Job()
    assert job.observe(1, driver=running()) is None
    gone = running(executors=lost("0"), stages=(replace(STAGE, active=0),))
    finding = job.until(500, driver=gone)
    assert finding.verdict is Verdict.EXECUTORS_LOST
    assert finding.what.startswith("No executor has been running for 1m")
    assert 61 <= job.at <= 92


def test_an_application_that_the_master_has_forgotten_has_vanished():
    """It knew it before, and no executor is left."""
    job = Job()
    assert job.observe(1, driver=running(), master=Master(known=True, waiting=False)) is None
    gone = running(executors=lost("0"), stages=(replace(STAGE, active=0),))
    finding = job.until(500, driver=gone, master=Master(known=False, waiting=False))
    assert finding.verdict is Verdict.VANISHED


def gone(id_, removed, reason="Command exited with code 137"):
    return Executor(id=id_, active=False, removed=removed, reason=reason)


def test_losses_that_nobody_saw_count_when_they_happened():
    """The UI was silent for hours; four losses in that time are not four in ten minutes."""
    hourly = tuple(gone(str(hour), 1e9 + hour * 3600) for hour in range(6))
    assert Job().observe(1, driver=running(executors=(EXECUTOR, *hourly))) is None
    assert Job().observe(1, driver=running(executors=(EXECUTOR, *apart(*"abcd")))) is not None


def test_by_the_drivers_clock_losses_are_as_old_as_they_are():
    """Four within ten minutes, but hours before the first look; without a clock the last went just now."""
    rows = (EXECUTOR, *(gone(str(number), 1e9 + 6 * number) for number in range(4)))
    long_ago = replace(running(executors=rows), clock=1e9 + 7200)
    job = Job()
    assert job.observe(1, driver=long_ago) is None
    fifth = replace(running(executors=(*rows, gone("5", 1e9 + 7230))), clock=1e9 + 7231)
    assert job.observe(31, driver=fifth) is None
    assert Job().observe(1, driver=replace(long_ago, clock=None)) is not None
    assert Job().observe(1, driver=replace(long_ago, clock=1e9 + 60)) is not None


def test_a_clock_that_is_behind_makes_no_loss_of_the_future():
    """A Date header has whole seconds."""
    job = Job(watch_limits(losses=0))
    rows = (gone("1", 1e9 + 0.9),)
    finding = job.observe(1, driver=replace(running(executors=(EXECUTOR, *rows)), clock=1e9))
    assert finding.reached_at == 1


def test_the_last_one_that_went_says_whether_the_rest_was_lost():
    """Whatever their order in the answer: dynamic allocation took the last one, long after a loss."""
    rows = (gone("2", 2000.0, "Executor killed by driver."), gone("1", 1000.0))
    for executors in (rows, rows[::-1]):
        job = Job(watch_limits(deadline=None, stall=1e6))
        assert job.observe(1, driver=running()) is None
        waiting = (replace(STAGE, active=0),)
        assert job.until(900, driver=running(executors=executors, stages=waiting)) is None


def test_an_executor_that_came_and_went_restarts_the_time_without_any():
    """None has come, the message says, and it must be true."""
    job = Job(watch_limits(losses=100))
    waiting = (replace(STAGE, active=0),)
    assert job.observe(1, driver=running()) is None
    assert job.observe(10, driver=running(executors=lost("0"), stages=waiting)) is None
    assert job.observe(69, driver=running(executors=lost("0", "1"), stages=waiting)) is None
    assert job.observe(120, driver=running(executors=lost("0", "1"), stages=waiting)) is None
    finding = job.observe(130, driver=running(executors=lost("0", "1"), stages=waiting))
    assert finding.what == "No executor has been running for 1m 1s."


def test_no_executor_is_missed_where_no_stage_wants_one():
    """The driver works alone, or writes its model."""
    job = Job(watch_limits(deadline=None))
    assert job.observe(1, driver=running()) is None
    assert job.until(900, driver=DriverView(jobs=0, executors=lost("0"))) is None


def of(context, **seen):
    return {"inside": replace(INSIDE, application_id=f"app-{context}"), **seen}


def test_a_second_context_has_not_lost_the_executors_of_the_first():
    """It waits for its first executor; the one before had one, and lost another."""
    job = Job(watch_limits(deadline=None))
    other, dead = replace(EXECUTOR, id="1"), lost("0")
    assert job.observe(30, **of(1, driver=running(executors=(EXECUTOR,)))) is None
    assert job.observe(60, **of(1, driver=running(executors=(other, *dead)))) is None
    waits = running(stages=(replace(STAGE, active=0, done=0, launched=False, counters=()),), executors=())
    for at in range(90, 360, 30):
        assert job.observe(float(at), **of(2, driver=waits)) is None


@pytest.mark.parametrize("stale", [False, True])
def test_each_context_has_a_budget_of_its_own(stale):
    """Three losses in each; the ids begin at 0 again. A look may join the old rows and the new name."""
    job = Job(watch_limits(deadline=None, stall=1e6, poll=300.0))
    rows = running(executors=(EXECUTOR, *apart(*"123")))
    assert job.observe(1, **of(1, driver=rows, executor_exits=3, exit_reason="code 1")) is None
    first = rows if stale else running(executors=())
    assert job.observe(31, **of(2, driver=first, executor_exits=3)) is None
    assert job.observe(61, **of(2, driver=running(), executor_exits=3)) is None
    rows = running(executors=(EXECUTOR, *apart(*"123")))
    assert job.observe(361, **of(2, driver=rows, executor_exits=6, exit_reason="code 1")) is None
    rows = running(executors=(EXECUTOR, *apart(*"1234")))
    finding = job.observe(421, **of(2, driver=rows, executor_exits=7, exit_reason="code 1"))
    assert finding.what == "4 executors lost within 10m (limit: 3)."


def test_a_look_without_a_name_is_no_other_context():
    """The job's channel is silent now and then."""
    job = Job(watch_limits(deadline=None, stall=1e6))
    rows = running(executors=(EXECUTOR, *apart(*"123")))
    assert job.observe(1, **of(1, driver=rows)) is None
    assert job.observe(2, **of(1, inside=None, driver=rows)) is None
    rows = running(executors=(EXECUTOR, *apart(*"1234")))
    assert job.observe(61, **of(1, driver=rows)) is not None


def test_in_local_mode_the_driver_is_the_executor():
    """There is none to lose."""
    job = Job(watch_limits(local=True, stall=1e6))
    assert job.observe(1, driver=running()) is None
    assert job.until(900, driver=running(executors=lost("driver"))) is None


def test_the_output_and_the_ui_tell_of_the_same_losses():
    """The larger count holds; they are not added."""
    job = Job()
    seen = {"driver": running(executors=(EXECUTOR, *apart("1", "2", "3")))}
    for number in range(1, 4):
        assert job.observe(60.0 * number, executor_exits=number, exit_reason="code 1", **seen) is None
    assert job.observe(240, executor_exits=4, exit_reason="code 1", **seen).got == "code 1"


def test_a_reason_is_untrusted_and_short():
    """It may hold an environment."""
    finding = Job(watch_limits(losses=0)).observe(
        1, driver=running(executors=lost("a", reason="\x1b[2J password=hunter2 " + "x" * 999))
    )
    assert finding.got.startswith("executor a at 00:00:01 UTC: [2J password=******")
    assert len(finding.got) < 200


def test_executors_that_run_after_the_machine_slept_are_no_loop_of_crashes():
    """They were printed with the launch's time; the rule's window leaves out the hours in which nobody ran."""
    job, reason = Job(watch_limits(deadline=None)), "Command exited with code 137"
    for at in (100, 20_000, 20_030, 20_060, 20_090):
        assert job.observe(at, inside=INSIDE) is None
    exits = tuple(ExecutorExit(str(number), "h", reason, 20_101.0, 20_020.0) for number in range(20))
    seen = {"exits": exits, "executor_exits": 20, "exit_reason": reason}
    assert job.observe(20_102, inside=INSIDE, **seen) is None
    (notice,) = job.notices
    assert "were lost 5h 35m 1s after the launch" in notice
