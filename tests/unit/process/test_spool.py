"""A record on its way to a store: written here, shown as there."""

from __future__ import annotations

from pathlib import Path

from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.process.record import NoRecord
from airflow_spark_guard.process.record_folder import record_folder
from airflow_spark_guard.process.spool import Spool, folder_of, open_record

ADDRESS = StoreAddress("s3://c@b/records")


def test_it_names_its_place_in_the_store_and_creates_nothing():
    spool = Spool.of(ADDRESS, lambda root: record_folder(root, "d", "r", "t", 2, 1))
    assert str(spool) == "s3://c@b/records/d/r/t/map-2-try-1"
    assert (spool.place, spool.folder) == ("d/r/t/map-2-try-1", spool.root / spool.place)
    assert not spool.root.exists()
    assert folder_of(spool) == spool.folder


def test_a_folder_is_its_own_place(tmp_path):
    assert folder_of(tmp_path) == tmp_path
    assert folder_of(None) is None
    with open_record(tmp_path / "r", 1000) as record:
        assert record.place == str(tmp_path / "r")
    assert isinstance(open_record(None, 1000), NoRecord)


def test_its_record_is_written_locally_and_shown_as_in_the_store(tmp_path):
    spool = Spool(record_folder(tmp_path, "d", "r", "t", -1, 1), ADDRESS)
    with open_record(spool, 1000) as record:
        assert (record.place, record.folder) == ("s3://c@b/records/d/r/t/try-1", spool.folder)
    assert Path(spool.folder, "output.log").exists()
