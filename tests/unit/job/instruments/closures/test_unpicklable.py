"""The error names the object, its path, the reason and the way out."""

from __future__ import annotations

import threading

from airflow_spark_guard.job.instruments.closures.unpicklable import unpicklable


def test_a_resource_is_to_be_made_inside_the_function():
    """With its path from what leads to it."""
    lock = threading.Lock()
    error = unpicklable("Spark cannot send `f`", lock, {"a": lock}, "config", TypeError("cannot pickle it"))
    assert str(error) == (
        'Spark cannot send `f`\n  got: `config["a"]`, of type _thread.lock (TypeError: cannot pickle it)\n'
        "  expected: objects that can be pickled\n"
        "  do: make it inside the function, once for each partition (mapPartitions); if only other attributes of "
        "the object that holds it are needed, bind those to local names before the function"
    )


def test_an_object_that_is_made_when_it_is_pickled_has_the_path_of_its_maker():
    """It is not to be found before."""
    error = unpicklable("no", object(), [1], "rows", TypeError("x"))
    assert error.path == "rows (an object that it makes when it is pickled)"


def test_reasons_are_bounded_and_printable():
    """They are texts of the job."""
    error = unpicklable("no", [], [], "rows", TypeError("\x1b[2J" + "x" * 9999))
    assert len(str(error)) < 1000
    assert "\x1b" not in str(error)


def test_what_is_nested_too_deeply_is_named_by_where_it_begins():
    """The object that was asked last has nothing to do with it."""
    error = unpicklable("no", len, [[1]], "rows", RecursionError("x"))
    assert (error.path, error.type_name) == ("rows", "list")


def test_an_object_of_the_driver_is_to_stay_there():
    """With its class."""
    from pyspark import SparkContext

    context = object.__new__(SparkContext)
    error = unpicklable("no", context, context, "sc", ValueError("x"))
    assert error.advice.startswith("a SparkContext exists in the driver alone; use it outside the function")
