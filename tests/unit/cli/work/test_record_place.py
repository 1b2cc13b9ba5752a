"""The folder of a record, by the names of Airflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_spark_guard.cli.work.record_place import place_of_record, root_of_records
from airflow_spark_guard.core.errors import BadInputError, RecordError
from airflow_spark_guard.process.record_folder import record_folder


@pytest.fixture
def root(tmp_path):
    for index, number in ((-1, 1), (-1, 2), (-1, 10), (0, 3)):
        record_folder(tmp_path, "d", "r 1", "t", index, number).mkdir(parents=True)
    (tmp_path / "d" / "r%201" / "t" / "try-11.previous").mkdir()
    return tmp_path


def test_the_newest_try_is_meant_unless_one_is_named(root):
    """By number, not by name; of a mapped task its own."""
    task = root / "d" / "r%201" / "t"
    assert place_of_record(root, "d", "r 1", "t", None, -1) == task / "try-10"
    assert place_of_record(root, "d", "r 1", "t", 2, -1) == task / "try-2"
    assert place_of_record(root, "d", "r 1", "t", None, 0) == task / "map-0-try-3"


@pytest.mark.parametrize(
    ("names", "number", "there"),
    [
        (("d", "r 1", "t"), 4, "d/r%201/t has try-1, try-10, try-11.previous, try-2 and 0 more"),
        (("d", "r 1", "x"), None, "d/r%201 has t"),
        (("d", "r 2", "t"), None, "d has r%201"),
        (("x", "r 1", "t"), None, " has d"),
    ],
)
def test_what_is_there_instead_is_named(root, names, number, there):
    with pytest.raises(RecordError) as caught:
        place_of_record(root, *names, number, -1)
    assert caught.value.what == "There is no such record."
    assert there.partition(" and ")[0].split(", ")[-1] in caught.value.got


def test_a_root_that_does_not_exist_has_nothing(tmp_path):
    with pytest.raises(RecordError, match="There is no such record"):
        place_of_record(tmp_path / "nowhere", "d", "r", "t", None, -1)


def test_missing_names_are_an_error():
    with pytest.raises(BadInputError) as caught:
        place_of_record(Path(), "d", "", "", None, -1)
    assert caught.value.got == "without --run, --task"


def test_the_root_is_the_given_one_else_airflows(tmp_path, monkeypatch):
    assert root_of_records(tmp_path) == tmp_path
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", str(tmp_path / "r"))
    assert root_of_records(None) == tmp_path / "r"
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "none")
    with pytest.raises(RecordError, match="There is no folder of records"):
        root_of_records(None)
