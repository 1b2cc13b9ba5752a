"""Answers of servers that lie: whatever stands in them, only an error of ours comes of it."""

from __future__ import annotations

import json
import time
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_spark_guard.core.web import master_json
from airflow_spark_guard.core.web.answer import Answer
from airflow_spark_guard.core.web.master_page import read_page
from tools.fuzz.dialogues import ANSWERS, APP, DIALOGUES, UI, play

HUGE = [10**400, -(10**400), 10**4000, 1e308, 2**63]


def shaped(value, huge):
    """The same answer with every number replaced."""
    if isinstance(value, dict):
        return {key: shaped(item, huge) for key, item in value.items()}
    if isinstance(value, list):
        return [shaped(item, huge) for item in value]
    return huge if isinstance(value, int | float) and not isinstance(value, bool) else value


FIRST = Answer(200, json.dumps(ANSWERS[0]).encode())


@cache
def texts_with(huge):
    """All answers with this for every number."""
    return [json.dumps(shaped(answer, huge)).encode() for answer in ANSWERS]


@pytest.mark.parametrize("name", DIALOGUES)
@pytest.mark.parametrize(
    "huge", HUGE, ids=lambda huge: f"{huge:.3g}" if isinstance(huge, float) else f"{len(str(huge))} digits"
)
def test_a_huge_number_anywhere_is_no_other_exception(name, huge):
    """In any field of any answer, to any question."""
    for text in texts_with(huge):
        play(DIALOGUES[name](), [Answer(200, text, time.time())])
        play(DIALOGUES[name](), [FIRST, Answer(200, text)])


ODD = (None, True, 1, -1, 0.5, "x", [], {}, [1], [[]], {"a": 1})


def one_changed(value, odd):
    """The value with one of its places changed, for each of them."""
    yield odd
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        for changed in one_changed(item, odd):
            copy = value.copy()
            copy[key] = changed
            yield copy


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_one_value_of_another_type_is_no_other_exception(number):
    """In each place of each answer, to each question that the answer is one to."""
    answer = ANSWERS[number]
    small = answer[:1] if isinstance(answer, list) else answer
    for odd in ODD:
        for changed in one_changed(small, odd):
            text = json.dumps(changed).encode()
            for dialogue in DIALOGUES.values():
                play(dialogue(), [Answer(200, text, 1.8e9)])


# fmt: off
KEYS = st.sampled_from([
    "id", "attempts", "startTimeEpoch", "completed", "status", "stageId", "attemptId", "numTasks",
    "numActiveTasks", "numCompleteTasks", "numFailedTasks", "isActive", "executorLogs", "hostPort",
    "removeReason", "addTime", "counters", "count", "quantiles", "workers", "state", "activeapps",
    "completedapps", "starttime", "duration", "cores", "app", "apps", "finalStatus", "diagnostics",
    "applicationTags", "metadata", "name", "phase", "containerStatuses", "terminated", "exitCode", "items",
    "labels", "url", "launchTime", "stackTrace", "elems", "executorRunTime", "RemoteException",
    "exception", "message", "reason", "conditions", "lastUpdatedEpoch", "endTimeEpoch",
])
# fmt: on
WORDS = st.sampled_from(
    [
        "ALIVE",
        "RUNNING",
        "ACTIVE",
        "FINISHED",
        APP,
        "n",
        "Failed",
        "2026-11-20T17:46:49.066GMT",
        "spark://h:7077",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(HUGE)
    | st.floats()
    | WORDS
    | st.text(max_size=8)
)
LIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@settings(suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.sampled_from([200, 200, 200, 404, 401, 500]), LIES | st.binary()), min_size=1, max_size=3
    )
)
def test_no_lie_is_another_exception(replies):
    """To any question."""
    answers = [
        Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), 1.8e9)
        for status, body in replies
    ]
    for dialogue in DIALOGUES.values():
        play(dialogue(), answers)


@pytest.mark.parametrize(
    "part",
    [
        b'<a href="x" ',
        b'<a href="x">stderr',
        b"<tr><td>1</td><td><a ",
        b"<tr><td>1</td><td><a x>worker-1-2-3</a>",
        b"<tr>",
        b'<input name="csrfToken" ',
        b"<tr><td>1</td>\n \n",
        b" ",
    ],
)
def test_a_page_that_repeats_itself_is_read_in_no_time(part):
    """A search that starts anew at each of its parts would take minutes; only that can miss this bound."""
    body = (part * (1 << 18))[: 1 << 18]
    begin = time.process_time()
    read_page(body)
    play(master_json.kill((), UI, APP), [Answer(403, body), Answer(200, body)])
    master_json._TOKEN.search(body)
    assert time.process_time() - begin < 30
