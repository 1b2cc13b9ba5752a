"""The local copy of a store: what readers look at, no more often than it has changed."""

from __future__ import annotations

import json
import time

import pytest

from airflow_spark_guard.process import mirror as module
from airflow_spark_guard.process.live_reader import read_live
from airflow_spark_guard.process.mirror import Mirror
from airflow_spark_guard.process.record_reader import read_record
from tests.support.object_stores import ROOT, Objects, object_store, put_stored

PLACE = "etl/r1/train/try-1"
RUNNING, ENDED = {"v": 1, "state": "running"}, {"v": 1, "state": "success"}


@pytest.fixture
def objects():
    return Objects()


@pytest.fixture
def mirror(objects, tmp_path):
    return Mirror(object_store(objects), tmp_path / "copy")


def gets(objects):
    return [path.removeprefix(f"{ROOT}/") for kind, path in objects.requests if kind == "get"]


def files(mirror):
    return sorted(str(path.relative_to(mirror.root)) for path in mirror.root.rglob("*") if path.is_file())


def test_a_look_copies_summaries_and_what_is_live_and_asks_for_nothing_twice(objects, mirror):
    """Two lists, and a request for each file that has changed."""
    put_stored(objects, PLACE, summary_json=RUNNING, live_json={"v": 1}, output_log="x" * 999)
    put_stored(objects, "etl/r1/train/try-2", summary_json=ENDED, live_json={"v": 1}, report_html="<p>")
    assert mirror.copy_all()
    assert files(mirror) == [f"{PLACE}/live.json", f"{PLACE}/summary.json", "etl/r1/train/try-2/summary.json"]
    assert read_record(mirror.root / PLACE).state == "running"
    assert abs(read_live(read_record(mirror.root / PLACE)).written - time.time()) < 60
    assert mirror.over == {"etl/r1/train/try-2"}
    objects.requests.clear()
    assert mirror.copy_all()
    assert gets(objects) == []
    put_stored(objects, PLACE, live_json={"v": 1, "at": 5})
    assert mirror.copy_all()
    assert gets(objects) == [f"{PLACE}/live.json"]


def test_a_record_that_has_gone_from_the_store_goes_with_its_empty_folders(objects, mirror):
    put_stored(objects, PLACE, summary_json=ENDED)
    put_stored(objects, "etl/r2/train/try-1", summary_json=ENDED)
    mirror.copy_all()
    objects.rm([f"{ROOT}/{PLACE}/summary.json"])
    mirror.copy_all()
    assert [path.name for path in (mirror.root / "etl").iterdir()] == ["r2"]
    assert mirror.over == {"etl/r2/train/try-1"}


def test_what_is_no_record_is_left_alone(objects, mirror):
    """Nothing leaves the folder of the copy."""
    for key in ("a/b/summary.json", "a/b/c/try-1/evil.sh", "x/../y/z/try-1/summary.json", "notes.txt"):
        objects.store[f"{ROOT}/{key}"] = _file(b"x")
    mirror.copy_all()
    assert not mirror.root.exists() or files(mirror) == []


def _file(data):
    from fsspec.implementations.memory import MemoryFile

    return MemoryFile(None, "x", data)


def test_a_record_that_may_not_be_read_is_there_and_the_others_are_read(objects, mirror):
    """If none may be read, it is the store."""
    put_stored(objects, PLACE, summary_json=ENDED)
    put_stored(objects, "etl/r2/train/try-1", summary_json=ENDED)
    objects.refuses = "r2/train/try-1/summary.json"
    assert mirror.copy_all()
    assert files(mirror) == [f"{PLACE}/summary.json"]
    assert (mirror.root / "etl/r2/train/try-1").is_dir()
    objects.refuses = ""
    mirror.copy_all()
    assert len(files(mirror)) == 2
    put_stored(objects, PLACE, summary_json=RUNNING)
    put_stored(objects, "etl/r2/train/try-1", summary_json=RUNNING)
    objects.refuses = "summary.json"
    with pytest.raises(PermissionError, match="Access Denied"):
        mirror.copy_all()


def test_a_huge_summary_is_not_copied(objects, mirror, monkeypatch):
    monkeypatch.setattr(module, "_SMALL", 100)
    put_stored(objects, PLACE, summary_json="x" * 101)
    assert mirror.copy_all()
    assert (gets(objects), (mirror.root / PLACE).is_dir()) == ([], True)


def test_beyond_the_limit_the_newest_are_copied_and_it_says_so(objects, mirror, monkeypatch):
    monkeypatch.setattr(module, "MOST", 2)
    for number in range(3):
        put_stored(objects, f"etl/r{number}/train/try-1", summary_json=ENDED)
        time.sleep(0.01)
    assert not mirror.copy_all()
    assert sorted(path.name for path in (mirror.root / "etl").iterdir()) == ["r1", "r2"]


def test_a_task_has_its_tries_with_requests_and_answers_and_the_names_of_reports(objects, mirror):
    """One list, and its small files."""
    put_stored(objects, PLACE, summary_json=ENDED, report_html="<p>" * 99, live_json={"v": 1})
    asked = f"request-{'0' * 32}"
    put_stored(objects, "etl/r1/train/try-2", **{"summary_json": RUNNING, f"{asked}_json": {"v": 1}})
    mirror.copy_task("etl/r1/train")
    assert (mirror.root / PLACE / "report.html").stat().st_size == 0
    assert (mirror.root / "etl/r1/train/try-2" / f"{asked}.json").exists()
    assert [kind for kind, _ in objects.requests if kind == "list"] == ["list"]
    objects.rm([f"{ROOT}/etl/r1/train/try-2/{asked}.json"])
    mirror.copy_task("etl/r1/train")
    assert not (mirror.root / "etl/r1/train/try-2" / f"{asked}.json").exists()
    objects.rm([name for name in objects.store if PLACE in name])
    mirror.copy_task("etl/r1/train")
    assert not (mirror.root / PLACE).exists()


def test_a_large_file_is_fetched_once_and_room_is_made_for_others(objects, mirror, monkeypatch):
    monkeypatch.setattr(module, "_MOST_LARGE", 150)
    put_stored(objects, PLACE, summary_json=ENDED, report_html="x" * 100, autopsy_txt="y" * 100)
    mirror.copy_task("etl/r1/train")
    mirror.fetch(PLACE, "report.html")
    mirror.fetch(PLACE, "report.html")
    assert (mirror.root / PLACE / "report.html").read_text() == "x" * 100
    assert gets(objects).count(f"{PLACE}/report.html") == 1
    mirror.fetch(PLACE, "autopsy.txt")
    assert not (mirror.root / PLACE / "report.html").exists()
    mirror.fetch(PLACE, "traceback.txt")
    assert not (mirror.root / PLACE / "traceback.txt").exists()


def test_a_request_is_sent_once_and_one_that_is_refused_is_withdrawn(objects, mirror):
    put_stored(objects, PLACE, summary_json=RUNNING)
    mirror.copy_task("etl/r1/train")
    name = f"request-{'0' * 32}.json"
    (mirror.root / PLACE / name).write_text(json.dumps({"v": 1}))
    mirror.send_requests("etl/r1/train")
    mirror.send_requests("etl/r1/train")
    assert [path for kind, path in objects.requests if kind == "put"][1:] == [f"{ROOT}/{PLACE}/{name}"]
    other = mirror.root / PLACE / f"request-{'1' * 32}.json"
    other.write_text("{}")
    objects.error = PermissionError("Access Denied")
    with pytest.raises(PermissionError):
        mirror.send_requests("etl/r1/train")
    assert not other.exists()


def test_a_damaged_summary_is_copied_as_it_is(objects, mirror):
    """The page says what is wrong with it."""
    put_stored(objects, PLACE, summary_json="{not json")
    mirror.copy_all()
    assert "is damaged" in read_record(mirror.root / PLACE).trouble[0]
    assert mirror.over == set()
