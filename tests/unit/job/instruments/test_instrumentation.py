from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.errors import OptionError, UnpicklableError
from airflow_spark_guard.job.instruments.instrumentation import SparkInstrumentation
from airflow_spark_guard.job.instruments.messages import ListSink
from airflow_spark_guard.job.instruments.thresholds import Thresholds
from airflow_spark_guard.job.instruments.verbosity import VARIABLE

SMALL = Thresholds(closure=20_000, broadcast=20_000)


def large():
    table = list(range(20_000))

    def score(row):
        return table[row]

    return score


def instruments(verbosity):
    sink = ListSink()
    return SparkInstrumentation(verbosity, SMALL, sink=sink), sink


def test_silent_does_nothing():
    made, sink = instruments(0)
    frame = object()
    assert made.measure_closure_size(large()) is None
    assert made.measure_broadcast([1], "rows") is None
    assert made.analyze_dataframe(frame, "rows") is None
    assert made.checkpoint_if_needed(frame, "rows") is frame
    with made.operation("save"):
        pass
    assert (sink.rows, sink.texts) == ([], [])
    assert not made.is_on


def test_a_warning_names_the_captured_object():
    made, sink = instruments(1)
    found = made.measure_closure_size(large(), "score")
    assert found.size_bytes > 20_000
    assert found.captured[0].path == "table"
    (what, name, values, line, warning), *others = sink.rows
    assert (what, name, others) == ("closure", "score", [])
    assert values["bytes"] == found.size_bytes
    assert values["captured"][0]["path"] == "table"
    assert line.startswith("test_instrumentation.py:")
    assert "captures `table`" in warning
    assert sink.texts == [], "text begins at verbosity 2"


def test_a_summary_for_each_operation():
    made, sink = instruments(2)
    with made.operation("save"):
        made.measure_closure_size(len, "length")
        made.measure_broadcast({"a": 1}, "letters")
    assert sink.texts[0].splitlines()[1] == "save: Starting"
    assert [text.split(":")[0] for text in sink.texts[1:]] == ["  Closure 'length'", "  Broadcast 'letters'"]
    assert "length: " in made.get_metrics_summary()


def test_each_step():
    made, sink = instruments(3)
    made.measure_closure_size(large(), "score")
    assert any(text.startswith("    table: ") and text.endswith("(list)") for text in sink.texts)


def test_what_cannot_be_pickled():
    made, sink = instruments(1)
    lock = __import__("threading").Lock()
    with pytest.raises(UnpicklableError, match="`lock`"):
        made.measure_closure_size(lambda: lock)
    assert sink.rows == []


def test_the_environment_decides(monkeypatch):
    monkeypatch.setenv(VARIABLE, "2")
    assert SparkInstrumentation().verbosity == 2
    assert SparkInstrumentation(0).verbosity == 0
    with pytest.raises(OptionError, match="verbosity is not a level"):
        SparkInstrumentation(4)


def test_a_failure_of_ours_is_reported_once():
    made, sink = instruments(1)
    for _ in range(3):
        made.failed("Reading stages", RuntimeError("first line\nsecond"))
    made.failed("Measuring a function", KeyError("x"))
    assert sink.texts == [
        "spark-guard: Reading stages failed, and the job goes on without it: RuntimeError: first line",
        "spark-guard: Measuring a function failed, and the job goes on without it: KeyError: 'x'",
    ]


def test_metrics_are_plain():
    made, _ = instruments(1)
    made.measure_broadcast([1, 2, 3], "numbers")
    assert [row["name"] for row in made.metrics.to_dict()["broadcasts"]] == ["numbers"]
