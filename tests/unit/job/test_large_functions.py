"""Large functions are found among the files of broadcasts; the files are made as PySpark makes them."""

from __future__ import annotations

import pickle

import pytest

from airflow_spark_guard.job.large_functions import LARGE, MOST, LargeFunctions

TABLE = list(range(700_000))


def function(size=LARGE):
    return pickle.dumps((len, b"x" * size, "_make_function"), 5)


def broadcast(folder, name, value, protocol=5):
    with (folder / name).open("wb") as file:
        pickle.dump(value, file, protocol)


def test_a_large_function_is_said_once(tmp_path):
    """With its size, and what to do."""
    functions = LargeFunctions(str(tmp_path))
    assert functions.warnings() == []
    broadcast(tmp_path, "a", function(3 * LARGE))
    (text,) = functions.warnings()
    assert text.startswith("A function that the script passes to Spark takes 3.0 MiB")
    assert functions.warnings() == []


def test_a_file_that_is_still_in_the_writing_is_looked_at_again(tmp_path):
    """A look may come at any moment."""
    functions, whole = LargeFunctions(str(tmp_path)), pickle.dumps(function(2 * LARGE), 5)
    (tmp_path / "a").write_bytes(whole[:100])
    assert functions.warnings() == []
    (tmp_path / "a").write_bytes(whole)
    assert len(functions.warnings()) == 1


@pytest.mark.parametrize(
    "value", [function(9), TABLE, b"x" * 2 * LARGE, {"a": b"x" * LARGE}, "x" * 2 * LARGE], ids=type
)
def test_what_the_script_broadcasts_itself_is_no_function(tmp_path, value):
    """Nor is a function of a sound size."""
    broadcast(tmp_path, "a", value)
    assert LargeFunctions(str(tmp_path)).warnings() == []


def test_five_are_enough_and_a_folder_is_no_file(tmp_path):
    """A loop may make thousands."""
    (tmp_path / "folder").mkdir()
    for number in range(MOST + 3):
        broadcast(tmp_path, str(number), function())
    assert len(LargeFunctions(str(tmp_path)).warnings()) == MOST


def test_a_folder_that_is_gone_is_said(tmp_path):
    """The context was stopped."""
    with pytest.raises(FileNotFoundError):
        LargeFunctions(str(tmp_path / "gone")).warnings()
