"""Two sources that tell of the same losses, and the driver's clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch.loss_ledger import LossLedger
from airflow_spark_guard.core.watch.observation import DriverView, Executor, ExecutorExit, Observation

EPOCH = 1e9
REASON = "Command exited with code 137"


def row(id_, removed, *, added=0.0, reason=REASON):
    return Executor(
        id=id_,
        active=False,
        added=EPOCH + added,
        removed=EPOCH + removed,
        reason=reason,
        host="h",
        stderr_url="http://h/logPage/?x",
    )


def view(*rows, clock=None):
    return DriverView(jobs=1, executors=rows, clock=None if clock is None else EPOCH + clock)


def seen(*exits, count=0):
    return Observation(at=0.0, exits=exits, executor_exits=count, exit_reason=REASON)


def test_a_loss_is_taken_once_with_all_that_is_known_of_it():
    """Whatever a second look lists again."""
    ledger = LossLedger()
    (loss,) = ledger.take_rows(view(row("1", 90, added=10), clock=100), 30.0)
    assert (loss.executor, loss.host, loss.reason, loss.stderr_url) == (
        "1",
        "h",
        REASON,
        "http://h/logPage/?x",
    )
    assert (loss.at, loss.started, loss.removed) == (20.0, -60.0, EPOCH + 90)
    assert ledger.take_rows(view(row("1", 90, added=10), clock=130), 60.0) == []


def test_a_clock_that_is_known_later_moves_what_was_found_before():
    """The first look took the last loss for one that happened just now."""
    ledger = LossLedger()
    ledger.take_rows(view(row("1", 100)), 10.0)
    ledger.take_rows(view(row("1", 100), row("2", 400), clock=410), 40.0)
    assert [loss.at for loss in ledger.within(-1e9)] == [-270.0, 30.0]


def test_a_row_without_a_time_went_just_now():
    """The master's page has none."""
    ledger = LossLedger()
    (loss,) = ledger.take_rows(DriverView(1, executors=(Executor("1", active=False, reason=REASON),)), 7.0)
    assert (loss.at, loss.started, loss.removed) == (7.0, None, None)
    ledger.take_rows(view(row("2", 5), clock=6), 9.0)
    assert [loss.at for loss in ledger.within(0.0)] == [7.0, 8.0]


@pytest.mark.parametrize("step", [-3600.0, -40.0, 0.0, 40.0, 3600.0])
def test_a_drivers_clock_that_is_set_hides_no_loss(step):
    """Forward or back, by an hour or a little: losses stay between the looks that found them."""
    ledger, rows = LossLedger(), []
    for look in range(12):
        shift = step if look >= 4 else 0.0
        rows.append(row(str(look), 30.0 * look + 20 + shift, added=shift - 5))
        ledger.take_rows(view(*rows, clock=30.0 * look + 30 + shift), 30.0 * look + 30)
    at = [loss.at for loss in ledger.within(-1e9)]
    assert all(look * 30 <= at[look] <= look * 30 + 30 for look in range(12))
    assert len(ledger.events(0.0)) == 12


def test_executors_that_ran_while_the_clock_was_set_back_are_not_young():
    """They seem to have started after they went: a rack of them is no crash loop, and one event."""
    ledger = LossLedger()
    ledger.take_rows(view(row("0", 2990), clock=3000), 3000.0)
    rack = [row(f"r{number}", 60, added=2000) for number in range(24)]
    ledger.take_rows(view(row("0", 2990), *rack, clock=65), 3665.0)
    assert ledger.young(3605.0) == []
    assert len(ledger.events(3605.0)) == 1
    assert len(ledger.within(3605.0)) == 24


def test_a_loss_is_no_older_than_the_look_that_did_not_list_it():
    """Whatever the driver's clock says; before the first look it may be as old as it wants."""
    ledger = LossLedger()
    (first,) = ledger.take_rows(view(row("1", 10), clock=7200), 100.0)
    assert first.at == 100.0 - 7190
    (second,) = ledger.take_rows(view(row("1", 10), row("2", 20), clock=7230), 130.0)
    assert second.at == 100.0


def test_another_context_counts_its_executors_from_zero():
    """An id that lives again may be lost again."""
    ledger = LossLedger()
    ledger.take_rows(view(row("0", 100), clock=100), 10.0)
    ledger.take_rows(view(Executor("0", active=True), clock=110), 20.0)
    ledger.take_rows(view(row("0", 200), clock=200), 110.0)
    assert len(ledger.within(0.0)) == 2


def test_both_sources_are_not_added():
    """The one that knows more counts; those that were only counted have no name."""
    ledger = LossLedger()
    ledger.take_rows(view(row("1", 10), row("2", 60), clock=60), 60.0)
    ledger.take_exits(seen(ExecutorExit("1", "h", REASON, 10.0), count=1), 60.0)
    assert [loss.executor for loss in ledger.within(0.0)] == ["1", "2"]
    ledger.take_exits(seen(ExecutorExit("9", "h", REASON, 61.0), count=4), 61.0)
    assert [loss.executor for loss in ledger.within(0.0)] == ["1", "9", "", ""]


def test_what_is_no_loss_is_a_loop_only_when_it_is_young():
    """A bad local directory (exit code 53) is a fault of the node, and still a loop."""
    ledger = LossLedger()
    code = "Command exited with code 53"
    ledger.take_exits(seen(ExecutorExit("1", "h", code, 5.0, 1.0), ExecutorExit("2", "h", code, 5.0)), 5.0)
    ledger.take_exits(seen(ExecutorExit("3", "h", "Command exited with code 0", 6.0, 5.0)), 6.0)
    assert ledger.within(0.0) == []
    assert [loss.executor for loss in ledger.young(0.0)] == ["1"]


def test_an_executor_that_the_output_alone_lost_has_its_age_from_the_api():
    """The grant was not printed."""
    ledger = LossLedger()
    ledger.take_rows(view(row("1", 90, added=-9000), clock=100), 100.0)
    ledger.take_exits(seen(ExecutorExit("1", "h", REASON, 90.0), count=1), 100.0)
    assert ledger.young(40.0) == []
    assert len(ledger.within(40.0)) == 1


def test_what_is_old_or_too_much_is_forgotten():
    """A loop of crashes makes a hundred a second."""
    ledger = LossLedger()
    ledger.take_exits(seen(count=10_000), 1.0)
    ledger.take_exits(seen(count=10_000), 1.0)
    ledger.forget(0.0, 0)
    assert len(ledger.within(0.0)) == 500
    ledger.take_exits(seen(count=20_000), 2.0)
    ledger.forget(0.0, 600)
    assert len(ledger.within(0.0)) == 600
    ledger.forget(1.5, 0)
    assert len(ledger.within(0.0)) == 500
    ledger.forget(3.0, 0)
    assert ledger.within(0.0) == []


def test_a_count_that_goes_back_is_no_news():
    """An observation of the clock alone has none."""
    ledger = LossLedger()
    ledger.take_exits(replace(seen(count=5)), 1.0)
    ledger.take_exits(seen(count=0), 2.0)
    ledger.take_exits(seen(count=5), 3.0)
    assert len(ledger.within(0.0)) == 5
