"""Executors from what the watchdog observed of them."""

from airflow_spark_guard.core.history.executor_time import UNLISTED, is_lost, stays_of
from airflow_spark_guard.core.history.model import ApplicationHistory
from airflow_spark_guard.core.history.seen_executors import SeenExecutors
from airflow_spark_guard.core.watch.observation import DriverView, Executor, ExecutorExit, Inside, Observation
from airflow_spark_guard.core.web.spark_rest import MAX_EXECUTORS

START = 1_000_000.0


def seen(at, *executors, **fields):
    return Observation(at, driver=DriverView(1, executors=executors), **fields)


def gathered(*observations):
    executors = SeenExecutors(START)
    for one in observations:
        executors.add(one)
    return executors.all()


def test_what_was_known_of_an_executor_stays():
    """Its cores, and why it was removed."""
    first = Executor("1", active=True, added=START, cores=4, run_ms=1000)
    gone = Executor("1", active=False, added=START, removed=START + 9, reason="lost", run_ms=3000)
    (one,) = gathered(
        seen(1.0, first), seen(10.0, gone), seen(20.0, Executor("1", active=False, added=START))
    )
    assert (one.cores, one.removed, one.reason) == (4, START + 9, "lost")
    assert [row.run_s for row in gathered(seen(1.0, first), seen(10.0, gone))] == [3.0]


def test_an_exit_that_spark_submit_has_printed_counts_once():
    """The driver's own reason comes first."""
    exits = (ExecutorExit("1", "h", "Command exited with code 137", 5.0),)
    (printed,) = gathered(Observation(6.0, exits=exits))
    assert (printed.host, printed.removed, printed.cores) == ("h", START + 5, 0)
    gone = Executor("1", active=False, removed=START + 4, reason="lost")
    assert [row.reason for row in gathered(seen(4.0, gone), Observation(6.0, exits=exits))] == ["lost"]


def test_once_the_script_has_ended_no_executor_is_lost_or_new():
    """They end because of that."""
    living = Executor("1", active=True, added=START, cores=2)
    over = Inside(ended=True)
    late = seen(9.0, Executor("1", active=False, removed=START + 8), Executor("2", active=True), inside=over)
    exits = Observation(9.0, exits=(ExecutorExit("1", at=9.0),), driver_gone_at=8.0)
    (only,) = gathered(seen(1.0, living), late, exits)
    assert (only.id, only.removed) == ("1", None)


def test_another_spark_context_counts_its_executors_from_0_again():
    """The new one of an id is not the one that was lost; what the first held stays, and its work does."""
    lost = Executor(
        "0", active=False, added=START, removed=START + 9, reason="code 137", cores=2, run_ms=4000
    )
    other = Executor("0", active=True, added=START + 40, cores=4, active_tasks=4)
    first, second = gathered(seen(10.0, lost), seen(50.0, other), seen(60.0, other))
    assert (first.added, first.removed, first.reason, first.run_s) == (START, START + 9, "code 137", 4.0)
    assert (second.added, second.removed, second.reason) == (START + 40, None, "")
    assert (second.cores, second.run_s) == (4, 4 * 20.0), "no work of the first"
    history = ApplicationHistory(started=START, ended=START + 60, executors=(first, second))
    assert [stay.seconds for stay in stays_of(history)] == [9, 20], "none is negative"


def test_executors_of_a_spark_context_end_before_the_next_one_has_its_own():
    """They were not lost: the script has stopped it. In local[n] the driver is the executor."""
    for name in ("0", "driver"):
        one = Executor(name, active=True, added=START, cores=2, active_tasks=2)
        two = Executor(name, active=True, added=START + 30, cores=2)
        first, second = gathered(seen(10.0, one), seen(20.0, one), seen(40.0, two))
        assert (first.removed, first.reason, first.run_s) == (START + 30, UNLISTED, 20.0)
        assert (second.added, second.removed, second.run_s) == (START + 30, None, 0.0)
        assert not is_lost(first)


def test_an_executor_of_another_spark_context_that_no_view_has_shown_counts():
    """The id of the application distinguishes it from the first one of its number."""
    before, after = Inside(application_id="app-1"), Inside(application_id="app-2")
    one = Executor("0", active=True, added=START, cores=2)
    exits = (ExecutorExit("0", "h", "code 137", 50.0, 45.0),)
    change, crash = Observation(40.0, inside=after), Observation(55.0, inside=after, exits=exits)
    first, second = gathered(seen(10.0, one, inside=before), change, crash)
    assert (first.removed, first.reason) == (START + 40, UNLISTED)
    assert (second.added, second.removed, second.reason) == (None, START + 50, "code 137")
    third = Executor("0", active=True, added=START + 90, cores=2)
    last = seen(99.0, third, inside=Inside(application_id="app-3"))
    rows = gathered(seen(10.0, one, inside=before), change, crash, last, seen(109.0, third))
    assert [row.added for row in rows] == [START, None, START + 90]


def test_the_look_that_names_another_application_may_show_the_executors_of_the_first():
    """One that it still lists stays, until a look at the other one."""
    one = Executor("0", active=True, added=START, cores=2)
    looks = [seen(at, one, inside=Inside(application_id=name)) for at, name in ((10.0, "a"), (20.0, "b"))]
    assert [row.removed for row in gathered(*looks)] == [None]
    (only,) = gathered(*looks, seen(30.0, inside=Inside(application_id="b")))
    assert (only.removed, only.reason) == (START + 30, UNLISTED)


def test_an_executor_that_the_driver_no_longer_lists_holds_nothing():
    """Spark lists 100 that are gone. Why this one went is not known: it does not count as lost."""
    one, two = (Executor(name, active=True, added=START, cores=2) for name in "12")
    first, second = gathered(seen(10.0, one, two), Observation(20.0), seen(30.0, two))
    assert (first.removed, first.reason, second.removed) == (START + 30, UNLISTED, None)
    assert not is_lost(first)
    assert [row.removed for row in gathered(seen(1.0, one), seen(2.0), seen(3.0, one))] == [None], (
        "it is back"
    )


def test_one_that_is_not_listed_and_whose_loss_is_printed_was_lost():
    """In the same look, or in a later one."""
    one = Executor("1", active=True, added=START, cores=2)
    exits = (ExecutorExit("1", "h", "code 137", 15.0),)
    for looks in ([seen(20.0, exits=exits)], [seen(14.0), Observation(20.0, exits=exits)]):
        (only,) = gathered(seen(10.0, one), *looks)
        assert (only.removed, only.reason) == (START + 15, "code 137")


def test_a_view_that_is_cut_says_nothing_about_the_others():
    """Nor does one of a driver whose script has ended."""
    one = Executor("x", active=True, added=START, cores=2)
    many = tuple(Executor(str(number), active=True) for number in range(MAX_EXECUTORS))
    assert gathered(seen(10.0, one), seen(20.0, *many))[0].removed is None
    assert gathered(seen(10.0, one), seen(20.0, inside=Inside(ended=True)))[0].removed is None


def test_the_work_of_a_task_that_died_with_its_executor_stays():
    """Spark has counted none of its time."""
    busy = Executor("1", active=True, added=START, cores=2, active_tasks=1)
    gone = Executor("1", active=False, added=START, removed=START + 25, reason="lost", cores=2)
    looks = (seen(10.0, busy), seen(20.0, busy), seen(30.0, gone), seen(40.0, gone))
    assert [row.run_s for row in gathered(*looks)] == [10.0]


def test_an_executor_works_from_its_registration_on():
    """The last look was before that."""
    new = Executor("1", active=True, added=START + 29, cores=2, active_tasks=2)
    assert [row.run_s for row in gathered(seen(10.0), seen(30.0, new))] == [2.0]


def test_the_time_of_looks_that_the_driver_did_not_answer_counts():
    """The next answer covers it."""
    busy = Executor("1", active=True, added=START, cores=1, active_tasks=1)
    blind = Observation(20.0, blind="It refuses connections.")
    assert [row.run_s for row in gathered(seen(10.0, busy), blind, seen(30.0, busy))] == [20.0]
