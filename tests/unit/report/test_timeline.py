"""The timeline of a report."""

from dataclasses import replace

from airflow_spark_guard.core.history.model import ExecutorHistory, StageHistory
from airflow_spark_guard.report.figure import Mark
from airflow_spark_guard.report.timeline import MOST_BARS, MOST_EXECUTORS, timeline
from tests.support.reports import at, history


def trace(figure, name):
    (found,) = [one for one in figure.data if one["name"] == name]
    return found


def test_each_stage_is_a_bar_from_its_submission_to_its_end():
    stages = trace(timeline(history(), ()), "stages")
    assert (stages["y"], stages["base"], stages["x"]) == (["stage 0"], [at(5) * 1000], [10_000])
    assert stages["hovertext"] == ["load at job.py:3: 4 of 4 tasks in 10s"]


def test_a_failed_stage_has_its_own_colour_and_lasts_to_the_end():
    failed = trace(timeline(history(), ()), "failed stages")
    assert (failed["y"], failed["x"], failed["marker"]) == (
        ["stage 3 (attempt 1)"],
        [70_000],
        {"color": "bad"},
    )


def test_a_lost_executor_has_its_own_colour_and_its_reason():
    figure = timeline(history(), ())
    assert trace(figure, "executors")["y"] == ["executor 1"]
    assert trace(figure, "lost executors")["hovertext"] == ["on h for 28s, removed: exited with 137"]


def test_a_heartbeat_is_drawn_when_there_is_a_new_one():
    assert trace(timeline(history(), ()), "heartbeats")["x"] == [at(5) * 1000, at(30) * 1000]


def test_the_sentence_has_the_figures_of_the_picture():
    assert timeline(history(), ()).alternative == (
        "2 stages and 2 executors, of which 1 lost, within 1m 30s. Times are in UTC."
    )


def test_marks_are_lines_over_the_whole_height():
    layout = timeline(history(), (Mark(at(80), "limit", "limit"), Mark(at(90), "STALLED", "verdict"))).layout
    assert [(line["x0"], line["line"]["color"]) for line in layout["shapes"]] == [
        (at(80) * 1000, "warn"),
        (at(90) * 1000, "bad"),
    ]
    assert [text["text"] for text in layout["annotations"]] == ["limit", "STALLED"]


def test_the_longest_stages_are_drawn_and_the_rest_is_counted():
    stages = [
        StageHistory(number, 0, submitted=at(number), completed=at(number + number / 100))
        for number in range(100)
    ]
    figure = timeline(history(stages=stages, executors=()), ())
    assert len(trace(figure, "stages")["y"]) == MOST_BARS
    assert "stage 99" in trace(figure, "stages")["y"]
    assert figure.alternative.endswith("Not drawn: 60 shorter stages.")


def test_lost_executors_come_before_others():
    executors = [ExecutorHistory(str(number), added=at(1)) for number in range(100)]
    executors.append(ExecutorHistory("bad", added=at(1), removed=at(2), reason="lost"))
    assert trace(timeline(history(executors=executors), ()), "lost executors")["y"] == ["executor bad"]


def test_a_moment_is_wide_enough_to_be_seen():
    (blink,) = history().stages[:1]
    figure = timeline(history(stages=(replace(blink, completed=at(5)),)), ())
    assert trace(figure, "stages")["x"] == [180]


def test_an_executor_that_is_given_back_is_not_lost():
    gone = ExecutorHistory("3", "h", 2, added=at(2), removed=at(9), reason="Executor killed by driver.")
    figure = timeline(history(executors=(gone,)), ())
    assert trace(figure, "executors")["hovertext"] == ["on h for 7s, removed: Executor killed by driver."]
    assert figure.alternative == "2 stages and 1 executor within 1m 30s. Times are in UTC."


def test_a_log_without_its_start_is_drawn_from_its_first_event():
    figure = timeline(history(started=None, first_seen=at(4)), ())
    assert figure.layout["xaxis"]["range"] == [at(4) * 1000, at(90) * 1000]
    assert " within 1m 26s." in figure.alternative


def test_of_many_executors_the_lost_ones_are_drawn_and_the_rest_is_counted():
    executors = [ExecutorHistory(str(number), added=at(1)) for number in range(30)]
    figure = timeline(history(executors=executors), ())
    assert len(trace(figure, "executors")["y"]) == MOST_EXECUTORS
    assert figure.alternative.endswith("Not drawn: 10 further executors.")


def test_lost_executors_and_others_cannot_be_mistaken_for_each_other():
    """Two shades of brown looked alike."""
    figure = timeline(history(), ())
    assert trace(figure, "executors")["marker"] == {"color": "series-3"}
    assert trace(figure, "lost executors")["marker"] == {"color": "warn"}


def test_an_executor_of_another_spark_context_is_not_lost_with_the_first_of_its_number():
    """Both are bars of one row."""
    first = ExecutorHistory("0", "h", 1, at(0), at(20), "exited with 137")
    second = ExecutorHistory("0", "h", 1, at(40))
    figure = timeline(replace(history(), executors=(first, second)), ())
    assert trace(figure, "lost executors")["base"] == [at(0) * 1000]
    assert trace(figure, "executors")["base"] == [at(40) * 1000]
