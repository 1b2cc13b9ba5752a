from __future__ import annotations

import inspect

import pytest

from airflow_spark_guard.job.instruments.automatic import pyspark_seams as seams


def test_the_names_of_pyspark_that_the_instruments_use_exist():
    """A release of PySpark that moves one of them fails here, and not silently in a job."""
    prepare = getattr(seams.rdd_module(), seams.PREPARE)
    assert list(inspect.signature(prepare).parameters) == ["sc", "command"]
    assert list(inspect.signature(seams.context_class().broadcast).parameters) == ["self", "value"]
    frame = seams.frame_class()
    assert all(callable(getattr(frame, name)) for name in ("select", "withColumn", "union", "mapInPandas"))
    grouped, cogrouped = seams.grouped_classes()
    assert callable(grouped.agg)
    assert callable(cogrouped.applyInPandas)


def in_spark(function):
    function.__module__ = "pyspark.core.rdd"
    return function


def test_the_users_functions_are_found_inside_pysparks_own():
    def first(row):
        return row

    def second(row):
        return row

    def pipeline(inner, outer):
        def run(split, rows):
            return outer(split, inner(split, rows))

        return in_spark(run)

    def mapping(function):
        def run(_, rows):
            return map(function, rows)

        return in_spark(run)

    command = (pipeline(mapping(first), mapping(second)), None, object(), object())
    assert set(seams.sent_functions(command)) == {first, second}


def test_a_function_that_refers_to_itself_is_visited_once():
    def loop(row):
        return loop(row)

    in_spark(loop)
    assert seams.sent_functions((loop, None)) == ()


@pytest.mark.parametrize("command", [len, print])
def test_a_command_without_a_tuple(command):
    assert seams.sent_functions(command) == (command,)


class Part:
    def __init__(self, **parts):
        vars(self).update(parts)


def test_parents_of_grouped_data():
    frame, other = Part(), Part()
    grouped = Part(_df=frame)
    assert seams.parents(grouped) == (frame,)
    assert seams.parents(Part(_gd1=grouped, _gd2=Part(_df=other))) == (frame, other)
    assert seams.parents(object()) == ()


def test_the_size_of_a_broadcast_is_that_of_its_file(tmp_path):
    file = tmp_path / "broadcast"
    file.write_bytes(b"x" * 1234)
    assert seams.broadcast_bytes(Part(_path=str(file))) == 1234
    assert seams.broadcast_bytes(Part(_path=str(tmp_path / "gone"))) is None
    assert seams.broadcast_bytes(Part()) is None
