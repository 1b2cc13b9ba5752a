"""Executors from what the watchdog observed of them."""

from airflow_spark_guard.core.history.seen_executors import SeenExecutors
from airflow_spark_guard.core.watch.observation import DriverView, Executor, ExecutorExit, Inside, Observation

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
