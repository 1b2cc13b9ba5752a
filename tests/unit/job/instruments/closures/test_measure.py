"""The parts add up to the whole, in one pass."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.closures.commands import command_of
from airflow_spark_guard.job.instruments.closures.measure import CannotPickle, measure
from tests.support.closures import pickled_size, script


def measured(func, seconds=60):
    command = command_of(func)
    return measure(command.func, command.whole, seconds)


def test_parts_are_the_objects_own():
    """What a node holds is in its own part and not in the holder's."""
    names = script("A = {'k': bytes(50_000), 'l': bytes(70_000)}\ndef f(): return A")
    found = measured(names["f"])
    by_path = {node.path: node.own for node in found.nodes}
    assert by_path['A["k"]'] == pytest.approx(50_000, abs=50)
    assert by_path['A["l"]'] == pytest.approx(70_000, abs=50)
    assert by_path["A"] < 50
    assert found.size == pickled_size(names["f"])
    assert found.complete


def test_a_leaf_that_reaches_another_one_does_not_get_its_size():
    """Arrays come before lists, and lists before objects with a state."""
    import numpy as np

    names = script("class Own: pass\ndef f(): return rows, own, table")
    names["table"], names["own"] = np.zeros(50_000), names["Own"]()
    names["own"].table = names["table"]
    names["rows"] = [names["table"], names["own"]] * 40
    by_path = {node.path: node.own for node in measured(names["f"]).nodes}
    assert by_path["table"] > 390_000
    assert by_path["rows"] + by_path["own"] < 2000


def test_an_object_that_fails_is_carried_with_its_node():
    """And the object inside that was asked last."""
    import threading

    names = script("def f(): return rows")
    lock = threading.Lock()
    names["rows"] = [[[[[lock]]]]]
    with pytest.raises(CannotPickle) as caught:
        measured(names["f"])
    assert caught.value.node.path == "rows[0][0][0]"
    assert caught.value.culprit is lock


def test_without_time_the_sizes_are_lower_limits():
    """Nothing is lost of what was counted."""
    names = script("A = [[str(n)] for n in range(100_000)]\ndef f(): return A")
    found = measured(names["f"], seconds=0.0)
    assert not found.complete
    assert 0 <= found.size < pickled_size(names["f"])
