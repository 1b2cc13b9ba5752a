"""The page of an attempt in its record."""

import stat
import threading

from airflow_spark_guard.report import writing
from airflow_spark_guard.report.writing import NAME, path_of, write_report
from tests.support.reports import write_record


def test_the_page_stands_beside_the_summary_and_is_private(tmp_path):
    folder = write_record(tmp_path / "flights" / "manual__1" / "train" / "try-1")
    assert write_report(folder) == ""
    assert "flights / manual__1 / train / try-1" in (folder / NAME).read_text()
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["observations.jsonl", NAME, "summary.json"]


def test_an_older_page_is_replaced(tmp_path):
    folder = write_record(tmp_path)
    (folder / NAME).write_text("old")
    assert write_report(folder) == ""
    assert (folder / NAME).read_text().startswith("<!doctype html>")


def test_what_is_no_record_is_said_and_not_raised(tmp_path):
    assert write_report(tmp_path / "none").startswith("The report could not be made: RecordError: ")


def test_a_link_is_not_followed(tmp_path):
    folder = write_record(tmp_path / "real")
    (tmp_path / "link").symlink_to(folder)
    assert write_report(tmp_path / "link") != ""
    assert not (folder / NAME).exists()


def test_what_hangs_costs_the_budget_and_no_more(tmp_path, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(writing, "page", lambda _: released.wait(60) and "")
    assert write_report(write_record(tmp_path), 0.1) == "The report was not made within 0.1 s."
    released.set()


def test_a_fault_of_ours_is_a_sentence(tmp_path, monkeypatch):
    folder = write_record(tmp_path)
    monkeypatch.setattr(writing, "page", lambda _: 1 / 0)
    assert write_report(folder) == "The report could not be made: ZeroDivisionError: division by zero."


def test_names_are_those_of_airflow_again(tmp_path):
    assert (
        path_of(tmp_path / "d" / "manual__a%2Fb" / "t" / "map-0-try-2") == "d / manual__a/b / t / map-0-try-2"
    )
