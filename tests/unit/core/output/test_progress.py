"""One line of progress, now and then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.output.progress import Progress

STAGE = {"stage": 3, "attempt": 0, "tasks": 200, "active": 8, "done": 40, "failed": 0}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*STAGE, "nth", "of", "x"]), inner),
    max_leaves=8,
)


def test_a_stage_is_told_in_tasks():
    """Spark's own words."""
    assert Progress().line([STAGE], 0) == "stage 3: 40/200 tasks, 8 running"


def test_place_retry_and_failed_tasks_are_told_where_known():
    """Failed tasks are the first sign of trouble."""
    text = Progress().line([{**STAGE, "failed": 2, "attempt": 1, "nth": 2, "of": 7}], 0)
    assert text == "stage 3 (2 of 7), attempt 2: 40/200 tasks, 8 running, 2 failed"


def test_many_stages_are_bounded():
    """A log line stays a line; the same stage twice is one."""
    assert Progress().line([{**STAGE, "stage": n} for n in range(6)], 0).endswith("; and 2 more stages")
    assert Progress().line([STAGE, STAGE], 0) == Progress().line([STAGE], 0)


@pytest.mark.parametrize(
    "stages",
    [[], ["x", None], [{}], [{**STAGE, "stage": "3"}], [{**STAGE, "tasks": True}], [{**STAGE, "tasks": 10**30}]],
)  # fmt: skip
def test_nothing_usable_is_no_line(stages):
    """The channel is untrusted."""
    assert Progress().line(stages, 0) == ""


def test_a_line_every_ten_seconds_and_none_while_nothing_changes():
    """However often the job speaks; of a stage that stands still the watchdog speaks."""
    progress = Progress()
    moving = [n for n in range(60) if progress.line([{**STAGE, "done": n}], n)]
    assert moving == [0, 10, 20, 30, 40, 50]
    standing = [n for n in range(60, 300) if progress.line([{**STAGE, "done": 59}], n)]
    assert standing == [60]


def test_a_clock_that_goes_back_silences_nobody():
    """The next line starts anew, without an estimate."""
    progress = Progress()
    progress.line([STAGE], 1e6)
    assert progress.line([{**STAGE, "done": 50}], 0) == "stage 3: 50/200 tasks, 8 running"


@pytest.mark.parametrize(
    ("done", "seconds", "left"),
    [
        (42, 20, ""),
        (43, 20, ", about 15 min left"),
        (140, 20, ", less than 1 min left"),
        (140, 190, ", about 2 min left"),
        (60, 240, ", about 30 min left"),
        (60, 500, ", about 1 h left"),
        (60, 1000, ", about 2 h left"),
        (60, 1300, ", about 2.5 h left"),
        (43, 9000, ", more than a day left"),
        (200, 20, ""),
        (300, 20, ""),
        (30, 20, ""),
    ],
)
def test_the_time_left_is_estimated_coarsely_from_three_tasks_on(done, seconds, left):
    """By the rate since the stage was first seen."""
    progress = Progress()
    progress.line([STAGE], 100)
    text = progress.line([{**STAGE, "done": done}], 100 + seconds)
    assert text == f"stage 3: {done}/200 tasks, 8 running{left}"


def test_a_stage_that_stands_still_has_ever_more_time_left():
    """The clock runs on."""
    progress = Progress()
    progress.line([STAGE], 0)
    progress.line([{**STAGE, "done": 120}], 60)
    assert progress.line([{**STAGE, "done": 120, "active": 7}], 1200).endswith("about 20 min left")


def test_a_stage_that_is_tried_again_starts_anew():
    """The rate of its first attempt says nothing."""
    progress = Progress()
    progress.line([STAGE], 0)
    assert "left" in progress.line([{**STAGE, "done": 100}], 20)
    assert "left" not in progress.line([{**STAGE, "attempt": 1, "done": 120}], 40)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("count at /jobs/job.py:12", ", count at /jobs/job.py:12"),
        ("save at NativeMethodAccessorImpl.java:0", ", save"),
        ("$anonfun$withThreadLocalCaptured$1 at CompletableFuture.java:1768", ""),
        ("", ""),
        ("a\n b", ", a b"),
        ("x" * 200, ", " + "x" * 80 + "..."),
    ],
)
def test_a_stage_is_named_once_its_name_is_known(name, shown):
    """As Spark names it; a place in Spark's own code says nothing."""
    progress = Progress()
    progress.names({(3, 0): name, (4, 0): "other"})
    assert progress.line([STAGE], 0) == f"stage 3{shown}: 40/200 tasks, 8 running"


def test_the_memory_for_names_is_bounded():
    """A streaming job has stages without end; the newest ones count."""
    progress = Progress()
    for number in range(5000):
        progress.names({(number, 0): "count"})
    assert len(progress._names) == 2000
    assert "count" in progress.line([{**STAGE, "stage": 4999}], 0)


@given(st.lists(st.tuples(st.lists(JSON, max_size=6), st.floats(0, 1e9)), max_size=5))
def test_whatever_comes_is_a_short_line(messages):
    """Nothing of it is trusted in shape or size."""
    progress = Progress()
    for stages, now in messages:
        text = progress.line(stages, now)
        assert "\n" not in text
        assert len(text) < 1000
