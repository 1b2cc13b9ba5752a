"""Sizes of tasks out of Spark's log, and the stages that they belong to."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.stages.log_sizes import (
    LoggedSize,
    belongs,
    sizes_in,
    with_sizes,
)
from airflow_spark_guard.job.instruments.stages.stage_figures import figures_of
from tests.support.stage_rows import BEGIN, stage_row

TEXT = f"""\
{BEGIN} Stage 37 contains a task of very large size (2939 KiB). The maximum recommended task size is 1000 KiB.
{BEGIN + 1} Broadcasting large task binary with size 1026.0 KiB
{BEGIN + 2} Broadcasting large task binary with size 4.6 MiB
{BEGIN + 3} Lost task 0.0 in stage 3.0
Broadcasting large task binary with size 4.6 MiB
{BEGIN} Stage 37 contains a task of very large size (99999999999999999999 KiB).
"""


def test_the_two_warnings_are_read_and_other_lines_are_not():
    """As Spark 4.2 writes them."""
    assert sizes_in(TEXT) == (
        LoggedSize(BEGIN, 2939 * 1024, 37),
        LoggedSize(BEGIN + 1, 1026 * 1024),
        LoggedSize(BEGIN + 2, round(4.6 * (1 << 20))),
    )


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        (LoggedSize(BEGIN + 600, 1, 7), True),
        (LoggedSize(BEGIN + 600, 1, 8), False),
        (LoggedSize(BEGIN + 9999, 1, 7), False),  # of a later attempt
        (LoggedSize(BEGIN, 1), True),
        (LoggedSize(BEGIN + 500, 1), True),
        (LoggedSize(BEGIN + 501, 1), False),
        (LoggedSize(BEGIN - 1, 1), False),
    ],
)
def test_a_size_belongs_to_the_stage_that_was_being_submitted(size, fits):
    """The binary's warning has no stage id, but a time."""
    assert belongs(size, stage_row()) is fits


def test_a_stage_that_was_never_submitted_has_no_binary():
    """Its tasks may have been warned of."""
    row = stage_row(submissionTime=None, firstTaskLaunchedTime=None)
    assert not belongs(LoggedSize(BEGIN, 1), row)


def test_the_largest_counts():
    """Of each kind; without any, nothing is known."""
    figures = figures_of(stage_row())
    sizes = [LoggedSize(BEGIN, 5, 7), LoggedSize(BEGIN, 9, 7), LoggedSize(BEGIN, 3)]
    found = with_sizes(figures, sizes)
    assert (found.task_bytes, found.binary_bytes) == (9, 3)
    assert with_sizes(figures, []) == figures
