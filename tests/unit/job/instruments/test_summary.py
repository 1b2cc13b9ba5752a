from __future__ import annotations

from airflow_spark_guard.job.instruments.measurement import Measurement
from airflow_spark_guard.job.instruments.messages import ListSink
from airflow_spark_guard.job.instruments.metrics import InstrumentMetrics
from airflow_spark_guard.job.instruments.summary import RULE, banner, described, summary

MIB = 1 << 20
MODEL = {"path": "self.model", "type": "numpy.ndarray", "bytes": 21 * MIB}
ROWS = (
    Measurement("closure", "save_partition", {"bytes": 2355, "captured": []}, "job.py:12"),
    Measurement("closure", "score", {"bytes": 22 * MIB, "captured": [MODEL]}, "job.py:20", "large"),
    Measurement(
        "frame", "input", {"columns": 6, "partitions": 24, "depth": 62, "bytes": 3 * MIB}, "", "deep"
    ),
    Measurement("frame", "other", {"columns": 3, "partitions": None, "depth": 15, "rows": 12345}),
    Measurement(
        "checkpoint",
        "input",
        {"depth_before": 42, "depth_after": 2, "how": "local", "seconds": 1.25},
        "job.py:9",
    ),
    Measurement("broadcast", "vocabulary", {"bytes": 5 * MIB, "type": "dict"}),
    Measurement("stage", "stage 3: count", {"tasks": 24, "run_s": 61.5, "spill_bytes": MIB, "skew": 7.2}),
)


def of(*items):
    metrics = InstrumentMetrics()
    for item in items:
        metrics.take(item, ListSink())
    return summary(metrics)


def test_the_summary():
    assert of(*ROWS, ROWS[0]).splitlines() == [
        "======================================================================",
        "Instrumentation Metrics Summary",
        "======================================================================",
        "",
        "Closure Sizes:",
        "  \N{WARNING SIGN} score: 22.0 MiB (self.model: 21.0 MiB)  [job.py:20]",
        "    save_partition: 2.3 KiB, 2 times  [job.py:12]",
        "",
        "DataFrame Lineage Depths:",
        "  \N{WARNING SIGN} input: 62 operations deep, 24 partitions, about 3.0 MiB",
        "    other: 15 operations deep, 12,345 rows",
        "",
        "Checkpoints:",
        "    input: from 42 to 2 operations (local checkpoint, 1.2 s)  [job.py:9]",
        "",
        "Broadcasts:",
        "    vocabulary: 5.0 MiB, dict",
        "",
        "Stages:",
        "    stage 3: count: 24 tasks, 61.5 s of run time, 1.0 MiB spilled, slowest task 7.2 times the median",
        "======================================================================",
    ]


def test_nothing_was_measured():
    assert of().splitlines()[3:] == ["", "Nothing was measured.", RULE]


def test_measurements_that_were_left_out_are_counted():
    metrics = InstrumentMetrics(left_out=7)
    assert "Left out, so that the job is not slowed down: 7 measurements." in summary(metrics)


def test_a_long_list_is_cut_and_warnings_come_first():
    rows = [Measurement("broadcast", f"value {number}", {"bytes": 1, "type": "int"}) for number in range(60)]
    text = of(*rows, Measurement("broadcast", "huge", {"bytes": MIB, "type": "dict"}, "", "large"))
    assert text.index("huge") < text.index("value 0")
    assert "    and 11 more" in text
    assert "value 58" not in text


def test_names_are_shown_on_one_line():
    assert "\n" not in described(Measurement("broadcast", "a\nb", {"bytes": 1, "type": "int"}))
    assert "  evil\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}name: 1 bytes" in of(
        Measurement("broadcast", "evil\n\x1bname", {"bytes": 1, "type": "int"})
    )


def test_a_banner():
    assert banner("save: Starting") == f"{RULE}\nsave: Starting\n{RULE}"
