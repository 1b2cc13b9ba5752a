"""What the watchdog would have done."""

from airflow_spark_guard.core.history.event_kinds import (
    ApplicationEnded,
    Environment,
    ExecutorAdded,
    ExecutorRemoved,
    JobEnded,
)
from airflow_spark_guard.core.history.replay import LogReplay, limits_for, replay_observations
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.observation import DriverView, Observation, Stage
from tests.support.event_logs import (
    START,
    application,
    completed,
    folded,
    job,
    submitted,
    task_end,
    task_start,
)
from tests.support.limits import watch_limits

SECONDS = START / 1000
MINUTE = 60_000
BEGIN = (
    Environment({"spark.master": "spark://m:7077"}),
    application(),
    *(ExecutorAdded(str(number), f"h{number}", 2, START + 1000) for number in range(1, 5)),
    job(0, 0, at=2000),
    submitted(0, 10, at=2000),
)


def replayed(*events, limits=None, deadline=None):
    replay = LogReplay(limits or GuardLimits(), deadline=deadline)
    folded(*BEGIN, *events, watcher=replay)
    return replay.replayed()


def ended(at):
    return ApplicationEnded(START + at)


def test_a_stage_whose_last_task_never_ends_is_hung():
    """Its worker cannot be seen: the limit is three times as long, and the reason names that."""
    found = replayed(task_start(0, at=3000), task_end(0, at=5000), task_start(1, at=5000), ended(90 * MINUTE))
    (acted,) = found.acted
    assert acted.finding.verdict is Verdict.STALLED
    assert acted.finding.expected == (
        "a change within 30m (3 x stall_timeout, because its workers cannot be seen)"
    )
    assert acted.finding.stages == (0,)
    assert 30 * 60 <= acted.at - SECONDS - 5 <= 31 * 60
    assert acted.finding.got.startswith("1 of 10 tasks done, 1 running")
    assert any("Stage 0" in notice.text for notice in found.notices)
    assert found.limits.stall == 600


def test_a_stage_that_moves_is_left_alone():
    tasks = [
        event
        for task in range(20)
        for event in (
            task_start(task, at=(20 * task + 1) * MINUTE),
            task_end(task, begin=20 * task * MINUTE, at=20 * (task + 1) * MINUTE),
        )
    ]
    found = replayed(*tasks, completed(0, 10, at=401 * MINUTE), ended(402 * MINUTE))
    assert found.acted == ()
    assert found.looks > 400 * 2


def test_a_job_without_executors_starves():
    found = replayed(ended(20 * MINUTE))
    assert [acted.finding.verdict for acted in found.acted] == [Verdict.STARVED]
    assert 302 <= found.acted[0].at - SECONDS <= 332


def test_executors_that_are_lost_one_after_the_other():
    events = [
        ExecutorRemoved(str(number), START + number * MINUTE, "Command exited with code 137")
        for number in range(1, 5)
    ]
    found = replayed(task_start(0, at=3000), *events, ended(6 * MINUTE))
    assert found.acted[0].finding.verdict is Verdict.EXECUTORS_LOST
    assert 240 <= found.acted[0].at - SECONDS <= 271


def test_a_deadline_counts_from_the_start():
    found = replayed(task_start(0, at=3000), ended(5 * MINUTE), deadline=120.0)
    assert [(acted.finding.verdict, acted.at - SECONDS) for acted in found.acted] == [(Verdict.DEADLINE, 120)]


def test_silence_is_judged_if_it_is_limited():
    """An event log has no heartbeats, and the replay admits it."""
    limits = GuardLimits(driver_silence="5m")
    events = (
        task_start(0, at=3000),
        task_end(0, at=4000),
        completed(0, 1, at=4000),
        JobEnded(0, START + 4000),
    )
    found = replayed(*events, ended(60 * MINUTE), limits=limits)
    assert [acted.finding.verdict for acted in found.acted] == [Verdict.DRIVER_SILENT]
    assert round(found.acted[0].at - SECONDS - 4) in range(900, 931)
    assert "heartbeat()" in found.caveats[-1]


def test_what_an_event_log_cannot_show_is_named():
    first, *rest = replayed(ended(1000)).caveats
    assert "only after 30m without the start or the end of a task (3 x stall_timeout)" in first
    assert "acts after 10m" in first
    assert len(rest) == 1


def test_a_log_without_an_application_has_nothing_to_watch():
    replay = LogReplay(GuardLimits())
    folded(task_start(0), watcher=replay)
    found = replay.replayed()
    assert (found.acted, found.looks, found.limits) == ((), 0, None)


def test_an_application_that_waits_for_years_is_not_watched_for_ever(monkeypatch):
    monkeypatch.setattr("airflow_spark_guard.core.history.replay._MOST_LOOKS", 100)
    found = replayed(ended(300 * 24 * 60 * MINUTE))
    assert found.looks == 100
    assert found.caveats[-1] == "The replay ended after 100 looks."


def test_limits_follow_the_configuration_of_the_application():
    conf = {"spark.master": "local[2]", "spark.executor.heartbeatInterval": "20s"}
    found = limits_for(GuardLimits(), conf, deadline=7.0)
    assert (found.local, found.heartbeat, found.deadline) == (True, 20.0, 7.0)
    for value in ("", "${x}", "soon", "9" * 400 + "s"):
        found = limits_for(GuardLimits(), {"spark.executor.heartbeatInterval": value}, deadline=None)
        assert found.heartbeat == 10.0


def rows(*times, done=0):
    stage = Stage(0, 0, tasks=2, active=1, done=done, failed=0, launched=True)
    return [
        Observation(float(at), driver=DriverView(1, (stage,)), readings=(), wall=SECONDS + at).to_json()
        for at in times
    ]


def test_the_observations_of_a_record_are_replayed_with_other_limits():
    found = replay_observations(rows(*range(0, 3000, 30)), watch_limits(stall=300.0))
    (acted,) = found.acted
    assert acted.finding.verdict is Verdict.STALLED
    assert 900 <= acted.at - SECONDS <= 960
    assert found.looks == 100
    assert len(found.caveats) == 1


def test_what_a_record_lacks_is_named():
    found = replay_observations([{"x": 1}, 5, *rows(0, 30, 2000, 2030)], watch_limits())
    assert found.looks == 4
    unreadable, gaps = found.caveats[1:]
    assert unreadable == "2 observations cannot be read."
    assert gaps.startswith("Gaps of more than 2m between observations: 1. ")


def test_a_log_without_its_beginning_is_watched_from_its_first_event():
    replay = LogReplay(GuardLimits())
    cut = (task_start(0, at=3000), task_end(0, at=5000), task_start(1, at=5000), ended(90 * MINUTE))
    folded(submitted(0, 10, at=2000), *cut, watcher=replay)
    found = replay.replayed()
    assert [acted.finding.verdict for acted in found.acted] == [Verdict.STALLED]
    assert "The log lacks its start: times count from its first event" in " ".join(found.caveats)
