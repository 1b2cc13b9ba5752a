"""Which figures warn, with the line, the figure beside its limit, and what to change."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from airflow_spark_guard.job.instruments.stages.stage_figures import Spread, figures_of
from airflow_spark_guard.job.instruments.stages.stage_warnings import KIB, MIB, warnings_of
from tests.support.stage_rows import stage_row

CALM = figures_of(stage_row(jvmGcTime=0))


def spread(median, largest):
    return Spread(median=median, upper=median, largest=largest, tasks=40, task=17, executor="3", host="node1")


def test_a_calm_stage_warns_of_nothing():
    """Nor does one whose figures are at their limits."""
    at_limits = replace(CALM, task_bytes=1000 * KIB, result_bytes=512 * MIB, disk_spilled=64 * MIB)
    assert warnings_of(CALM) == warnings_of(at_limits) == ()


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        (
            {"task_bytes": 2939 * KIB},
            "task",
            (
                "Stage 7 (`count` at job.py:3) sends tasks of up to 2.9 MiB (limit: 1000.0 KiB): the rows given to "
                "`parallelize` or `createDataFrame` travel inside of the tasks; read them from files, or spread them "
                "over more partitions."
            ),
        ),
        (
            {"binary_bytes": 5 * MIB},
            "binary",
            (
                "Stage 7 (`count` at job.py:3) sends a plan with its functions of 5.0 MiB (limit: 1000.0 KiB): a "
                "function captures a large object, or the lineage is deep; pass the object as a broadcast, or cut the "
                "lineage with `checkpoint`."
            ),
        ),
        (
            {"result_bytes": 600 * MIB},
            "result",
            (
                "Stage 7 (`count` at job.py:3) returned 600.0 MiB to the driver (limit: 512.0 MiB): aggregate or filter "
                "before `collect`, or write the rows to files."
            ),
        ),
        (
            {"disk_spilled": 96 * MIB, "line": "", "name": "x"},
            "spill",
            (
                "Stage 7 (line unknown) wrote 96.0 MiB to disk because its memory was full (limit: 64.0 MiB): use more "
                "partitions (`spark.sql.shuffle.partitions`, `repartition`), or give executors more memory."
            ),
        ),
        (
            {"run_time": spread(2.0, 30.0)},
            "skew",
            (
                "Stage 7 (`count` at job.py:3) is skewed by 15.0 (limit: 5): task 17 on node1 took 30.0 s, the median "
                "task 2.0 s; its partitions are unequal or its rows differ in their work: `repartition` before this "
                "line."
            ),
        ),
        (
            {"shuffle": spread(1 * MIB, 512 * MIB)},
            "shuffle skew",
            (
                "Stage 7 (`count` at job.py:3) is skewed by 512.0 (limit: 5): task 17 on node1 read 512.0 MiB, the "
                "median task 1.0 MiB; few keys have most rows: filter them out or treat them apart, add a random part "
                "to the key, or broadcast the smaller side of the join."
            ),
        ),
        (
            {"gc_share": 0.5},
            "gc",
            (
                "Stage 7 (`count` at job.py:3) spent 50% of its time on garbage collection (limit: 20%): give executors "
                "more memory or fewer cores, or cache less."
            ),
        ),
    ],
)
def test_each_figure_above_its_limit(changes, kind, words):
    """One sentence."""
    (warning,) = warnings_of(replace(CALM, **changes))
    assert (warning.kind, warning.stage, warning.text) == (kind, 7, words)
    assert warning.got > warning.limit
    json.dumps(warning.to_dict(), allow_nan=False)


def test_a_skew_of_little_time_or_few_bytes_is_not_worth_a_change():
    """Whatever its ratio is."""
    small = replace(CALM, run_time=spread(0.1, 4.0), shuffle=spread(1000, 200 * MIB), gc_share=0.5)
    assert warnings_of(replace(small, run_seconds=1.0)) == ()
    kinds = [one.kind for one in warnings_of(small, skew_seconds=1.0, skew_bytes=MIB)]
    assert kinds == ["skew", "shuffle skew", "gc"]


def test_a_task_that_is_slow_because_of_its_key_gets_the_cure_for_keys():
    """The time follows from the rows."""
    both = replace(CALM, run_time=spread(1.0, 60.0), shuffle=spread(MIB, 100 * MIB))
    (warning,) = warnings_of(both)
    assert warning.kind == "skew"
    assert "few keys have most rows" in warning.text


def test_a_hostile_name_is_shown_as_one_line():
    """A job may name its stages as it likes."""
    figures = replace(CALM, name="\x1b[2Jcount\n at job.py:3", disk_spilled=MIB * 99)
    (warning,) = warnings_of(figures)
    assert "\x1b" not in warning.text
    assert "\n" not in warning.text
