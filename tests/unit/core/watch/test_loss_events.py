"""What counts as one loss: a node, a moment, and never an executor that came after it began."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch.loss_events import Loss, default_budget, default_turnover, events_of

SILENT = "Executor heartbeat timed out after 122647 ms"
EXIT = "Command exited with code 137"


def loss(at, host="h", reason=EXIT, started=None, executor="1"):
    return Loss(executor, host, reason, at, started)


def count(*losses):
    return len(events_of(losses))


def test_what_goes_at_one_moment_is_one_event_whatever_the_host():
    """A rack, a switch, or a spot fleet that is taken back."""
    assert count(*(loss(100 + n / 10, host=f"h{n}") for n in range(40))) == 1


def test_a_moment_is_counted_from_its_first_loss():
    """One loss every four seconds is no moment that never ends."""
    assert count(*(loss(4.0 * n, host=f"h{n}") for n in range(10))) == 5


def test_a_host_whose_executors_are_killed_one_by_one_is_one_event():
    """As by its kernel, short of memory."""
    assert count(loss(0, started=-99.0), loss(9, started=-99.0)) == 1
    assert count(loss(0, host="a"), loss(9, host="b")) == 2
    assert count(loss(0), loss(11)) == 2


def test_a_node_that_falls_silent_is_noticed_in_two_sweeps():
    """spark.network.timeoutInterval lies between them."""
    assert count(loss(0, reason=SILENT), loss(60, reason=SILENT), loss(61, reason=SILENT)) == 1
    assert count(loss(0, reason=SILENT), loss(60, reason=EXIT)) == 2
    assert count(loss(0, reason=EXIT), loss(60, reason=SILENT, host="other")) == 2


def test_pods_of_one_node_that_fall_silent_are_one_event():
    """On Kubernetes each pod has an address of its own: two nodes with four pods, each found by two sweeps."""
    pods = [
        loss(1000 + node * 200 + (0 if pod < 2 else 60), reason=SILENT, host=f"10.0.{node}.{pod}")
        for node in (0, 1)
        for pod in range(4)
    ]
    assert count(*pods) == 2
    broken = [replace(pod, reason="Remote RPC client disassociated. Likely due to ...") for pod in pods]
    assert count(*broken) == 4


def test_nodes_that_fall_silent_one_after_the_other_are_no_event_that_never_ends():
    """A sweep is counted from the first of them; what started later did not go with it."""
    assert count(*(loss(60.0 * n, reason=SILENT, host=f"h{n}") for n in range(10))) == 5
    assert count(*(loss(60.0 * n, reason=SILENT, host=f"h{n}", started=60.0 * n - 40) for n in range(3))) == 3


def test_an_executor_that_started_after_the_loss_did_not_die_of_it():
    """A host whose executors crash one after the other has an event for each, however quickly they do."""
    assert count(*(loss(float(n), started=n - 0.5) for n in range(6))) == 6


def test_a_host_that_is_not_known_is_no_common_host():
    """The output does not always name one."""
    assert count(loss(0, host=""), loss(8, host="")) == 2


def test_order_and_number_do_not_matter():
    """They come as the API lists them."""
    assert events_of([]) == []
    (event,) = events_of([loss(2), loss(1), loss(3)])
    assert [one.at for one in event.losses] == [1, 2, 3]
    assert event.begin == 1


@pytest.mark.parametrize(
    ("peak", "events", "executors"),
    [(0, 3, None), (1, 3, 3), (6, 3, 12), (30, 3, 60), (40, 4, 80), (200, 20, 400)],
)
def test_the_default_budget_grows_with_the_application(peak, events, executors):
    """A tenth in events, and twice all of them in executors."""
    assert (default_budget(peak), default_turnover(peak)) == (events, executors)
