"""Figures as a reader sees them."""

import pytest

from airflow_spark_guard.core.history.alerts.figures import (
    core_time,
    count,
    counted,
    counts,
    share,
    size,
    times,
)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (times(1.5), "1.5x"),
        (times(1234.4), "1,230x"),
        (share(0.62), "62%"),
        (share(0.005), "0.5%"),
        (share(0.99951), "100%"),
        (count(12000), "12,000"),
        (counted(1, "task"), "1 task"),
        (counted(1200, "task"), "1,200 tasks"),
        (counts("file")(2), "2 files"),
        (size(0), "0 B"),
        (size(3 << 20), "3 MiB"),
        (size(1.5 * 2**30), "1.5 GiB"),
        (size(2**42), "4 TiB"),
        (core_time(30), "30 core-seconds"),
        (core_time(90), "1.5 core-minutes"),
        (core_time(7200), "2 core-hours"),
    ],
)
def test_a_figure_has_three_digits_and_its_unit(shown, text):
    assert shown == text
