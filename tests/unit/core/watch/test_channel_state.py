"""What the channel has said so far; its messages are checked for their shape and for nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.protocol import Message, parse
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.observation import Inside, Observation, Stage

HELLO = {"pid": 7, "python": "3"}
ERROR = {"category": "user", "type": "E", "message": "m", "traceback": "t", "frames": []}


def channel_state(*messages):
    """Each is (kind, fields), or (kind, fields, when)."""
    state = ChannelState()
    for number, (kind, fields, *at) in enumerate(messages, 1):
        state.receive(Message(kind, 0.0, fields), *(at or (float(number),)))
    return state


def test_before_hello_nothing_is_known():
    """Whatever came: an observation has no inside."""
    assert channel_state(("progress", {"stages": []})).inside is None


def test_hello_may_come_again_with_the_application():
    """The first one comes before there is a SparkContext; a new one may have no UI."""
    state = channel_state(
        ("hello", HELLO), ("hello", {**HELLO, "application_id": "app-1", "ui_url": "http://h:1"})
    )
    assert (state.pid, state.application_id, state.ui_url) == (7, "app-1", "http://h:1")
    state.receive(Message("hello", 0, {**HELLO, "application_id": "app-2", "ui_url": None}), 3.0)
    assert (state.application_id, state.ui_url) == ("app-2", "")


def test_progress_becomes_the_inside_of_an_observation():
    """The newest message has all there is to know."""
    row = {"stage": 3, "attempt": 1, "tasks": 9, "active": 2, "done": 4, "failed": 0}
    beat = {"count": 3, "text": "fold 3", "done": 3, "total": 5}
    state = channel_state(
        ("hello", {**HELLO, "application_id": "app-1"}),
        ("progress", {"stages": [row], "jobs": 1, "sql": "aa", "rss": 5, "heartbeat": beat}),
    )
    assert state.inside == Inside(
        application_id="app-1",
        jobs=1,
        stages=(Stage(3, 1, 9, 2, 4, 0, launched=True),),
        sql="aa",
        heartbeats=3,
        note="fold 3 (3/5)",
        rss=5,
        heard_at=2.0,
        heartbeat_at=2.0,
    )


def test_the_live_metrics_of_a_stage_are_its_own():
    """A digest and a duration; what is not of their shape is left out."""
    row = {"stage": 3, "attempt": 0, "tasks": 9, "active": 2, "done": 4, "failed": 0}
    rows = [
        {**row, "sql": "9f86", "python_start": 2.5},
        {**row, "sql": None, "python_start": "long"},
        {**row, "sql": "x" * 500, "python_start": float("inf")},
        {**row, "python_start": True},
    ]
    state = channel_state(("hello", HELLO), ("progress", {"stages": rows}))
    found = [(stage.sql, stage.python_start) for stage in state.inside.stages]
    assert found == [("9f86", 2.5), ("", 0.0), ("x" * 64, 0.0), ("", 0.0)]


def test_the_receiver_of_a_stream_lasts_as_long_as_the_application():
    """Where no REST API answers, the job reports it; what is not of the flag's shape is left out."""
    row = {"stage": 3, "attempt": 0, "tasks": 1, "active": 1, "done": 0, "failed": 0}
    rows = [{**row, "receiver": 1}, row, {**row, "receiver": 0}, {**row, "receiver": "1"}]
    state = channel_state(("hello", HELLO), ("progress", {"stages": rows}))
    assert [stage.unbounded for stage in state.inside.stages] == [True, False, False, False]


def test_the_time_of_a_heartbeat_is_that_of_the_newest_one():
    """A progress message repeats the last one as long as there is none."""
    first = {"count": 1, "text": "", "done": 0.25, "total": None}
    state = channel_state(
        ("hello", HELLO, 1.0),
        ("progress", {"stages": [], "heartbeat": first}, 5.0),
        ("progress", {"stages": [], "heartbeat": first}, 35.0),
    )
    assert (state.inside.heartbeat_at, state.inside.note) == (5.0, "0.25")
    state.receive(Message("metric", 0, {"values": {}}), 40.0)
    assert state.inside.heartbeat_at == 40.0


def test_a_heartbeat_is_remembered_and_a_report_counts_as_one():
    """The next message may be without it."""
    beat = {"count": 3, "text": "fold 3", "done": None, "total": None}
    state = channel_state(
        ("hello", HELLO),
        ("progress", {"stages": [], "heartbeat": beat}),
        ("progress", {"stages": []}),
        ("metric", {"values": {}}),
    )
    assert (state.inside.heartbeats, state.inside.note) == (4, "fold 3")


@pytest.mark.parametrize("kind", ["bye", "error"])
def test_the_first_word_of_the_end_counts(kind):
    """A job that says it again and again must not put off the limit that runs from it."""
    fields = ERROR if kind == "error" else {}
    state = channel_state(
        ("hello", HELLO), (kind, fields, 10.0), (kind, fields, 500.0), ("progress", {"stages": []}, 600.0)
    )
    assert state.ended_at == 10.0
    assert (state.inside.ended, state.inside.heard_at) == (True, 10.0)


def test_messages_out_of_order_are_all_taken_in():
    """An end before the result, a hello after it."""
    state = channel_state(("bye", {}), ("result", {"value": None}), ("error", ERROR), ("hello", HELLO))
    assert (state.bye, state.has_result, state.result, state.error) == (True, True, None, ERROR)
    assert state.inside.ended


def test_an_error_is_made_fit_to_be_shown():
    """Its text is the job's own."""
    assert (
        channel_state(("error", {**ERROR, "message": "\x1b[2J password=hunter2"})).error["message"]
        == "[2J password=******"
    )


@pytest.mark.parametrize(
    "rows",
    [
        [None, 1, "x", [], True],
        [{"stage": "3", "attempt": None, "tasks": True, "active": -1, "done": 1.5, "failed": []}],
        [{}],
        [{"stage": 10**400, "tasks": 10**400, "done": 10**400}] * 500,
    ],
)
def test_rows_that_are_none_harm_nothing(rows):
    """What is not a count is 0; there are only so many, and none is absurd."""
    inside = channel_state(
        ("hello", HELLO), ("progress", {"stages": rows, "jobs": True, "sql": "x" * 999})
    ).inside
    assert len(inside.stages) <= 200
    assert all(0 <= stage.done <= 1 << 53 and stage.attempt == 0 for stage in inside.stages)
    assert (inside.jobs, len(inside.sql)) == (0, 200)


ROW_OF_A_STAGE = {"stage": 3, "attempt": 0, "tasks": 9, "active": 2, "done": 4, "failed": 0}
WORK, REST = {"stages": [ROW_OF_A_STAGE], "jobs": 1}, {"stages": []}


def test_jobs_of_threads_count_from_the_end_of_the_script_on():
    """Idle since its end, or since the last message about a job; while one runs, not idle at all."""
    state = channel_state(("hello", HELLO), ("progress", WORK, 2.0))
    assert state.idle_since(3.0) is None
    state.receive(Message("bye", 0.0, {}), 5.0)
    assert state.idle_since(6.0) == 5.0
    state.receive(Message("progress", 0.0, WORK), 30.0)
    assert (state.idle_since(30.0), state.idle_since(140.0)) == (30.0, 140.0)
    state.receive(Message("progress", 0.0, WORK), 60.0)
    assert (state.idle_since(180.0), state.idle_since(181.0)) == (180.0, 60.0)
    state.receive(Message("progress", 0.0, REST), 90.0)
    state.receive(Message("progress", 0.0, REST), 120.0)
    assert state.idle_since(121.0) == 90.0
    assert state.inside.heard_at == 5.0


def test_threads_of_a_script_that_failed_get_no_time():
    """The attempt is a failure whatever they do."""
    state = channel_state(("hello", HELLO), ("error", ERROR, 5.0), ("progress", WORK, 30.0))
    assert (state.inside.worked_at, state.idle_since(31.0)) == (None, 5.0)


def test_the_last_message_has_the_threads_that_python_waits_for():
    """Bounded, and safe to show."""
    state = channel_state(("hello", HELLO), ("progress", {**REST, "threads": ["a\x1b[31m", 7, *["x"] * 99]}))
    assert state.threads[1:3] == ("7", "x")
    assert "\x1b" not in state.threads[0]
    assert len(state.threads) == 10
    state.receive(Message("progress", 0.0, REST), 9.0)
    assert state.threads == ()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
NUMBER = st.integers(-5, 5) | st.just(2**63 - 1)
BEAT = st.fixed_dictionaries(
    {
        "count": st.integers(-2, 9),
        "text": st.text(max_size=9),
        "done": st.none() | st.floats(0, 9),
        "total": st.none(),
    }
)
ROW = st.dictionaries(
    st.sampled_from(["stage", "attempt", "tasks", "active", "done", "failed"]), NUMBER | JSON
)
MESSAGE = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("hello"), "pid": NUMBER, "python": st.text(max_size=9)},
        optional={"application_id": st.text(max_size=9), "ui_url": st.none() | st.text(max_size=9)},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("progress"), "stages": st.lists(ROW | JSON, max_size=3)},
        optional={"jobs": NUMBER, "sql": st.text(max_size=9), "rss": NUMBER, "heartbeat": BEAT},
    ),
    st.fixed_dictionaries({"kind": st.just("result"), "value": JSON}),
    st.fixed_dictionaries({"kind": st.just("metric"), "values": st.dictionaries(st.text(max_size=9), JSON)}),
    st.fixed_dictionaries({"kind": st.just("warning"), "text": st.text(max_size=9)}),
    st.fixed_dictionaries({"kind": st.just("error"), **{
        name: st.text(max_size=9) for name in ("category", "type", "message", "traceback")
    }, "frames": st.lists(JSON, max_size=2)}),
    st.just({"kind": "bye"}),
)  # fmt: skip


@given(st.lists(MESSAGE, max_size=8))
def test_whatever_valid_messages_come_the_inside_can_be_recorded(messages):
    """In any order, any number of times: an observation with it survives its record."""
    state = ChannelState()
    for number, fields in enumerate([*messages, *messages]):
        state.receive(parse(json.dumps({"v": 1, "t": 0, **fields}).encode()), float(number))
        seen = Observation(1.0, inside=state.inside)
        assert Observation.from_json(json.loads(json.dumps(seen.to_json()))) == seen
    kinds = {fields["kind"] for fields in messages}
    assert (state.inside is not None) == ("hello" in kinds)
    assert (state.ended_at is not None) == bool(kinds & {"bye", "error"})
