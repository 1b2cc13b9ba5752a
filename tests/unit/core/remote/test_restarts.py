"""Executors that were lost: what is counted, and that it does not matter who looks, or when."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.remote.restarts import (
    Ledger,
    Loss,
    RestartBudget,
    RestartRule,
    fullest_window,
    short_since,
    wanted_since,
)
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.executor_loss import was_lost
from airflow_spark_guard.core.watch.observation import Executor
from tests.unit.core.remote.seen import (
    GIVEN_BACK,
    LOST,
    STAGE,
    START,
    TEXT,
    as_listed,
    careers,
    living,
    log,
    lost,
    running,
    silent,
)

LOSSES = st.lists(
    st.builds(Loss, TEXT, TEXT, TEXT, st.integers(0, 50).map(float)), max_size=12
).map(lambda found: tuple(sorted(found, key=lambda loss: loss.at)))  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "counts"),
    [
        ("worker lost: Not receiving heartbeat for 60 seconds", True),
        ("Remote RPC client disassociated.", True),
        ("Container container_1 on host: h was preempted.", False),
        ("Executor decommissioned.", False),
    ],
)
def test_a_lost_worker_is_a_restart_whichever_message_comes_first(reason, counts):
    """A worker that dies shows as either of two reasons, by a race: a sensor must not depend on it."""
    rows = (lost("1", START + 1, reason=reason), *living("2"))
    assert len(Ledger().with_rows(rows, START + 2).losses) == counts


def many(count, *, first=0):
    """So many losses, one a second."""
    return [lost(f"{number:04}", START + number) for number in range(first, first + count)]


@given(
    career=careers(), looks=st.lists(st.integers(0, 1000), max_size=6), kept=st.integers(1, 5) | st.just(200)
)
def test_the_ledger_does_not_depend_on_when_somebody_looked(career, looks, kept):
    """Once a second, twice in all, or at the end alone: the same losses, even where old ones are forgotten."""
    frequent, seldom, last = Ledger(), Ledger(), Ledger()
    for second in range(0, 1001, 50):
        frequent = frequent.with_rows(as_listed(career, START + second), START + second, kept)
    for second in sorted(looks):
        seldom = seldom.with_rows(as_listed(career, START + second), START + second, kept)
    end = as_listed(career, START + 1000)
    frequent, seldom, last = (found.with_rows(end, START + 1000, kept) for found in (frequent, seldom, last))
    assert frequent == seldom == last
    assert last.with_rows(end, START + 2000, kept) is last
    count = sum(gone is not None and was_lost(reason) for _, _, gone, reason in career)
    assert len(last.losses) + last.forgotten == count


@given(career=careers(), restarts=st.integers(0, 5), more=st.integers(0, 5), window=st.integers(1, 500))
def test_a_larger_budget_or_a_shorter_window_never_finds_more(career, restarts, more, window):
    """Monotone in both."""
    snapshot = running(START + 1000, *as_listed(career, START + 1000))

    def found(restarts, window):
        return RestartRule(RestartBudget(restarts=restarts, window=window)).observe(snapshot) is not None

    assert found(restarts, window) >= found(restarts + more, window)
    assert found(restarts, window + more) >= found(restarts, window)
    assert found(restarts, None) >= found(restarts, window)


@given(rows=st.lists(st.builds(lost, TEXT, st.floats(START, START + 9), reason=st.just(GIVEN_BACK))))
def test_executors_that_were_given_back_never_count(rows):
    """However many, and in whatever order."""
    assert RestartRule(RestartBudget()).observe(running(START + 10, *rows)) is None


@given(losses=LOSSES, window=st.none() | st.integers(0, 60))
def test_the_fullest_window_is_the_one_that_trying_all_finds(losses, window):
    """Against the obvious way, which is slow; of two that are equal the later one."""
    found = fullest_window(losses, window)
    if window is None:
        assert found == losses
        return
    watch_limits = [
        tuple(loss for loss in losses[first:] if loss.at - start.at <= window)
        for first, start in enumerate(losses)
    ]
    best = max(map(len, watch_limits), default=0)
    assert len(found) == best
    assert found == ([one for one in watch_limits if len(one) == best] or [()])[-1]


@given(career=careers(), minimum=st.integers(0, 4), now=st.integers(0, 1000))
def test_short_since_is_what_counting_each_second_finds(career, minimum, now):
    """The first second from which on there were never enough."""
    at = START + now
    rows = as_listed(career, at)

    def there(second):
        return sum(row.added <= second and (row.active or second < row.removed) for row in rows)

    expected = None
    for second in range(int(at), int(START) - 1, -1):
        if there(second) >= minimum:
            break
        expected = float(second)
    assert short_since(rows, minimum, START) == expected


def test_an_executor_of_whom_nobody_knows_when_it_went_says_nothing_of_the_past():
    """It would else count as one that was there too few."""
    known = (*living("1"), lost("3", START + 200))
    for unknown in (None, 0.0):
        rows = (*known, lost("2", unknown, added=START + 300))
        assert short_since(rows, 2, START) == START + 200
        assert short_since(rows, 1, START) is None


def test_a_loss_is_a_finding_that_names_executor_host_reason_and_time():
    """Without a budget the first one."""
    finding = RestartRule(RestartBudget()).observe(running(START + 9, *living("1"), lost("0", START + 5)))
    assert finding.verdict is Verdict.EXECUTORS_LOST
    assert finding.what == "An executor was lost."
    assert finding.got == f"executor 0 on h1 at 2027-01-15 08:00:05 UTC: {LOST}"
    assert finding.expected == "at most 0 while the application runs"
    assert (finding.limit, finding.reached_at) == (0.0, 5)


def test_of_many_losses_the_newest_are_named():
    """And how many there were before."""
    finding = RestartRule(RestartBudget(restarts=3, window=60.0)).observe(running(START + 99, *many(9)))
    assert finding.what == "9 executors were lost within 1m."
    assert finding.expected == "at most 3 within 1m"
    assert finding.got.startswith("4 earlier ones; executor 0004 ")
    assert finding.got.count("; executor ") == 5


def test_losses_far_apart_fit_into_a_window():
    """One an hour may go on for ever."""
    rows = [lost(str(hour), START + 3600 * hour) for hour in range(10)]
    rule = RestartRule(RestartBudget(restarts=1, window=600.0))
    assert rule.observe(running(START + 99999, *rows)) is None
    assert rule.observe(running(START + 99999, *rows, lost("x", START + 60))).what.startswith("2 executors")


def test_a_loss_that_the_driver_has_forgotten_still_counts():
    """It lists 100 dead executors unless told otherwise."""
    rule = RestartRule(RestartBudget(restarts=1))
    assert rule.observe(running(START + 9, lost("0", START + 1))) is None
    assert rule.observe(running(START + 99, lost("1", START + 90))).what == "2 executors were lost."


def test_losses_that_only_the_event_log_tells_of_count():
    """The application is over, and nobody looked while it ran."""
    ended = silent(START + 600, history=log(lost("0", START + 5)))
    assert RestartRule(RestartBudget()).observe(ended).what == "An executor was lost."
    assert RestartRule(RestartBudget(minimum=5)).observe(silent(START + 600, history=log())) is None


def test_a_driver_that_lists_more_than_is_kept_is_not_counted_twice():
    """spark.ui.retainedDeadExecutors may be set to thousands; each look shows the same ones."""
    rows = many(250)
    ledger = Ledger().with_rows(rows, START + 300)
    assert (len(ledger.losses), ledger.forgotten) == (200, 50)
    assert ledger.with_rows(rows, START + 400) is ledger
    more = ledger.with_rows([*rows, lost("x", START + 500)], START + 500)
    assert (len(more.losses), more.forgotten) == (200, 51)
    assert RestartRule(RestartBudget(restarts=250)).observe(running(START + 300, *rows)) is None


def test_a_budget_above_what_is_kept_can_be_used_up():
    """Within a window, where losses without a time would not count."""
    rule = RestartRule(RestartBudget(restarts=300, window=600.0))
    assert rule.observe(running(START + 400, *many(300))) is None
    assert rule.observe(running(START + 400, *many(301))).what == "301 executors were lost within 10m."


def test_a_removal_without_a_time_counts_once():
    """It happened when it was first seen."""
    ledger = Ledger().with_rows((lost("0", 0.0),), START + 7)
    assert [loss.at for loss in ledger.losses] == [START + 7]
    assert ledger.with_rows((lost("0", 0.0),), START + 99) is ledger


def test_one_that_the_driver_tells_of_later_counts_once():
    """The master knew it first, without a time."""
    ledger = Ledger().with_rows((lost("0", None),), START + 7)
    assert ledger.with_rows((lost("0", START + 6),), START + 9) is ledger


def test_removals_without_a_time_are_not_counted_twice_when_they_are_forgotten():
    """The master lists a thousand on its page, in a crash loop, and at each look the same ones."""
    rows = [lost(str(number), None) for number in range(7, 257)]
    ledger = Ledger()
    for end in (70, 130, 250):
        ledger = ledger.with_rows(rows[:end], START + end)
    assert (len(ledger.losses), ledger.forgotten) == (200, 50)
    assert ledger.with_rows(rows, START + 999) is ledger
    assert ledger.with_rows([*rows, lost("257", None)], START + 999).forgotten == 51
    assert ledger.with_rows([lost("x", None)], START + 999).forgotten == 51


def test_a_loss_of_an_application_whose_start_is_unknown_has_no_age():
    """No clock of another kind stands in for it."""
    snapshot = replace(running(START + 9, lost("0", START + 5)), started=None)
    assert RestartRule(RestartBudget()).observe(snapshot).reached_at == 0.0


def test_too_few_executors_are_a_finding_after_the_grace():
    """At the start as well."""
    rule = RestartRule(RestartBudget(restarts=9, minimum=2, grace=120.0))
    assert rule.observe(running(START + 119, *living("0"))) is None
    finding = rule.observe(running(START + 120, *living("0")))
    assert finding.what == "Only 1 executor has been running for 2m."
    assert (finding.got, finding.expected) == ("1 of 2", "at least 2 (grace period: 2m)")
    assert finding.reached_at == 120
    rows = (*living("0", "1"), lost("2", START + 300))
    rule = RestartRule(RestartBudget(restarts=9, minimum=3, grace=120.0))
    assert rule.observe(running(START + 419, *rows)) is None
    finding = rule.observe(running(START + 420, *rows))
    assert finding.what == "Only 2 executors have been running for 2m."
    assert finding.got.startswith("2 of 3; the last one lost: executor 2 on h1")


def test_a_start_that_nobody_knows_is_no_reason():
    """Since when there were too few cannot be told."""
    rule = RestartRule(RestartBudget(minimum=2))
    assert rule.observe(running(START + 9999, *living("0"), started=None)) is None


def test_no_executor_left_for_a_waiting_job_is_a_finding():
    """The loss itself is within the budget; nobody took its place."""
    rule = RestartRule(RestartBudget(restarts=9, gone=60.0))
    gone = lost("0", START + 100)
    assert rule.observe(running(START + 159, gone, stages=[STAGE])) is None
    finding = rule.observe(running(START + 160, gone, stages=[STAGE]))
    assert finding.what == "No executor has been running for 1m."
    assert finding.got.startswith("0 of 1; the last one lost: executor 0")


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([lost("0", START + 10), lost("1", START + 100, reason=GIVEN_BACK)], id="given back"),
        pytest.param([*living("2"), lost("0", START + 10)], id="one is there"),
        pytest.param([], id="none came yet"),
    ],
)
def test_an_application_may_be_without_executors(rows):
    """Dynamic allocation took the last one, or it has just begun."""
    rule = RestartRule(RestartBudget(restarts=9))
    assert rule.observe(running(START + 99999, *rows, stages=[STAGE])) is None


def test_a_job_that_has_just_begun_has_not_waited():
    """The last executor went in the night, while nothing ran; the time without any counts from the job on."""
    rule = RestartRule(RestartBudget(restarts=9, gone=60.0))
    gone, stage = lost("0", START + 100), replace(STAGE, submitted=START + 9000)
    assert rule.observe(running(START + 8999, gone)) is None
    assert rule.observe(running(START + 9059, gone, stages=[stage])) is None
    assert rule.observe(running(START + 9060, gone, stages=[stage])).reached_at == 9060


def test_a_stage_of_unknown_age_waits_since_its_executors_went():
    """Rather a finding than a hang."""
    snapshot = running(START + 9, lost("0", START + 1), stages=[replace(STAGE, submitted=None)])
    assert wanted_since(snapshot) == 0.0
    assert RestartRule(RestartBudget(restarts=1, gone=8.0)).observe(snapshot).reached_at == 9


@given(
    losses=st.lists(st.builds(Loss, TEXT, TEXT, TEXT, st.floats(0, 4e9))),
    forgotten=st.integers(0, 99),
)
def test_a_ledger_survives_json(losses, forgotten):
    """As XCom keeps it."""
    ledger = Ledger(tuple(losses), forgotten if losses else 0)
    assert Ledger.from_json(json.loads(json.dumps(ledger.to_json()))) == ledger


@pytest.mark.parametrize(
    "value",
    [
        {"losses": [], "forgotten": 1},
        {"losses": [["0", "", "", 1.0]], "forgotten": -1},
        {"losses": [["0", "", "", 1.0]], "forgotten": 1.5},
        {"losses": [["0", "", "", 1e300]], "forgotten": 0},
        {"losses": [["0", "", "", float("nan")]], "forgotten": 0},
        {"losses": [["0", "", ""]], "forgotten": 0},
    ],
)
def test_what_is_no_ledger_is_refused(value):
    """It could not be counted, or not be shown."""
    with pytest.raises(ValueError):  # noqa: PT011 - its own text or Python's
        Ledger.from_json(value)


def test_a_reason_is_untrusted_and_bounded():
    """Of Spark's words nothing that a terminal would obey."""
    row = Executor(
        "0", active=False, removed=START, reason="\x1b[2J password=hunter2 " + "x" * 999, host="h" * 999
    )
    (loss,) = Ledger().with_rows((row,), START).losses
    assert (len(loss.reason), len(loss.host)) == (300, 300)
    assert "password=******" in str(loss)
    assert "\x1b" not in str(loss)
    assert str(Loss("0", "", "", START)).endswith("UTC: no reason given")


def test_the_advice_follows_the_reasons():
    """Memory for a kill, and not for an executor that ended by itself."""
    for reason, advice in (
        ("Command exited with code 137", "SIGKILL"),
        ("Command exited with code 1", "stderr"),
    ):
        found = RestartRule(RestartBudget()).observe(
            running(START + 60, replace(lost("0", START + 5), reason=reason))
        )
        assert advice in found.advice
        assert found.advice.endswith("max_restarts allows more.")
