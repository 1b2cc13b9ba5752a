"""Thresholds have Spark's values, and refuse what is not a size or a depth."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.errors import OptionError
from airflow_spark_guard.job.instruments.thresholds import Thresholds


def test_the_defaults_are_those_of_the_documentation():
    """Bytes and counts."""
    assert (Thresholds().closure, Thresholds().broadcast) == (1000 * 1024, 4 * 1024 * 1024)
    assert (Thresholds().lineage, Thresholds().checkpoint) == (50, 30)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"closure": 0}, "Thresholds.closure is not valid\n  got: 0 (int)"),
        ({"closure": True}, "got: True (bool)"),
        ({"broadcast": "4m"}, "Thresholds.broadcast is not valid\n  got: 4m (str)"),
        ({"lineage": 50.5}, "got: 50.5 (float)"),
        ({"lineage": []}, "got: list (list)"),
        ({"checkpoint": -1}, "Thresholds.checkpoint is not valid\n  got: -1 (int)"),
        (
            {"checkpoint": 51},
            "Thresholds.checkpoint is above Thresholds.lineage\n  got: checkpoint 51 (lineage: 50)",
        ),
    ],
)
def test_what_is_not_a_limit_is_refused(values, shown):
    """With the name, what was passed and what would do."""
    with pytest.raises(OptionError) as caught:
        Thresholds(**values)
    assert shown in str(caught.value)


def test_a_checkpoint_may_be_at_the_warning():
    """Or below it."""
    assert Thresholds(lineage=10, checkpoint=10).checkpoint == 10
