from __future__ import annotations

import json

from airflow_spark_guard.job.instruments.measurement import Measurement
from airflow_spark_guard.job.instruments.messages import ListSink
from airflow_spark_guard.job.instruments.metrics import MOST, InstrumentMetrics


def closure(size, name="save", warning="", line="job.py:3"):
    return Measurement("closure", name, {"bytes": size, "captured": []}, line, warning)


def sent(*items):
    metrics, sink = InstrumentMetrics(), ListSink()
    for item in items:
        metrics.take(item, sink)
    return metrics, [values["bytes"] for _, _, values, _, _ in sink.rows]


def test_a_loop_sends_one_message():
    metrics, sizes = sent(*(closure(1000 + number % 7) for number in range(1000)))
    assert sizes == [1000]
    assert [item.size for item in metrics.of("closure")] == [1000 + 999 % 7], "the newest is kept"
    assert metrics.times(closure(0)) == 1000


def test_a_much_larger_one_is_news():
    assert sent(closure(1000), closure(1240), closure(1300), closure(1400), closure(2000))[1] == [
        1000,
        1300,
        2000,
    ]


def test_the_first_warning_is_news():
    assert sent(closure(1000), closure(1001, warning="large"), closure(1002, warning="large"))[1] == [
        1000,
        1001,
    ]


def test_each_name_and_line_is_one_of_its_own():
    metrics, sizes = sent(closure(1), closure(2, name="score"), closure(3, line="job.py:9"))
    assert sizes == [1, 2, 3]
    assert len(metrics.of("closure")) == 3
    assert metrics.of("frame") == ()


def test_beyond_a_number_of_names_only_warnings_are_kept():
    metrics, sizes = sent(
        *(closure(1, name=str(number)) for number in range(MOST + 20)),
        closure(9, name="last", warning="large"),
    )
    assert len(sizes) == MOST + 1
    assert metrics.left_out == 20
    assert metrics.warnings == ("large",)


def test_as_json():
    metrics, _ = sent(closure(1000, warning="large"))
    metrics.left_out = 2
    assert json.loads(json.dumps(metrics.to_dict())) == {
        "closures": [{"name": "save", "line": "job.py:3", "warning": "large", "bytes": 1000, "captured": []}],
        "frames": [],
        "checkpoints": [],
        "broadcasts": [],
        "stages": [],
        "left_out": 2,
    }
