import pytest

from airflow_spark_guard.core.remote.unregistered import with_unregistered, worth_asking_the_master
from airflow_spark_guard.core.watch.observation import DriverView, Executor


def view(*names, dead=()):
    rows = [Executor(id=name, active=name not in dead) for name in names]
    return DriverView(jobs=0, executors=tuple(rows))


@pytest.mark.parametrize(
    ("seen", "known", "asked"),
    [
        (view(), (), True),  # none is there: it may be a crash loop
        (view("0", dead="0"), (), True),
        (view("0", "1"), (), False),
        (view("0", "1", dead="0"), (), False),
        (view("1"), (), True),  # where is 0?
        (view("1"), ("0",), False),  # that is known
        (view("0", "3"), ("1",), True),
        (view("driver", "0"), (), False),
    ],
)
def test_the_master_is_asked_where_a_number_is_missing(seen, known, asked):
    """Otherwise the driver's own word is enough, and the master is left in peace."""
    assert worth_asking_the_master(seen, known) is asked


def test_what_the_driver_lists_is_its_own_word():
    """It knows reason and time; the master knows only that one ended."""
    ended = (Executor("0", active=False, reason="EXITED"), Executor("1", active=False, reason="EXITED"))
    found = with_unregistered(view("1", "2"), ended)
    assert [(row.id, row.reason) for row in found.executors] == [("1", ""), ("2", ""), ("0", "EXITED")]
