"""The fields of live.json."""

from __future__ import annotations

import json
from dataclasses import replace

from airflow_spark_guard.core.live.state import LiveState, Moment
from airflow_spark_guard.core.watch.observation import DriverView, Executor, Inside, Observation, Stage
from airflow_spark_guard.core.watch.standing import Standing
from tests.support.measurements import measured

STAGE = Stage(3, 0, tasks=100, active=4, done=10, failed=1, launched=True, name="count at <b>job.py</b>:12")
LOST = Executor("2", active=False, removed=50.0, reason="Command exited with code 137", host="w2")
DRIVER = DriverView(jobs=1, stages=(STAGE,), executors=(Executor("1", active=True), LOST))
INSIDE = Inside(application_id="app-1", jobs=2, stages=(replace(STAGE, name="", done=12),), heard_at=99.0)


def state():
    made = LiveState(deadline=3600.0)
    made.observe(Observation(at=98.0, driver=DRIVER))
    return made


def test_before_anything_is_known_every_field_is_there():
    """What is not known is null or empty, never a figure."""
    fields = LiveState().fields(Moment(0.04, 1000.0))
    assert fields["looked_at"] is fields["jobs"] is fields["heartbeat"] is fields["executors"] is None
    assert (fields["stages"], fields["warnings"], fields["driver"], fields["at"]) == ([], [], None, 0.0)
    assert fields.keys() == state().fields(Moment(1.0, 2.0)).keys()
    json.dumps(fields, allow_nan=False)


def test_the_jobs_own_report_is_newer_and_the_rest_api_has_the_names():
    """Counts of the one, names of the other, standstill of the rule."""
    standing = Standing(61.0, 60.0, 600.0, "stall_timeout", "1 worker blocked at a.py:3, f", STAGE.key)
    fields = state().fields(Moment(100.0, 2000.0, inside=INSIDE, standing=(standing,), requests=("end",)))
    (row,) = fields["stages"]
    assert (row["done"], row["name"], row["counted_s"], row["limit_s"]) == (12, STAGE.name, 60.0, 600.0)
    assert row["doing"] == "1 worker blocked at a.py:3, f"
    assert (fields["jobs"], fields["looked_at"], fields["requests"]) == (2, 98.0, ["end"])
    assert fields["executors"]["last"] == [{"id": "2", "host": "w2", "reason": LOST.reason, "at": 50.0}]


def test_a_job_that_reports_nothing_is_shown_as_the_rest_api_last_saw_it():
    """Its own report is too old."""
    fields = state().fields(Moment(400.0, 2000.0, inside=INSIDE))
    assert (fields["stages"][0]["done"], fields["jobs"]) == (10, 1)


def test_a_script_that_has_ended_has_no_stages():
    """Whatever was reported before."""
    ended = replace(INSIDE, ended=True, heard_at=0.0)
    assert state().fields(Moment(100.0, 2000.0, inside=ended))["stages"] == []
    threads = state().fields(Moment(500.0, 2000.0, inside=replace(ended, worked_at=490.0)))
    assert (len(threads["stages"]), threads["jobs"]) == (len(INSIDE.stages), INSIDE.jobs)


def test_the_driver_is_named_only_if_no_stage_is():
    """Between Spark jobs."""
    silent = Standing(30.0, 30.0, None)
    quiet = Inside(application_id="app-1", heard_at=99.0, heartbeats=2, note="half", heartbeat_at=90.0)
    fields = LiveState().fields(Moment(100.0, 2000.0, inside=quiet, standing=(silent,)))
    assert fields["driver"] == {
        "unchanged_s": 30.0,
        "counted_s": 30.0,
        "limit_s": None,
        "why": "",
        "doing": "",
    }
    assert fields["heartbeat"] == {"count": 2, "note": "half", "at": 90.0}


def test_lists_are_bounded():
    """Stages, warnings, names."""
    made = LiveState()
    many = tuple(replace(STAGE, stage=number) for number in range(600))
    made.observe(Observation(at=1.0, driver=DriverView(jobs=1, stages=many)))
    for number in range(50):
        made.warn(f"warning {number}")
    fields = made.fields(Moment(2.0, 3.0))
    assert (len(fields["stages"]), fields["stages_left_out"]) == (20, 580)
    assert (len(fields["warnings"]), fields["warnings"][-1]) == (20, {"at": 1.0, "text": "warning 49"})
    assert len(json.dumps(fields)) < 20_000


def test_the_time_left_is_estimated_from_what_was_done():
    """By the rate between two writes."""
    made = LiveState()
    for at, done in ((10.0, 10), (20.0, 20)):
        inside = replace(INSIDE, stages=(replace(STAGE, done=done),), heard_at=at)
        fields = made.fields(Moment(at, 0.0, inside=inside))
    assert fields["stages"][0]["left_s"] == 80


def test_the_newest_measurements_are_shown_in_short():
    """Ten of them, with the time at which they came."""
    made = state()
    for number in range(30):
        made.take(measured("closure", f"f{number}", warning="Large." if number % 2 else "", bytes=5), ())
    fields = made.fields(Moment(100.0, 2000.0))
    assert len(fields["instruments"]) == 10
    assert fields["instruments"][-1] == {
        "at": 98.0, "what": "closure", "text": "Closure f29: 5 B", "warning": True,
    }  # fmt: skip
    assert not fields["instruments"][-2]["warning"]


def test_a_warning_of_the_job_is_listed_once():
    """A loop repeats it; what else was listed must stay."""
    made = state()
    made.warn("Stage 3 unchanged.")
    for _ in range(50):
        made.take(None, ["closure of 3 MiB"])
    assert len(made.fields(Moment(1.0, 2.0))["warnings"]) == 2
    made.take(None, [f"closure {number}" for number in range(50)])
    texts = [row["text"] for row in made.fields(Moment(1.0, 2.0))["warnings"]]
    assert (texts[0], texts[1:]) == ("Stage 3 unchanged.", [f"closure {number}" for number in range(40, 50)])


def test_warnings_of_job_and_watchdog_stand_by_time():
    """Whichever came first."""
    made = LiveState()
    made.take(None, ["of the job"])
    made.observe(Observation(at=5.0))
    made.warn("of the watchdog")
    made.take(None, ["later"])
    assert [row["text"] for row in made.fields(Moment(1.0, 2.0))["warnings"]] == [
        "of the job",
        "of the watchdog",
        "later",
    ]
