import pytest

from airflow_spark_guard.core.watch.comparison import Comparison
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.finding import ObservationRequest
from airflow_spark_guard.core.watch.process_sample import ProcessSample

NOW = (ProcessSample("worker", "1"),)


def says(state):
    return lambda *_: state


def test_one_look_says_nothing():
    """Only two that lie an evidence window apart do."""
    found = Comparison(60.0)
    found.weigh(None, 10.0, says(State.BLOCKED))
    found.weigh(NOW, 10.0, says(State.BLOCKED))
    assert (found.state, found.before) == (None, (10.0, NOW))


@pytest.mark.parametrize(("at", "state"), [(60.0, None), (64.0, State.BLOCKED), (70.0, State.BLOCKED)])
def test_the_second_look_counts_from_nearly_a_window_on(at, state):
    """A clock may show a little less than was waited."""
    found = Comparison(60.0)
    found.weigh(NOW, 10.0, says(State.BLOCKED))
    found.weigh(NOW, at, says(State.BLOCKED))
    assert found.state is state


def test_the_judge_is_given_both_looks_and_the_seconds_between():
    """In the order in which they were taken."""
    later, given = (ProcessSample("worker", "2"),), []
    found = Comparison(5.0)
    found.weigh(NOW, 10.0, says(State.BLOCKED))
    found.weigh(later, 16.5, lambda *judged: given.append(judged) or State.WORKING)
    assert given == [(NOW, later, 6.5)]


def test_it_is_known_since_when_the_state_is_another():
    """The first one is no turn."""
    found = Comparison(5.0)
    for at, state in (
        (0.0, State.BLOCKED),
        (5.0, State.SPINNING),
        (10.0, State.BLOCKED),
        (15.0, State.BLOCKED),
    ):
        found.weigh(NOW, at, says(state))
    assert (found.state, found.turned_at) == (State.BLOCKED, 10.0)


def test_what_is_forgotten_is_looked_for_anew():
    """Both looks of it."""
    found = Comparison(5.0, State.BLOCKED, 3.0, (2.0, NOW))
    found.forget()
    assert (found.state, found.before) == (None, None)


@pytest.mark.parametrize(
    ("before", "now", "at"),
    [
        (None, 0.0, 540.0),  # one window before the limit
        (None, 700.0, 700.0),  # too late for that: at once
        ((540.0, NOW), 540.0, 600.0),  # at the limit
        ((550.0, NOW), 550.0, 600.0),  # at the limit, though the window is not over
        ((600.0, NOW), 600.0, 660.0),  # the longer limit is far
        ((1790.0, NOW), 1790.0, 1800.0),  # three times the limit
    ],
)
def test_the_looks_lie_where_they_decide(before, now, at):
    """Readings stop the processes for a moment, so none is taken in between."""
    assert Comparison(60.0, before=before).look(0.0, 600.0, now) == ObservationRequest(at, readings=True)
