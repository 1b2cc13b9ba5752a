import pytest

from airflow_spark_guard.core.remote.unregistered import Unregistered
from airflow_spark_guard.core.watch.observation import DriverView, Executor
from airflow_spark_guard.core.web.master_page import ApplicationPage


def view(*names, dead=()):
    rows = [Executor(id=name, active=name not in dead) for name in names]
    return DriverView(jobs=0, executors=tuple(rows))


def ended(*names):
    return tuple(Executor(name, active=False, reason="EXITED") for name in names)


def told(*gone, running=(), at=100.0):
    """What is known after the master has said this."""
    known = Unregistered()
    known.learn(ApplicationPage(ended=ended(*gone), running=frozenset(running)), at)
    return known


def test_the_first_look_asks_the_master():
    """Nothing that a driver lists tells of an executor that never came."""
    assert Unregistered().worth_asking(view("0", "1"), 100.0)


@pytest.mark.parametrize(
    ("seen", "known", "asked"),
    [
        (view("0", "1"), told(running=("0", "1")), False),
        (view("0", "1", dead="0"), told(running=("0", "1")), False),
        (view("0"), told(running=("0", "1")), True),  # 1 was starting
        (view("0"), told("1", running="0"), False),  # it has died, and that is known
        (view("1"), told("0", running="1"), False),
        (view("driver", "0"), told(running="0"), False),
        (view(), told(), True),  # none is there: it may be a crash loop
        (view("0", dead="0"), told("0"), True),
    ],
)
def test_the_master_is_asked_at_once_while_one_starts_or_none_is_there(seen, known, asked):
    """Otherwise it is left in peace for a while."""
    assert known.worth_asking(seen, 101.0) is asked


def test_the_master_is_asked_now_and_then_whatever_the_driver_lists():
    """The newest one died starting, and none came after it: no number is missing."""
    known = told(running="0")
    assert not known.worth_asking(view("0"), 129.9)
    assert known.worth_asking(view("0"), 130.0)


def test_a_master_that_does_not_answer_is_not_asked_at_every_look():
    """It may take seconds to say nothing; what it said before stays."""
    known = told("1", running="0")
    known.learn(None, 140.0)
    assert not known.worth_asking(view("0"), 141.0)
    assert [row.id for row in known.added_to(view("0")).executors] == ["0", "1"]


def test_what_the_driver_lists_is_its_own_word():
    """It knows reason and time; the master knows only that one ended."""
    found = told("0", "1").added_to(view("1", "2"))
    assert [(row.id, row.reason) for row in found.executors] == [("1", ""), ("2", ""), ("0", "EXITED")]


def test_one_that_the_driver_has_forgotten_did_register():
    """It may have been given back, as by a decommission: of that the master says only that it ended."""
    known = told("0", running="1")
    assert len(known.added_to(view("0", "1", dead="0")).executors) == 2
    assert [row.id for row in known.added_to(view("1")).executors] == ["1"]
    assert [row.id for row in known.added_to(view("1")).executors] == ["1"]
