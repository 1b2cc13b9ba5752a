"""PySpark's pickler, in parts: each object is asked once, and its state is written at its own turn."""

from __future__ import annotations

import collections
import io
import math
import pickle

import pytest

from airflow_spark_guard.job.instruments.closures.counting import CountingFile
from airflow_spark_guard.job.instruments.closures.pickler import (
    ClosurePickler,
    DriverObjectError,
    ReplayingPickler,
)
from tests.support.closures import script


def pickler():
    file = CountingFile(60)
    return ClosurePickler(file), file


def test_without_split_objects_it_writes_what_cloudpickle_writes():
    """The same bytes."""
    from pyspark.cloudpickle import dumps

    values = [script("def f(x, *, y=1): return x + y + len(TABLE)\nTABLE = (1, 2)")["f"], {"a": [1.5, b"x"]}]
    made = io.BytesIO()
    made.count = 0
    ClosurePickler(made).dump(values)
    assert made.getvalue() == dumps(values, 5)


def test_a_split_objects_state_is_left_to_its_turn():
    """What refers to it gets the part that stands before the state."""
    names = script("class Own: pass\nown = Own()\nown.data = bytes(100_000)")
    writer, file = pickler()
    known = writer.reduction(names["own"])
    assert known.is_split
    assert known.state["data"] is names["own"].data
    writer.dump([names["own"]])
    assert file.count < 2000
    writer.dump((names["own"], known.state))
    assert file.count > 100_000


@pytest.mark.parametrize("value", [math, math.sin, len, collections.OrderedDict, pickle.Pickler], ids=str)
def test_what_is_sent_by_reference_has_no_reduction(value):
    """Modules, and functions and classes that are imported."""
    assert pickler()[0].reduction(value) is None


def test_items_stay_with_their_object():
    """They come from an iterator, which can be read once; a second pickle has them as well."""
    ordered = collections.OrderedDict(a=1, b=[2])
    writer, _ = pickler()
    assert not writer.reduction(ordered).is_split
    writer.dump(ordered)
    made = io.BytesIO()
    ReplayingPickler(made, writer.answers).dump(ordered)
    assert pickle.loads(made.getvalue()) == ordered  # noqa: S301 - made here


def test_a_second_pickle_asks_no_object():
    """And is the same as the first one."""
    names = script(
        "class Own:\n    def __reduce__(self): COUNT.append(1); return (list, ((1, 2),))\nCOUNT = []\nown = Own()"
    )
    writer, file = pickler()
    writer.dump({"k": names["own"]})
    first = file.count
    ReplayingPickler(file, writer.answers).dump({"k": names["own"]})
    assert file.count == 2 * first
    assert names["COUNT"] == [1]


def test_of_many_objects_no_answer_is_kept():
    """A second pickle of them would take long."""
    made = script("class Own: pass\nmany = [Own() for _ in range(25_000)]")["many"]
    writer, _ = pickler()
    writer.dump(made)
    assert writer.answers is None


def test_objects_of_the_driver_are_refused_before_they_are_asked():
    """``latest`` is the object."""
    from pyspark import SparkContext

    context = object.__new__(SparkContext)
    writer, _ = pickler()
    with pytest.raises(DriverObjectError, match="SparkContext"):
        writer.dump([context])
    assert writer.latest is context


def test_a_broadcast_is_not_asked():
    """It would note itself for the next function that is sent."""
    from pyspark import Broadcast

    writer, file = pickler()
    writer.dump(object.__new__(Broadcast))
    assert file.count < 200
