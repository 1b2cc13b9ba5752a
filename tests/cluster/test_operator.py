"""``SafeSparkSubmitOperator`` in cluster mode, on the fakes of both managers."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core import errors


def test_the_result_comes_back_over_the_channel_directory(stand):
    """From a driver that runs somewhere else."""
    assert stand.execute() == {"rows": 3}
    assert stand.application.killed is False
    assert not list(stand.channel.rglob("*.jsonl"))


def test_an_exception_of_the_script_comes_back_with_its_line(stand):
    """As from a driver beside the task."""
    with pytest.raises(errors.UserCodeError, match="raised ZeroDivisionError: division by zero") as caught:
        stand.execute(stand.job("def mean(rows):\n    return 1 / rows\nmean(0)"))
    assert caught.value.place.endswith("job.py:2, mean")
    assert "1 / rows" in caught.value.evidence
