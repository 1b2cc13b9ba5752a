"""The names of an attempt in Airflow, in an address, and in the store."""

from __future__ import annotations

import pytest

from airflow_spark_guard.plugins.place import TRY, Task, id_of
from airflow_spark_guard.process.record_folder import record_folder


@pytest.mark.parametrize("run_id", ["manual__2026-11-30T06:00:00+00:00", "a/b", "..", "<b>", "é", "r" * 300])
def test_ids_lead_to_the_folder_that_the_attempt_writes(tmp_path, run_id):
    """Also by what the list has read from the store."""
    task = Task.of_ids("etl", run_id, "train", 4)
    expected = record_folder(tmp_path, "etl", run_id, "train", 4, 2)
    assert task.folder(tmp_path) / task.try_name(2) == expected
    shown = task.shown()
    again = Task.of_ids(shown["dag_id"], shown["run_id"], shown["task_id"], shown["map_index"])
    assert again == task


def test_no_name_leaves_the_root(tmp_path):
    """Whatever the address says."""
    for bad in ("../../etc", "/etc", ".", "..", "a\x00b", "%2e%2e", "x" * 80 + "~" + "a" * 32 + "/.."):
        folder = Task.of_ids(bad, bad, bad).folder(tmp_path)
        assert folder.resolve().is_relative_to(tmp_path)
        assert len(folder.parts) == len(tmp_path.parts) + 3


def test_shown_names_are_printable():
    """One line."""
    assert id_of("a%0Ab%1B") == "a\nb\x1b"
    assert Task("a%0Ab%1B", "r", "t").shown()["dag"] == "a b"


@pytest.mark.parametrize(("name", "found"), [("try-3", (None, "3")), ("map-0-try-12", ("0", "12"))])
def test_folders_of_tries_are_recognised(name, found):
    """Those moved aside are not."""
    assert TRY.fullmatch(name).groups() == found
    assert TRY.fullmatch(f"{name}.previous") is None
