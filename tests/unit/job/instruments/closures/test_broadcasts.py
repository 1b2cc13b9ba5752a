"""A broadcast is measured as PySpark writes it, and not kept."""

from __future__ import annotations

import json
import pickle
import threading

import numpy as np
import pytest

from airflow_spark_guard.job.instruments.closures.broadcasts import broadcast_size
from airflow_spark_guard.job.instruments.errors import UnpicklableError


@pytest.mark.parametrize(
    "value",
    [1, "x" * 99, {"a": [1.5] * 999}, np.zeros(100_000), bytes(10**6), None],
    ids=lambda value: type(value).__name__,
)
def test_the_size_is_that_of_the_pickle(value):
    """To the byte."""
    found = broadcast_size(value, "v")
    assert found.size_bytes == len(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    assert (found.complete, found.advice) == (True, "")


def test_above_the_threshold_there_is_advice():
    """For a table another one than for other values."""
    import pandas as pd

    frame = broadcast_size(pd.DataFrame({"a": np.zeros(1_000_000)}), "table")
    assert frame.type_name == "pandas.core.frame.DataFrame"
    assert frame.advice.startswith(
        "Broadcast `table` takes 7.6 MiB (limit: 4.0 MiB) in each executor: drop columns and rows"
    )
    assert "send only what the tasks use" in broadcast_size([1.5] * 999, "v", threshold=1000).advice
    assert json.loads(json.dumps(frame.to_dict()))["size_bytes"] == frame.size_bytes


def test_an_object_that_cannot_be_pickled_is_named_with_its_path():
    """The name stands for the value."""
    with pytest.raises(
        UnpicklableError, match=r'^Spark cannot broadcast `pool`\n  got: `pool\["a"\]\[1\]`, of type _th'
    ):
        broadcast_size({"a": [1, threading.Lock()]}, "pool")


def test_without_time_the_size_is_a_lower_limit():
    """It ends at the first 64 KiB."""
    found = broadcast_size([str(n) for n in range(100_000)], "v", seconds=0.0)
    assert not found.complete
    assert 0 < found.size_bytes < 200_000


def test_a_broadcast_is_measured_by_its_value(tmp_path):
    """As an executor has it."""
    from pyspark import Broadcast

    path = tmp_path / "value"
    path.write_bytes(pickle.dumps([1, 2, 3], pickle.HIGHEST_PROTOCOL))
    assert broadcast_size(Broadcast(path=str(path)), "v").type_name == "list"
