from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.cluster.cluster_watch import ClusterLimits, ClusterWatch
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus

LIMITS = ClusterLimits(submitted_at=1000.0, start=300.0, deadline_at=4600.0, exit=60.0)


def status(state, **fields):
    return ClusterStatus(ClusterState(state), "application_1_2", **{"what": f"{state} in queue q", **fields})


def watch(limits=LIMITS):
    return ClusterWatch(limits, "YARN")


def test_a_life_that_ends_well_is_final_with_the_managers_word():
    """And its way is told, each step once."""
    looks, told = watch(), []
    for at, state in ((1001, "WAITING"), (1002, "WAITING"), (1010, "RUNNING"), (1020, "RUNNING")):
        step = looks.see(status(state), at)
        assert not step.over
        told += step.notices
    assert told == [
        "application_1_2: WAITING in queue q",
        "application_1_2: RUNNING in queue q",
    ]
    assert looks.see(status("SUCCEEDED"), 1030).final.state == "SUCCEEDED"


@pytest.mark.parametrize("state", ["FAILED", "KILLED", "SUCCEEDED"])
def test_an_end_counts_also_behind_the_deadline(state):
    """A triggerer was down meanwhile: what is over needs no kill."""
    assert watch().see(status(state), 9999).final.state == state


def test_the_start_budget_is_apart_from_the_run_budget():
    """With what the manager says of the wait."""
    looks = watch()
    assert not looks.see(status("WAITING"), 1299).over
    finding = looks.see(status("WAITING", diagnostics="Queue q is full"), 1300).finding
    assert (finding.verdict, finding.limit, finding.reached_at) == ("STARVED", 300.0, 300.0)
    assert finding.what == "The driver did not start within 5m."
    assert finding.got == "WAITING in queue q: Queue q is full"


def test_the_start_budget_is_over_once_the_driver_runs():
    """It may run for as long as the deadline says."""
    looks = watch()
    assert not looks.see(status("RUNNING", started_at=1200.0), 4599).over


@pytest.mark.parametrize("started", [1100.0, None])
def test_a_driver_that_is_started_once_more_waits_anew(started):
    """YARN may start a second one: it stands in the queue again, which is no failure of the first wait."""
    looks = watch()
    looks.see(status("RUNNING", started_at=started), 2000)
    assert not looks.see(status("WAITING", started_at=started), 2010).over
    assert not looks.see(status("WAITING", started_at=started), 2309).over
    assert looks.see(status("WAITING", started_at=started), 2310).finding.verdict == "STARVED"


def test_a_trigger_that_starts_in_a_second_wait_does_not_count_the_first():
    """It has not seen it run, but the manager has."""
    assert not watch().see(status("WAITING", started_at=1100.0), 3000).over


def test_the_deadline_runs_from_the_submission():
    """Waiting is part of it."""
    looks = watch()
    assert not looks.see(status("RUNNING"), 4599).over
    finding = looks.see(status("RUNNING"), 4600).finding
    assert (finding.verdict, finding.limit) == ("DEADLINE", 3600.0)
    assert finding.what == "The application did not end within 1h."


def test_one_look_that_finds_nothing_is_looked_at_again():
    """A manager that is just starting knows nothing yet."""
    looks = watch()
    looks.see(status("RUNNING"), 1010)
    step = looks.see(status("VANISHED"), 1020)
    assert not step.over
    assert step.notices == ("YARN no longer knows application_1_2; asking once more.",)
    assert not looks.see(status("RUNNING"), 1030).over
    assert not looks.see(status("VANISHED"), 1040).over


def test_two_looks_that_find_nothing_are_the_end_and_never_a_success():
    """With what was seen last."""
    looks = watch()
    looks.see(status("RUNNING"), 1010)
    looks.see(status("VANISHED", what="unknown"), 1020)
    finding = looks.see(status("VANISHED", what="unknown"), 1030).finding
    assert finding.verdict == "VANISHED"
    assert finding.got == "unknown; last seen: RUNNING in queue q"


def test_what_was_never_seen_has_vanished_too():
    """It says so."""
    looks = watch()
    looks.see(status("VANISHED", what="unknown"), 1020)
    assert looks.see(status("VANISHED", what="unknown"), 1030).finding.got == "unknown; last seen: never"


def test_a_silent_manager_is_noted_now_and_then_and_not_given_up():
    """A minute, then every minute, then every ten."""
    looks, told = watch(), []
    looks.see(status("RUNNING"), 1010)
    for at in range(1020, 4600, 10):
        step = looks.blind("no answer: connection refused", at)
        assert not step.over
        told += [(at, step.notices[0])] if step.notices else []
    assert [at for at, _ in told] == [*range(1080, 1620, 60), *range(2160, 4600, 600)]
    assert told[0][1].startswith(
        "YARN has not answered for 1m: no answer: connection refused. The application"
    )


def test_the_deadline_names_the_blindness():
    """It is not the job's fault, perhaps."""
    looks = watch()
    looks.see(status("RUNNING"), 4000)
    looks.blind("no answer", 4010)
    finding = looks.blind("no answer", 4600).finding
    assert finding.what == (
        "The application did not end within 1h. YARN has not answered for the last 9m 50s."
    )
    assert finding.got == "RUNNING in queue q, then no answer: no answer"


def test_a_manager_that_answers_again_is_noted():
    """After a silence that was."""
    looks = watch()
    looks.blind("no answer", 1000)
    assert looks.see(status("RUNNING"), 1010).notices == ("application_1_2: RUNNING in queue q",)
    looks.blind("no answer", 1100)
    assert looks.see(status("RUNNING"), 1200).notices == ("YARN answers again, after 1m 40s.",)


def test_a_driver_that_stays_when_its_script_has_ended_is_not_exiting():
    """It holds its place in the cluster."""
    looks = watch()
    assert not looks.see(status("RUNNING"), 1100, idle_since=50).over
    finding = looks.see(status("RUNNING"), 1125, idle_since=50).finding
    assert (finding.verdict, finding.limit, finding.reached_at) == ("NOT_EXITING", 60.0, 110.0)


@pytest.mark.parametrize(("state", "reached"), [("RUNNING", 3600.0), ("WAITING", 3600.0)])
def test_a_limit_is_reached_when_it_passes_whenever_somebody_looks(state, reached):
    """A triggerer that was down finds it an hour later; times count from the submission."""
    looks = watch()
    looks.see(status("RUNNING"), 1100)
    assert looks.see(status(state), 8200).finding.reached_at == reached
    late = watch().see(status("WAITING"), 2200).finding
    assert (late.verdict, late.reached_at) == ("STARVED", 300.0)
    gone = watch()
    gone.see(status("VANISHED"), 2000)
    assert gone.see(status("VANISHED"), 2010).finding.reached_at == 1010.0


LOOKS = st.lists(
    st.tuples(st.sampled_from([*ClusterState, "blind"]), st.floats(0.1, 500)), min_size=1, max_size=40
)


@given(LOOKS)
def test_whatever_is_seen_success_needs_the_managers_word_and_the_deadline_holds(looks):
    """In any order, at any pace."""
    state, now = watch(), LIMITS.submitted_at
    for seen, pause in looks:
        now += pause
        step = state.blind("x", now) if seen == "blind" else state.see(status(seen), now)
        if seen == "blind" or ClusterState(seen).is_active or seen == "VANISHED":
            assert step.final is None
        if now >= LIMITS.deadline_at:
            assert step.over
        if step.over:
            assert (step.final is None) is not (step.finding is None)
            return


@given(LOOKS, st.integers(0, 39))
def test_a_watch_that_starts_anew_gives_no_application_more_time_and_fails_none_at_once(looks, cut):
    """A triggerer was killed in between: the deadline stays, and nothing that runs is found to be starved."""
    state, now = watch(), LIMITS.submitted_at
    for number, (seen, pause) in enumerate(looks):
        now += pause
        state = watch() if number == cut else state
        step = state.blind("x", now) if seen == "blind" else state.see(status(seen), now)
        if now >= LIMITS.deadline_at:
            assert step.over
        if seen == ClusterState.RUNNING and now < LIMITS.deadline_at:
            assert not step.over
        if step.over:
            return


OBSERVED = ClusterLimits(submitted_at=1000.0, start=300.0, deadline_at=4600.0, exit=60.0, observe=True)


def test_observe_mode_ends_nothing_at_a_budget_and_says_each_once():
    """The start budget, the run budget, and a driver that stays; the manager's word is the end."""
    looks, said = watch(OBSERVED), []
    for at in (1299, 1300, 1310, 4599, 4600, 4700):
        step = looks.see(status("WAITING" if at < 4000 else "RUNNING"), at, 3620 if at > 4600 else None)
        assert not step.over
        said += [(at, finding.verdict) for finding in step.observed]
    assert said == [(1300, "STARVED"), (4600, "DEADLINE"), (4700, "NOT_EXITING")]
    assert looks.see(status("SUCCEEDED"), 9000).final.state == "SUCCEEDED"


def test_observe_mode_finds_what_the_other_mode_ends_by():
    ended = watch().see(status("WAITING"), 1300).finding
    assert watch(OBSERVED).see(status("WAITING"), 1300).observed == (ended,)
    assert watch(OBSERVED).blind("no answer", 4600).observed == (watch().blind("no answer", 4600).finding,)


def test_an_application_that_has_vanished_fails_in_observe_mode_too():
    """It can come to no end of its own that anybody would know of."""
    looks = watch(OBSERVED)
    looks.see(status("VANISHED"), 2000)
    assert looks.see(status("VANISHED"), 2010).finding.verdict == "VANISHED"


def test_an_execution_timeout_ends_an_application_in_observe_mode_too():
    """Airflow's own limit is no finding of the guard's."""
    limits = replace(OBSERVED, deadline_at=2000.0, last_at=3000.0)
    looks = watch(limits)
    assert [finding.limit for finding in looks.see(status("RUNNING"), 2000).observed] == [1000.0]
    finding = looks.see(status("RUNNING"), 3000).finding
    assert (finding.verdict, finding.limit) == ("DEADLINE", 2000.0)
    assert "raise execution_timeout" in finding.advice


def test_no_look_waits_past_a_limit_to_come_and_none_is_hurried_by_one_that_has_passed():
    """In observe mode the watch goes on behind its deadline, at its usual pace."""
    assert LIMITS.pause(4595.0, 10.0) == 5.0
    assert OBSERVED.pause(4600.0, 10.0) == 10.0
    assert replace(OBSERVED, last_at=4606.0).pause(4600.0, 10.0) == 6.0
    assert LIMITS.pause(4599.9999, 10.0) == 0.01
